"""Run a program, but not for ever: ``python -m distarray.tests.patient -m module | -c text``.

When it takes longer than ``DISTARRAY_TEST_PATIENCE`` seconds, the stacks of its threads are
printed, and it ends.
"""

import faulthandler
import os
import runpy
import sys

if __name__ == "__main__":
    faulthandler.dump_traceback_later(float(os.environ["DISTARRAY_TEST_PATIENCE"]), exit=True)
    _, kind, program, *arguments = sys.argv
    sys.argv = [program, *arguments]
    if kind == "-m":
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    else:
        exec(compile(program, "<program>", "exec"), {"__name__": "__main__"})
    faulthandler.cancel_dump_traceback_later()
