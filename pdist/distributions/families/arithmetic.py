"""Arithmetic with a distribution and numbers: a + b X of a family that is closed under it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable
from ...backend import hooks, library_of


class Multiplied:
    """``c * d`` and ``d / c``, the distributions of c X and X/c.

    A family states ``_times(c)``, for a Variable c, and ``_mirrors``: whether c may be negative.
    """

    __array_ufunc__ = None  # NumPy's operators hand an array and a distribution over to the distribution
    _mirrors = False

    def _times(self, c: Variable) -> Any:
        raise NotImplementedError

    def _factor(self: Any, c: Any, what: str) -> Variable:
        """``c`` as a Variable; an error if it is of no use."""
        c = _floating(self, c, what, "factor")
        fits = c.array != 0 if self._mirrors else c.array > 0
        if not hooks.running and not fits.all():
            wrong = c.array[~fits].reshape(-1)[0]
            wanted = "a number other than 0" if self._mirrors else "a positive number"
            raise ValueError(f"{type(self).__name__}.{what}: factor is {wrong}; expected {wanted}")
        return c

    def __mul__(self, c: Any) -> Any:
        """The distribution of c X."""
        return self._times(self._factor(c, "__mul__")) if _is_number(c) else NotImplemented

    __rmul__ = __mul__

    def __truediv__(self, c: Any) -> Any:
        """The distribution of X/c."""
        return self._times(1 / self._factor(c, "__truediv__")) if _is_number(c) else NotImplemented


class Moved(Multiplied):
    """``d + c``, ``d - c`` and ``c - d`` too.

    A family states ``_plus(c)``.

    >>> import pdist.distributions as D
    >>> 2 * D.Normal(0.0, 1.0) + 3
    Normal(loc=3.0, scale=2.0)
    >>> 1 - D.Logistic(0.0, log_scale=0.5)
    Logistic(loc=1.0, log_scale=0.5)
    """

    def _plus(self, c: Variable) -> Any:
        raise NotImplementedError

    def __add__(self: Any, c: Any) -> Any:
        """The distribution of X + c."""
        return self._plus(_floating(self, c, "__add__", "term")) if _is_number(c) else NotImplemented

    __radd__ = __add__

    def __sub__(self: Any, c: Any) -> Any:
        """The distribution of X - c."""
        return self._plus(-_floating(self, c, "__sub__", "term")) if _is_number(c) else NotImplemented

    def __rsub__(self: Any, c: Any) -> Any:
        """The distribution of c - X."""
        return (-self)._plus(_floating(self, c, "__rsub__", "term")) if _is_number(c) else NotImplemented

    def __neg__(self: Any) -> Any:
        """The distribution of -X."""
        return self._times(self._factor(-1.0, "__neg__"))


def _is_number(c: Any) -> bool:
    return isinstance(c, (Variable, int, float, np.generic)) or library_of(c) is not None


def _floating(dist: Any, c: Any, what: str, name: str) -> Variable:
    """``c`` as a Variable; whole numbers take the distribution's dtype."""
    c = dist._value(c, what, name)
    return c if c.dtype.kind == "f" else F.cast(c, dist.dtype)


def scaled(given: str, s: Variable, c: Variable) -> Variable:
    """A scale times abs(c), in the form that it was given in."""
    size = abs(c)
    if given == "log":
        return s + F.log(size)
    return s / size if given == "rate" else s * size
