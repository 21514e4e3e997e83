"""Circular and hyperbolic functions."""

from __future__ import annotations

from ..autograd import differentiable


@differentiable
def sin(xp, x):
    """The sine, elementwise."""
    return xp.sin(x)


sin.derivative(x=lambda F, g, x: g * F.cos(x))


@differentiable
def cos(xp, x):
    """The cosine, elementwise."""
    return xp.cos(x)


cos.derivative(x=lambda F, g, x: -g * F.sin(x))


@differentiable
def tan(xp, x):
    """The tangent, elementwise."""
    return xp.tan(x)


tan.derivative(x=lambda F, g, y: g * (1 + y * y))


@differentiable
def arcsin(xp, x):
    """The inverse of the sine, elementwise; nan outside [-1, 1]."""
    return xp.arcsin(x)


arcsin.derivative(x=lambda F, g, x: g / F.sqrt((1 - x) * (1 + x)))


@differentiable
def arccos(xp, x):
    """The inverse of the cosine, elementwise; nan outside [-1, 1]."""
    return xp.arccos(x)


arccos.derivative(x=lambda F, g, x: -g / F.sqrt((1 - x) * (1 + x)))


@differentiable
def arctan(xp, x):
    """The inverse of the tangent, elementwise."""
    return xp.arctan(x)


arctan.derivative(x=lambda F, g, x: g / (1 + x * x))


@differentiable(weak=True)
def arctan2(xp, x1, x2):
    """The angle of the point (x2, x1) in the plane, elementwise with broadcasting."""
    return xp.arctan2(x1, x2)


arctan2.derivative(
    x1=lambda F, g, x1, x2: g * x2 / (x1 * x1 + x2 * x2),
    x2=lambda F, g, x1, x2: -g * x1 / (x1 * x1 + x2 * x2),
)


@differentiable
def sinh(xp, x):
    """The hyperbolic sine, elementwise."""
    return xp.sinh(x)


sinh.derivative(x=lambda F, g, x: g * F.cosh(x))


@differentiable
def cosh(xp, x):
    """The hyperbolic cosine, elementwise."""
    return xp.cosh(x)


cosh.derivative(x=lambda F, g, x: g * F.sinh(x))


@differentiable
def arcsinh(xp, x):
    """The inverse of the hyperbolic sine, elementwise."""
    return xp.arcsinh(x)


arcsinh.derivative(x=lambda F, g, x: g / F.sqrt(1 + x * x))


@differentiable
def arctanh(xp, x):
    """The inverse of the hyperbolic tangent, elementwise; nan outside [-1, 1]."""
    return xp.arctanh(x)


arctanh.derivative(x=lambda F, g, x: g / ((1 - x) * (1 + x)))
