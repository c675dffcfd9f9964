"""Modules dealing with the global index-space view of DistArrays: the view from the client."""
