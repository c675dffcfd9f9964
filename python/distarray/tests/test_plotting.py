"""Pictures of distributions."""

import itertools
import subprocess
import sys

import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")
from matplotlib import pyplot  # noqa: E402  (after the choice of a backend)

from distarray.globalapi import Context, Distribution  # noqa: E402
from distarray.plotting import (  # noqa: E402
    cmap_discretize,
    create_discrete_colormaps,
    get_ranks,
    plot_array_distribution,
    plot_local_array_subfigure,
)

PNG = b"\x89PNG"


@pytest.fixture(scope="module")
def context():
    with Context(nengines=6) as context:
        yield context


@pytest.fixture(autouse=True)
def no_figures_left():
    yield
    pyplot.close("all")


def block(*bounds):
    return {"dist_type": "b", "bounds": list(bounds)}, list(itertools.pairwise(bounds))


def cyclic(size, places, block_size=1):
    dim_dict = {
        "dist_type": "c",
        "size": size,
        "proc_grid_size": places,
        "block_size": block_size,
    }
    return dim_dict, [
        [index for index in range(size) if index // block_size % places == place]
        for place in range(places)
    ]


def unstructured(*pieces):
    return {"dist_type": "u", "indices": [list(piece) for piece in pieces]}, pieces


def undistributed(size):
    return {"dist_type": "n", "size": size}, [range(size)]


AXES = {
    "block": [block(0, 3, 8)],
    "block with an empty piece": [block(0, 3, 3, 5)],
    "cyclic": [cyclic(7, 3)],
    "block-cyclic": [cyclic(11, 2, 2)],
    "unstructured": [unstructured([4, 0], [1, 3, 2])],
    "block, block": [block(0, 4, 8), block(0, 5, 12)],
    "cyclic, undistributed": [cyclic(5, 4), undistributed(3)],
    "block-cyclic, cyclic": [cyclic(8, 3, 2), cyclic(6, 2)],
    "unstructured, unstructured": [
        unstructured([3, 1], [0, 2]),
        unstructured([0, 4], [5, 1, 2], [3]),
    ],
}


def make(context, axes):
    """Return an array, the ranks of its elements by brute force, and the grid's coordinates."""
    distribution = Distribution.from_global_dim_data(context, tuple(axis[0] for axis in axes))
    pieces = [
        [range(*piece) if isinstance(piece, tuple) else piece for piece in axis[1]] for axis in axes
    ]
    coords = list(itertools.product(*(range(len(axis)) for axis in pieces)))
    ranks = np.full(distribution.shape, -1)
    for rank, coord in enumerate(coords):
        ranks[np.ix_(*(axis[place] for axis, place in zip(pieces, coord, strict=True)))] = rank
    values = np.arange(ranks.size, dtype=float).reshape(ranks.shape)
    return context.fromarray(values, distribution=distribution), ranks, coords


@pytest.mark.parametrize("axes", AXES.values(), ids=AXES)
def test_both_pictures_are_written_and_the_ranks_returned(context, axes, tmp_path):
    array, ranks, coords = make(context, axes)
    files = tmp_path / "global.png", tmp_path / "local.png"
    out = plot_array_distribution(
        array,
        coords,
        title="title",
        xlabel="x",
        ylabel="y",
        legend=True,
        global_plot_filename=str(files[0]),
        local_plot_filename=str(files[1]),
    )
    np.testing.assert_array_equal(out.toarray(), ranks)
    assert out.distribution.is_compatible(array.distribution)
    assert [file.read_bytes()[:4] for file in files] == [PNG, PNG]
    assert pyplot.get_fignums() == []


@pytest.mark.parametrize("yflip", [False, True])
def test_an_unnamed_picture_is_the_current_figure(context, yflip):
    array, ranks, coords = make(context, AXES["block, block"])
    plot_array_distribution(array, coords, title="title", yflip=yflip)
    axes = pyplot.gca()
    np.testing.assert_array_equal(axes.images[0].get_array(), ranks)
    assert axes.get_title() == "title"
    assert axes.yaxis_inverted() == yflip
    assert [text.get_text() for text in axes.texts][:3] == ["0", "1", "2"]


def test_cells_have_no_labels_unless_asked(context):
    array, _, coords = make(context, AXES["cyclic"])
    plot_array_distribution(array, coords, cell_label=False)
    assert not pyplot.gca().texts


def test_further_arguments_reach_imshow(context):
    array, _, coords = make(context, AXES["cyclic"])
    plot_array_distribution(array, coords, alpha=0.25)
    assert pyplot.gca().images[0].get_alpha() == 0.25


@pytest.mark.parametrize("shape", [(), (2, 2, 2)])
def test_other_numbers_of_axes_are_refused(context, shape):
    with pytest.raises(ValueError, match="1D and 2D"):
        plot_array_distribution(context.zeros(shape), [(0,)])


def test_get_ranks_can_be_registered(context):
    array, ranks, _ = make(context, AXES["unstructured"])
    context.register(get_ranks)
    np.testing.assert_array_equal(context.get_ranks(array).toarray(), ranks)
    np.testing.assert_array_equal(get_ranks(array).toarray(), ranks)


def test_a_piece_may_be_a_numpy_array():
    _, axes = pyplot.subplots()
    plot_local_array_subfigure(axes, np.ones((2, 3)), 1, (0, 1), create_discrete_colormaps(2))
    np.testing.assert_array_equal(axes.images[0].get_array(), np.ones((2, 3)))
    assert axes.get_title() == "rank 1 at (0, 1)"


@pytest.mark.parametrize("number", [1, 2, 10, 11, 20, 21, 100])
def test_each_value_has_its_own_color(number):
    cmap, norm, text_colors = create_discrete_colormaps(number)
    colors = cmap(norm(np.arange(number)))
    assert len({tuple(color) for color in colors}) == number
    assert len(text_colors) == number
    assert set(text_colors) <= {"black", "white"}


def test_a_discrete_colormap_has_the_colors_of_its_model():
    continuous = matplotlib.colormaps["jet"]
    for given in "jet", continuous:
        discrete = cmap_discretize(given, 4)
        assert discrete.N == 4
        np.testing.assert_allclose(discrete(range(4)), continuous(np.linspace(0, 1, 4)))


def test_without_matplotlib_an_import_error_says_what_to_install():
    program = "import sys; sys.modules['matplotlib'] = None; import distarray.plotting"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode != 0
    assert "ImportError" in done.stderr
    assert "distarray[plot]" in done.stderr
