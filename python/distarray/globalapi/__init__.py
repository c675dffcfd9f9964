"""Modules dealing with the global index-space view of DistArrays: the view from the client."""

from distarray.globalapi import functions
from distarray.globalapi.context import Context, ContextCreationError
from distarray.globalapi.distarray import DistArray
from distarray.globalapi.functions import *  # noqa: F403 (NumPy's ufuncs are names of ours)
from distarray.globalapi.maps import Distribution

__all__ = ["Context", "ContextCreationError", "DistArray", "Distribution"]
__all__ += functions.__all__
