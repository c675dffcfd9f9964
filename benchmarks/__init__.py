"""Times of DistArray as ratios against NumPy's: ``python -m benchmarks --help``.

A workload is a function that prepares a :class:`~benchmarks.harness.Case`: the same computation for
NumPy, for DistArray, and for any other package that it wants to be compared with. Add one to a
module of :mod:`benchmarks.workloads`, and it is measured, checked and reported with the rest.
"""
