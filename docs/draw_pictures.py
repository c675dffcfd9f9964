"""The pictures of the user guide, drawn by the package that they document."""

import itertools

import matplotlib

matplotlib.use("agg")


def draw_pictures(folder):
    """Draw one array in every kind of distribution."""
    import distarray
    from distarray.globalapi import Distribution
    from distarray.plotting import plot_array_distribution

    folder.mkdir(parents=True, exist_ok=True)
    shape = 8, 12
    rows = [[0, 3, 5, 6], [1, 2, 4, 7]]
    columns = [[0, 1, 5, 8, 10, 11], [2, 3, 4, 6, 7, 9]]
    with distarray.Context(nengines=4) as context:
        distributions = {
            "block": Distribution(context, shape, dist="bb", grid_shape=(2, 2)),
            "rows": Distribution(context, shape, dist="bn"),
            "cyclic": Distribution(context, shape, dist="cc", grid_shape=(2, 2)),
            "block-cyclic": Distribution.from_global_dim_data(
                context,
                tuple(
                    {"dist_type": "c", "size": size, "proc_grid_size": 2, "block_size": 2}
                    for size in shape
                ),
            ),
            "unstructured": Distribution.from_global_dim_data(
                context,
                (
                    {"dist_type": "u", "indices": rows},
                    {"dist_type": "u", "indices": columns},
                ),
            ),
        }
        for name, distribution in distributions.items():
            array = context.fromfunction(lambda i, j: i * shape[1] + j, distribution, dtype=int)
            plot_array_distribution(
                array,
                list(itertools.product(*map(range, distribution.grid_shape))),
                title=name,
                yflip=True,
                legend=True,
                global_plot_filename=folder / f"{name}.png",
                local_plot_filename=folder / f"{name}-pieces.png",
            )
