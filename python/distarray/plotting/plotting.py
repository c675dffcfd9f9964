"""Plotting functions for distarrays.

:func:`plot_array_distribution` draws which process holds which element of a one- or
two-dimensional array: as one picture of the whole array, and as one of the pieces side by side,
laid out as the process grid is.
"""

import itertools
from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import numpy as np

from distarray.globalapi.distarray import DistArray
from distarray.localapi.localarray import LocalArray

try:
    import matplotlib
except ImportError as error:
    raise ImportError(
        "distarray.plotting needs matplotlib: pip install 'distarray[plot]'"
    ) from error
from matplotlib import pyplot
from matplotlib.colors import BoundaryNorm, Colormap, ListedColormap, Normalize

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

__all__ = [
    "cmap_discretize",
    "create_discrete_colormaps",
    "get_ranks",
    "plot_array_distribution",
    "plot_local_array_subfigure",
    "plot_local_arrays",
]

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
ColormapObjects: TypeAlias = tuple[Colormap, Normalize, Array]
Filename: TypeAlias = str | PathLike[str]

# A figure grows with the cells that it shows, between these sides in inches.
_SMALLEST_SIDE = 2.0
_LARGEST_SIDE = 12.0
_INCHES_PER_CELL = 0.4
_INCHES_PER_LETTER = 0.11
# As wide as the title of a piece.
_CELLS_OF_TITLE = 3
# Up to this many cells along a side, lines part the cells.
_CELLS_WITH_LINES = 64


def cmap_discretize(cmap: Colormap | str, N: int) -> ListedColormap:
    """Create a discrete colormap from the continuous colormap `cmap`.

    Parameters
    ----------
    cmap : colormap instance, or string
        The continuous colormap, as object or name, to make discrete.
        For example, ``matplotlib.cm.jet``, or ``'jet'``.
    N : int
        The number of discrete colors desired.

    Returns
    -------
    colormap
        The desired discrete colormap.

    Examples
    --------
    >>> viridis = cmap_discretize("viridis", 5)
    >>> viridis.N
    5
    """
    if isinstance(cmap, str):
        cmap = matplotlib.colormaps[cmap]
    return ListedColormap(cmap(np.linspace(0.0, 1.0, N)), name=f"{cmap.name}_{N}")


def create_discrete_colormaps(num_values: int) -> tuple[ListedColormap, BoundaryNorm, Array]:
    """Create colormap objects for a discrete colormap.

    Parameters
    ----------
    num_values : int
        The number of distinct colors to use.

    Returns
    -------
    cmap, norm, text_colors : tuple
        The matplotlib colormap, norm, and recommended text colors. `text_colors` is an array of
        length `num_values`, with each entry being a nice color for text drawn on top of the
        colormap selection.

    Examples
    --------
    >>> cmap, norm, text_colors = create_discrete_colormaps(3)
    >>> cmap.N, [int(norm(rank)) for rank in range(3)], len(text_colors)
    (3, [0, 1, 2], 3)
    """
    # Neighbouring ranks should differ at a glance: a palette of unlike colors, for as long as one
    # has enough of them.
    for name, available in ("tab10", 10), ("tab20", 20):
        if num_values <= available:
            colors = matplotlib.colormaps[name](np.arange(num_values))
            cmap = ListedColormap(colors, name=f"{name}_{num_values}")
            break
    else:
        cmap = cmap_discretize("turbo", num_values)
    norm = BoundaryNorm(np.arange(num_values + 1) - 0.5, num_values)
    red, green, blue, _ = cmap(np.arange(num_values)).T
    luminance = 0.299 * red + 0.587 * green + 0.114 * blue
    return cmap, norm, np.where(luminance > 0.5, "black", "white")


@overload
def get_ranks(arr: DistArray) -> DistArray: ...
@overload
def get_ranks(arr: LocalArray) -> LocalArray: ...
def get_ranks(arr: DistArray | LocalArray) -> DistArray | LocalArray:
    """Return an array like `arr` whose elements are the rank of the process that they are on.

    Parameters
    ----------
    arr : DistArray or LocalArray
        The array. With a LocalArray, as on an engine when the function is registered on a
        context, it works on that piece alone.

    Returns
    -------
    DistArray or LocalArray
        The ranks, with the distribution of `arr`.

    Examples
    --------
    >>> import distarray
    >>> context = distarray.Context(nengines=2)
    >>> get_ranks(context.zeros((5,))).toarray()
    array([0, 0, 0, 1, 1])
    >>> context.close()
    """
    if isinstance(arr, DistArray):
        ranks = DistArray(arr.distribution, dtype=int)
        arr.context.apply(_fill_with_rank, args=(ranks,), targets=arr.targets)
        return ranks
    local_ranks = LocalArray(arr.distribution, dtype=int)
    _fill_with_rank(local_ranks)
    return local_ranks


def _fill_with_rank(local_array: LocalArray) -> None:
    local_array.fill(local_array.comm_rank)


def plot_array_distribution(
    darray: DistArray,
    process_coords: Sequence[tuple[int, ...]],
    title: str | None = None,
    xlabel: str | None = None,
    ylabel: str | None = None,
    yflip: bool = False,
    cell_label: bool = True,
    legend: bool = False,
    global_plot_filename: Filename | None = None,
    local_plot_filename: Filename | None = None,
    *args: Any,
    **kwargs: Any,
) -> DistArray:
    """Plot a distarray's memory layout. It can be 1D or 2D.

    Elements are colored according to the process they are on.

    Parameters
    ----------
    darray : DistArray
        The distributed array to plot.
    process_coords : list of tuples
        The process grid coordinates, by rank.
    title : string
        Text label for the plot title, or None.
    xlabel : string
        Text label for the x-axis, or None.
    ylabel : string
        Text label for the y-axis, or None.
    yflip : bool
        If True, then the y-axis increases downwards, to match the layout when printing the array
        itself.
    cell_label : bool
        If True, then each cell in the plot is labeled with the array value. This can look
        cluttered for large arrays.
    legend : bool
        If True, then a colorbar legend is drawn to label the colors.
    global_plot_filename : string
        Output filename for the global array plot image. Without one, the plot stays open as
        pyplot's current figure.
    local_plot_filename : string
        Output filename for the local array plot image.
    *args, **kwargs
        Passed on to :meth:`matplotlib.axes.Axes.imshow`.

    Returns
    -------
    out : DistArray
        The process assignment array, as a DistArray.

    Examples
    --------
    >>> import distarray, itertools
    >>> context = distarray.Context(nengines=4)
    >>> array = context.zeros((4, 6))
    >>> coords = list(itertools.product(*map(range, array.grid_shape)))
    >>> out = plot_array_distribution(array, coords, title="two blocks")
    >>> out.distribution is array.distribution
    True
    >>> pyplot.close()
    >>> context.close()
    """
    if darray.ndim not in (1, 2):
        raise ValueError(f"only 1D and 2D arrays can be plotted, and this has {darray.ndim} axes")
    ranks = get_ranks(darray)
    colormap_objects = create_discrete_colormaps(len(process_coords))
    values = _as_rows(darray.toarray())

    labels = values if cell_label else None
    figure, axes = pyplot.subplots(figsize=_figure_size(values.shape, labels), layout="constrained")
    image = _draw_cells(
        axes,
        _as_rows(ranks.toarray()),
        labels,
        colormap_objects,
        yflip,
        *args,
        **kwargs,
    )
    if darray.ndim == 1:
        axes.set_yticks([])
    if title is not None:
        axes.set_title(title)
    if xlabel is not None:
        axes.set_xlabel(xlabel)
    if ylabel is not None:
        axes.set_ylabel(ylabel)
    if legend and image is not None:
        colorbar = figure.colorbar(image, ax=axes, ticks=range(len(process_coords)))
        colorbar.set_label("rank")
    if global_plot_filename is not None:
        _save(figure, global_plot_filename)

    if local_plot_filename is not None:
        plot_local_arrays(
            darray,
            process_coords,
            colormap_objects,
            local_plot_filename,
            cell_label=cell_label,
            yflip=yflip,
        )
    return ranks


def plot_local_arrays(
    darray: DistArray,
    process_coords: Sequence[tuple[int, ...]],
    colormap_objects: ColormapObjects,
    filename: Filename,
    *,
    cell_label: bool = True,
    yflip: bool = False,
) -> None:
    """Plot the local arrays as a multi-figure matplotlib plot.

    Parameters
    ----------
    darray : DistArray
        The distributed array to plot.
    process_coords : list of tuples
        The process grid coordinates, by rank: where in the figure each piece is drawn.
    colormap_objects : tuple
        What :func:`create_discrete_colormaps` returns.
    filename : string
        Output filename for the image.
    cell_label : bool
        If True, then each cell in the plot is labeled with the array value.
    yflip : bool
        If True, then the y-axes increase downwards, and so do the rows of the process grid.
    """
    # A process grid of one axis is drawn as a row, as a 1D array is.
    places = [(0, *coord)[-2:] for coord in process_coords]
    pieces = darray.get_ndarrays()
    # The same scale everywhere: rows and columns of the figure are as large as the pieces in them.
    heights = np.ones(1 + max(row for row, _ in places), int)
    widths = np.full(1 + max(column for _, column in places), _CELLS_OF_TITLE)
    for piece, (row, column) in zip(pieces, places, strict=True):
        height, width = _as_rows(piece).shape
        heights[row] = max(heights[row], height)
        widths[column] = max(widths[column], width)
    rows, columns = len(heights), len(widths)
    longest = max(pieces, key=np.size) if cell_label else None
    figure, all_axes = pyplot.subplots(
        rows,
        columns,
        figsize=_figure_size((sum(heights + 2), sum(widths + 2)), longest),
        squeeze=False,
        height_ratios=(heights if yflip else heights[::-1]).tolist(),
        width_ratios=widths.tolist(),
        layout="constrained",
    )
    for axes in all_axes.flat:
        axes.set_axis_off()
    for rank, (piece, (row, column)) in enumerate(zip(pieces, places, strict=True)):
        subfig = all_axes[row if yflip else rows - 1 - row, column]
        subfig.set_axis_on()
        plot_local_array_subfigure(
            subfig,
            piece,
            rank,
            process_coords[rank],
            colormap_objects,
            cell_label=cell_label,
            yflip=yflip,
        )
        margin = (widths[column] - _as_rows(piece).shape[1]) / 2
        subfig.set_xlim(-0.5 - margin, widths[column] - 0.5 - margin)
        subfig.set_ylim(-0.5, heights[row] - 0.5)
        if yflip:
            subfig.invert_yaxis()
        subfig.set_frame_on(False)
    _save(figure, filename)


def plot_local_array_subfigure(
    subfig: "Axes",
    local_array: LocalArray | Array,
    process: int,
    coord: tuple[int, ...],
    colormap_objects: ColormapObjects,
    *args: Any,
    cell_label: bool = True,
    yflip: bool = False,
    **kwargs: Any,
) -> None:
    """Plot a single local_array into a matplotlib subfigure.

    Parameters
    ----------
    subfig : matplotlib.axes.Axes
        Where to draw.
    local_array : LocalArray or ndarray
        The piece to draw.
    process : int
        The rank of the process that the piece is on.
    coord : tuple of int
        The place of that process in the process grid.
    colormap_objects : tuple
        What :func:`create_discrete_colormaps` returns.
    cell_label : bool
        If True, then each cell is labeled with the array value.
    yflip : bool
        If True, then the y-axis increases downwards.
    *args, **kwargs
        Passed on to :meth:`matplotlib.axes.Axes.imshow`.
    """
    piece = local_array.ndarray if isinstance(local_array, LocalArray) else local_array
    values = _as_rows(piece)
    place = ", ".join(map(str, coord))
    subfig.set_title(f"rank {process} at ({place})", fontsize="small")
    ranks = np.full(values.shape, process)
    image = _draw_cells(
        subfig, ranks, values if cell_label else None, colormap_objects, yflip, *args, **kwargs
    )
    if image is None:
        subfig.set_xticks([])
        subfig.set_yticks([])
        subfig.set_aspect("equal")
        subfig.text(0.5, 0.5, "empty", ha="center", va="center", transform=subfig.transAxes)
    elif piece.ndim == 1:
        subfig.set_yticks([])


def _as_rows(array: Array) -> Array:
    """Give a 1D array as the only row of a 2D one."""
    return array[np.newaxis, :] if array.ndim == 1 else array


def _draw_cells(
    axes: "Axes",
    ranks: Array,
    values: Array | None,
    colormap_objects: ColormapObjects,
    yflip: bool,
    *args: Any,
    **kwargs: Any,
) -> "AxesImage | None":
    """Draw one colored cell for each element of `ranks`, with `values` on them; None if empty."""
    if ranks.size == 0:
        return None
    cmap, norm, text_colors = colormap_objects
    style = {"cmap": cmap, "norm": norm, "interpolation": "nearest", **kwargs}
    image = axes.imshow(ranks, *args, origin="upper" if yflip else "lower", **style)
    rows, columns = ranks.shape
    axes.set_xticks(range(0, columns, _step(columns)))
    axes.set_yticks(range(0, rows, _step(rows)))
    if max(rows, columns) <= _CELLS_WITH_LINES:
        axes.hlines(np.arange(1, rows) - 0.5, -0.5, columns - 0.5, colors="white", linewidths=0.5)
        axes.vlines(np.arange(1, columns) - 0.5, -0.5, rows - 0.5, colors="white", linewidths=0.5)
    if values is not None:
        for (row, column), value in np.ndenumerate(values):
            axes.text(
                column,
                row,
                _cell_text(value),
                ha="center",
                va="center",
                fontsize="small",
                color=str(text_colors[ranks[row, column]]),
            )
    return image


def _step(cells: int) -> int:
    """Choose the distance between ticks: a 1, 2 or 5 times a power of ten."""
    step = 1
    for factor in itertools.cycle((2, 2.5, 2)):
        if cells <= 12 * step:
            break
        step = int(step * factor)
    return step


def _cell_text(value: Any) -> str:
    """Write a value short enough for a cell."""
    return f"{value:.3g}" if isinstance(value, float | complex | np.inexact) else str(value)


def _figure_size(cells: Sequence[int], labels: Array | None) -> tuple[float, float]:
    """Choose the (width, height) in inches for so many (rows, columns) that hold `labels`."""
    width_of_cell = _INCHES_PER_CELL
    if labels is not None and labels.size:
        longest = max(len(_cell_text(value)) for value in labels.flat)
        width_of_cell = max(width_of_cell, longest * _INCHES_PER_LETTER)
    sides = np.array([cells[1] * width_of_cell, cells[0] * width_of_cell]) + 1.0
    sides *= min(1.0, _LARGEST_SIDE / sides.max())
    width, height = np.maximum(sides, _SMALLEST_SIDE)
    return float(width), float(height)


def _save(figure: "Figure", filename: Filename) -> None:
    """Write a figure and forget it: pyplot keeps every figure that is not closed."""
    figure.savefig(filename, dpi=100)
    pyplot.close(figure)
