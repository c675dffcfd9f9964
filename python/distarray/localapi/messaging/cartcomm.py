"""Cartcomm: engines arranged in a grid."""

from collections.abc import Sequence
from math import prod

from distarray._core import Communicator
from distarray.error import InvalidRankError
from distarray.localapi.messaging.constants import PROC_NULL
from distarray.localapi.messaging.intracomm import Intracomm


class Cartcomm(Intracomm):
    """A communicator whose ranks are the places of a grid, in C order.

    Made by `Intracomm.Create_cart`.

    Parameters
    ----------
    handle : Communicator or None
        What moves the bytes; None on ranks outside the grid.
    dims : sequence of int
        The shape of the grid.
    periods : sequence of bool
        For each axis, whether its ends are neighbours.
    """

    def __init__(
        self, handle: Communicator | None, dims: Sequence[int], periods: Sequence[bool]
    ) -> None:
        super().__init__(handle)
        self._dims = list(dims)
        self._periods = list(periods)

    def Get_dim(self) -> int:
        """Return the number of axes of the grid."""
        return len(self._dims)

    @property
    def dim(self) -> int:
        """The number of axes of the grid."""
        return len(self._dims)

    ndim = dim

    @property
    def dims(self) -> list[int]:
        """The shape of the grid."""
        return list(self._dims)

    @property
    def periods(self) -> list[bool]:
        """For each axis, whether its ends are neighbours."""
        return list(self._periods)

    @property
    def coords(self) -> list[int]:
        """The place of this rank."""
        return self.Get_coords(self.rank)

    def Get_topo(self) -> tuple[list[int], list[bool], list[int]]:
        """Return the shape of the grid, its periods and the place of this rank."""
        return (self.dims, self.periods, self.coords)

    @property
    def topo(self) -> tuple[list[int], list[bool], list[int]]:
        """The shape of the grid, its periods and the place of this rank."""
        return self.Get_topo()

    def Get_coords(self, rank: int) -> list[int]:
        """Return the place of a rank."""
        if not 0 <= rank < prod(self._dims):
            raise InvalidRankError(f"rank {rank} is not in a grid of shape {tuple(self._dims)}")
        coords = []
        for length in reversed(self._dims):
            rank, place = divmod(rank, length)
            coords.append(place)
        return coords[::-1]

    def Get_cart_rank(self, coords: Sequence[int]) -> int:
        """Return the rank at a place; places wrap around along periodic axes."""
        if len(coords) != len(self._dims):
            raise ValueError(f"{len(coords)} coordinates for a grid of {len(self._dims)} axes")
        rank = 0
        for place, length, periodic in zip(coords, self._dims, self._periods, strict=True):
            if periodic:
                place %= length
            elif not 0 <= place < length:
                raise InvalidRankError(
                    f"{tuple(coords)} is outside the grid of shape {tuple(self._dims)}"
                )
            rank = rank * length + place
        return rank

    def Shift(self, direction: int, disp: int) -> tuple[int, int]:
        """Return the ranks to receive from and to send to, for a shift along an axis."""
        if not 0 <= direction < len(self._dims):
            raise ValueError(f"axis {direction} of a grid of {len(self._dims)} axes")
        return (self._neighbour(direction, -disp), self._neighbour(direction, disp))

    def _neighbour(self, direction: int, distance: int) -> int:
        coords = self.coords
        coords[direction] += distance
        try:
            return self.Get_cart_rank(coords)
        except InvalidRankError:
            return PROC_NULL

    def Sub(self, remain_dims: Sequence[bool]) -> "Cartcomm":
        """Make a communicator for each slice of the grid that keeps the named axes."""
        if len(remain_dims) != len(self._dims):
            raise ValueError(f"{len(remain_dims)} flags for a grid of {len(self._dims)} axes")
        slices = 0
        for place, length, kept in zip(self.coords, self._dims, remain_dims, strict=True):
            slices = slices if kept else slices * length + place
        handle = self.handle.split(slices, self.rank)
        axes = [axis for axis, kept in enumerate(remain_dims) if kept]
        return Cartcomm(
            handle, [self._dims[axis] for axis in axes], [self._periods[axis] for axis in axes]
        )

    def Dup(self) -> "Cartcomm":
        """Make another communicator of the same grid."""
        return Cartcomm(self.handle.split(0, self.rank), self._dims, self._periods)

    Clone = Dup
