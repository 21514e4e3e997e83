"""``F``, the first argument of a rule: the functions it computes with, on raw arrays and on Variables.

A plain backward pass runs rules on raw arrays: there ``F.exp`` and ``F(some_op)`` are kernels. If the
gradient is to be differentiated again, they run on Variables: there both are the public functions. One rule
serves both.

``F.name`` is a public function of ``pdist.functions``. Any other op is imported and called through F:
``F(some_op)(x)``, so that every name used is visible as an import.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

_published: dict[str, Any] = {}


def publish(functions: dict[str, Any]) -> None:
    """Make functions the attributes of F by these names; ``pdist.functions`` does so with its own."""
    _published.update(functions)
    vars(public).update(functions)


def in_rules(raw_form: Callable[..., Any]) -> Callable[[Any], Any]:
    """Let rules call a function of Variables that is not an op itself, such as ``where(condition, x, y)``.

    Args:
        raw_form: the same on raw arrays, with ``xp`` before the function's own arguments.

    Returns:
        A decorator that returns the function unchanged.
    """

    def known(function: Any) -> Any:
        function.kernel = raw_form
        return function

    return known


def _kernel_of(function: Any) -> Any:
    kernel = getattr(function, "kernel", None)
    if kernel is None:
        raise TypeError(
            f"F(...): expected an op, made by differentiable, or a function under in_rules; got {function!r}"
        )
    return kernel


class OnVariables:
    """The F of a rule whose gradient will be differentiated again."""

    def __getattr__(self, name: str) -> Any:
        raise _unknown(name)

    def __call__(self, function: Any) -> Any:
        """An op, or a function under :func:`in_rules`: itself."""
        _kernel_of(function)
        return function


class OnArrays:
    """The F of a rule in a plain backward pass.

    Args:
        xp: the namespace of the arrays.
    """

    def __init__(self, xp: Any) -> None:
        self.xp = xp
        self._bound: dict[Any, Any] = {}

    def __getattr__(self, name: str) -> Any:
        function = _published.get(name)
        if function is None:
            raise _unknown(name)
        kernel = getattr(function, "kernel", None)
        if kernel is None:
            raise AttributeError(
                f"F.{name} cannot be used in rules: {name} has no form on raw arrays (in_rules)"
            )
        bound = functools.partial(kernel, self.xp)
        setattr(self, name, bound)
        return bound

    def __call__(self, function: Any) -> Any:
        """An op, or a function under :func:`in_rules`: its kernel, on arrays of ``xp``."""
        try:
            return self._bound[function]
        except (KeyError, TypeError):
            kernel = _kernel_of(function)
        bound = self._bound[function] = functools.partial(kernel, self.xp)
        return bound


def _unknown(name: str) -> AttributeError:
    return AttributeError(
        f"F.{name}: no function of pdist.functions is called {name!r}; a rule imports any other op and "
        f"calls it through F: F({name})(...)"
    )


public: Any = OnVariables()
_on_arrays: dict[Any, OnArrays] = {}
_numpy = _on_arrays[np] = OnArrays(np)


def raw(xp: Any) -> Any:
    """The F of a rule on raw arrays of ``xp``."""
    if xp is np:
        return _numpy
    found = _on_arrays.get(xp)
    if found is None:
        found = _on_arrays[xp] = OnArrays(xp)
    return found


__all__ = ["in_rules", "public", "publish", "raw"]
