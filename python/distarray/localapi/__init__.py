"""Modules dealing with the local index-space view of DistArrays: the view from an engine."""
