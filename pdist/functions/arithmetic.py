"""Arithmetic with broadcasting."""

from __future__ import annotations

from typing import Any

from ..autograd import Variable, differentiable


@differentiable(weak=True)
def add(xp, x1, x2):
    """x1 + x2, elementwise with broadcasting."""
    return x1 + x2


add.derivatives(
    lambda F, g, _y, _x1, _x2: g,
    lambda F, g, _y, _x1, _x2: g,
)


@differentiable(weak=True)
def subtract(xp, x1, x2):
    """x1 - x2, elementwise with broadcasting."""
    return x1 - x2


subtract.derivatives(
    lambda F, g, _y, _x1, _x2: g,
    lambda F, g, _y, _x1, _x2: -g,
)


@differentiable(weak=True)
def multiply(xp, x1, x2):
    """x1 x2, elementwise with broadcasting."""
    return x1 * x2


multiply.derivatives(
    lambda F, g, _y, _x1, x2: g * x2,
    lambda F, g, _y, x1, _x2: g * x1,
)


@differentiable(weak=True)
def divide(xp, x1, x2):
    """x1 / x2, elementwise with broadcasting."""
    return x1 / x2


divide.derivatives(
    lambda F, g, _y, _x1, x2: g / x2,
    lambda F, g, y, _x1, x2: -g * y / x2,
)


@differentiable
def negative(xp, x):
    """-x, elementwise."""
    return -x


negative.derivatives(lambda F, g, _y, _x: -g)

_OPERATORS: dict[str, Any] = {
    "add": add,
    "sub": subtract,
    "mul": multiply,
    "truediv": divide,
}

for _name, _function in _OPERATORS.items():
    setattr(Variable, f"__{_name}__", _function)
    setattr(Variable, f"__r{_name}__", lambda self, other, _function=_function: _function(other, self))
Variable.__neg__ = negative  # type: ignore[attr-defined]
