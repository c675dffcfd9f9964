"""Linear algebra of DistArrays: functions of ``numpy.linalg``, which take DistArrays.

The norm of each row, for example:

>>> import distarray as da
>>> context = da.Context(nengines=2)
>>> a = context.fromarray([[3.0, 4.0], [5.0, 12.0]])
>>> print(da.linalg.norm(a, axis=1))
[ 5. 13.]
>>> context.close()
"""

from numpy.linalg import norm

__all__ = ["norm"]
