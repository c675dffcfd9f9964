"""A picture of which engine holds what, for notebooks."""

from __future__ import annotations

import itertools
from html import escape
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from distarray import _core
    from distarray.globalapi._handle import Handle

__all__ = ["draw"]

# The picture's longer side, and the least of the shorter one, in pixels.
_SIDE = 260
_LEAST_SIDE = 36
# Of an axis whose pieces are interleaved, so many indices are drawn.
_INDICES = 24
# Colors of light and of dark backgrounds alike, unlike each other between neighbours.
_COLORS = (
    "#4e79a7",
    "#f28e2b",
    "#59a14f",
    "#e15759",
    "#76b7b2",
    "#edc948",
    "#b07aa1",
    "#ff9da7",
    "#9c755f",
    "#bab0ac",
)


class _Run(NamedTuple):
    """Neighbouring indices of one axis that live on one place."""

    start: int
    stop: int
    place: int


def draw(array: Handle) -> str:
    """Return HTML for an array: a table of facts beside a picture of its distribution.

    Examples
    --------
    >>> import distarray as da
    >>> context = da.Context(nengines=2)
    >>> draw(context.zeros((4, 6))).count("<rect")
    2
    >>> context.close()
    """
    core = array._array.distribution
    axes = _drawn_axes(core)
    facts = {
        "shape": str(array.shape),
        "dtype": str(array.dtype),
        "size": _size(array.size * array.dtype.itemsize),
        "dist": str(core.dist),
        "grid": str(core.grid_shape),
        "engines": ", ".join(map(str, core.targets)),
    }
    rows = "".join(
        f'<tr><th style="text-align: left">{key}</th><td style="text-align: left">'
        f"{escape(value)}</td></tr>"
        for key, value in facts.items()
    )
    caption = _caption(core, axes)
    return (
        '<table><tr><td style="vertical-align: top">'
        f"<table>{rows}</table></td>"
        f'<td style="text-align: center">{_picture(core, axes)}'
        f'<div style="font-size: 80%">{escape(caption)}</div></td></tr></table>'
    )


def _drawn_axes(core: _core.Distribution) -> tuple[int, ...]:
    """Return the one or two axes to draw: distributed ones first, then the last ones."""
    distributed = [axis for axis, size in enumerate(core.grid_shape) if size > 1]
    others = [axis for axis in reversed(range(core.ndim)) if axis not in distributed]
    return tuple(sorted((distributed + others)[:2]))


def _runs(axis_map: _core.AxisMap) -> list[_Run]:
    """Return who holds what along an axis; of interleaved pieces only the first indices."""
    if axis_map.dist in ("b", "n"):
        return [
            _Run(start, stop, place)
            for place, (start, stop) in enumerate(axis_map.bounds)
            if stop > start
        ]
    runs: list[_Run] = []
    for index in range(min(axis_map.size, _INDICES)):
        place = axis_map.owners(index)[0]
        if runs and runs[-1].place == place:
            runs[-1] = runs[-1]._replace(stop=index + 1)
        else:
            runs.append(_Run(index, index + 1, place))
    return runs


def _caption(core: _core.Distribution, axes: tuple[int, ...]) -> str:
    """Say what the picture leaves out."""
    notes = []
    for axis in axes:
        runs = _runs(core.maps[axis])
        size = core.shape[axis]
        if runs and runs[-1].stop < size:
            notes.append(f"the first {runs[-1].stop} of {size} indices of axis {axis}")
    if core.ndim > len(axes):
        hidden = [axis for axis in range(core.ndim) if axis not in axes]
        shown = " and ".join(map(str, axes))
        if any(core.grid_shape[axis] > 1 for axis in hidden):
            notes.append(f"axes {shown}, at index 0 of the others")
        else:
            notes.append(f"axes {shown}")
    return "; ".join(notes)


def _picture(core: _core.Distribution, axes: tuple[int, ...]) -> str:
    """Return an SVG with a rectangle for each part that one engine holds."""
    runs = [_runs(core.maps[axis]) for axis in axes]
    if len(runs) < 2:
        # A row of one axis, and one cell of none.
        runs = [[_Run(0, 1, 0)]] * (2 - len(runs)) + runs
    lengths = [max((run.stop for run in along), default=0) for along in runs]
    # In the proportions of the whole, also where only the first indices are drawn.
    sides = [1] * (2 - len(axes)) + [core.shape[axis] for axis in axes]
    height, width = _sides(sides[0], sides[1], is_row=len(axes) < 2)
    cells = []
    for row, column in itertools.product(*runs):
        engine = _engine(core, axes, (row.place, column.place))
        top, bottom = (height * edge / lengths[0] for edge in (row.start, row.stop))
        left, right = (width * edge / lengths[1] for edge in (column.start, column.stop))
        color = _COLORS[engine % len(_COLORS)]
        cells.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
            f'height="{bottom - top:.1f}" fill="{color}" stroke="white">'
            f"<title>engine {engine}</title></rect>"
        )
        if right - left >= 14 and bottom - top >= 14:
            cells.append(
                f'<text x="{(left + right) / 2:.1f}" y="{(top + bottom) / 2:.1f}" '
                'fill="white" font-size="11" text-anchor="middle" dominant-baseline="central">'
                f"{engine}</text>"
            )
    return (
        f'<svg width="{width + 2}" height="{height + 2}" viewBox="-1 -1 {width + 2} {height + 2}">'
        f"{''.join(cells)}</svg>"
    )


def _sides(rows: int, columns: int, is_row: bool) -> tuple[int, int]:
    """Return the picture's height and width, in the proportion of the lengths as far as it fits."""
    if is_row:
        return _LEAST_SIDE, _SIDE
    scale = _SIDE / max(rows, columns, 1)
    return max(round(rows * scale), _LEAST_SIDE), max(round(columns * scale), _LEAST_SIDE)


def _engine(core: _core.Distribution, axes: tuple[int, ...], places: tuple[int, int]) -> int:
    """Return the engine at the places of the drawn axes, and at the first of all others."""
    coordinates = [0] * core.ndim
    for axis, place in zip(reversed(axes), reversed(places), strict=False):
        coordinates[axis] = place
    if not coordinates:
        return core.targets[0]
    return core.targets[int(np.ravel_multi_index(coordinates, core.grid_shape))]


def _size(size: float) -> str:
    """Return a number of bytes for people."""
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError("the largest unit takes all sizes")
