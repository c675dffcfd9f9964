"""The workloads, one module a family."""

from benchmarks.workloads import elementwise, latency, movement, reductions

WORKLOADS = [
    *elementwise.WORKLOADS,
    *reductions.WORKLOADS,
    *movement.WORKLOADS,
    *latency.WORKLOADS,
]
