"""Times and memory of DistArray beside NumPy and other packages: ``python -m benchmarks --help``.

A workload is written once, as for NumPy, in a module of :mod:`benchmarks.workloads`. An
implementation is a module of :mod:`benchmarks.peers`: it says how arrays are made and waited for,
and has programs of its own for what its users write in another way. Each implementation works in a
process of its own (:mod:`benchmarks.server`), and :mod:`benchmarks.measure` has them take turns.
"""
