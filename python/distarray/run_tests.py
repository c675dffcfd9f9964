"""Functions for running DistArray's tests; ``python -m distarray.run_tests`` runs them all."""

import sys

from distarray import test

__all__ = ["test"]

if __name__ == "__main__":
    sys.exit(test(*sys.argv[1:]))
