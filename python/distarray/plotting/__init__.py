"""Plotting functions for distarrays.

They need matplotlib: ``pip install 'distarray[plot]'``.
"""

from distarray.plotting.plotting import (
    cmap_discretize,
    create_discrete_colormaps,
    get_ranks,
    plot_array_distribution,
    plot_local_array_subfigure,
    plot_local_arrays,
)

__all__ = [
    "cmap_discretize",
    "create_discrete_colormaps",
    "get_ranks",
    "plot_array_distribution",
    "plot_local_array_subfigure",
    "plot_local_arrays",
]
