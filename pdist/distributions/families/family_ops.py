"""The density and the four tails of a location-scale family, each as one op, from its standard form."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from typing import Any, NamedTuple

from ...autograd import differentiable, zero
from ...autograd.op import raw
from ...numerics.blocks import in_blocks
from ...numerics.differences import log_minus
from .scales import by_given, distance, log_scale, over_scale, standardize, standardize_double
from .standard import Standard


class FamilyOps(NamedTuple):
    """What :func:`ops_of` makes.

    Attributes:
        log_prob: ``(x, loc, scale, *shapes, given, careful)``.
        tail: ``(x, loc, scale, *shapes, given, upper, log)``.
    """

    log_prob: Any
    tail: Any


LINE, HALF_LINE, LOG = "line", "half line", "log"  # X = loc + scale Z; X = scale Z; log X = loc + scale Z


@functools.cache
def ops_of(standard: type[Standard], kind: str) -> FamilyOps:
    """The ops of a family; without ``loc`` among their arguments if its kind is :data:`HALF_LINE`."""
    located = kind != HALF_LINE
    arrays = ("x", *(("loc",) if located else ()), "scale", *standard.shapes)

    def arguments(args: tuple[Any, ...]) -> tuple[Any, Any, Any, tuple[Any, ...]]:
        x, loc, scale, *shapes = args if located else (args[0], None, *args[1:])
        return x, loc, scale, tuple(shapes)

    @signed(arrays, "given", "careful")
    @in_blocks
    def log_prob(xp: Any, *args: Any, given: str, careful: bool) -> Any:
        x, loc, s, shapes = arguments(args)
        F = raw(xp)
        constant = log_scale(F, s, given) + standard.value("log_norm", F, *shapes)
        if standard.steep:
            z, residual = standardize_double(F, x, loc, s, given, log=kind == LOG)
            y = standard.log_kernel(F, z, *shapes)
            y = y + finite_correction.kernel(xp, -residual * standard.slope(F, z, *shapes))
        elif kind == LOG:
            y = standard.log_kernel(F, standardize(F, log_minus.kernel(xp, x, loc), None, s, given), *shapes)
        else:
            y = standard.log_kernel(F, standardize(F, x, loc, s, given, careful), *shapes)
        return y - constant - xp.log(x) if kind == LOG else y - constant

    def log_prob_rule(F: Any, needs: Any, g: Any, args: tuple[Any, ...], given: str, careful: bool) -> Any:
        x, loc, s, shapes = arguments(args)
        at = x
        if kind == LOG:
            at, loc_there = F(log_minus)(x, loc), None
        else:
            loc_there = loc
        if kind == LINE:
            g, at = _finite_or_zero(F, g, at, loc)
        z = standardize(F, at, loc_there, s, given, careful)
        slope = standard.slope(F, z, *shapes)
        d_s = None
        if needs[1 + located]:
            d_s = _scale_slope(F, standard, (at, loc_there, s), z, shapes, given, careful)
        if standard.steep:
            residual = F(residual_of)(at, loc_there, s, given=given)
            bend = standard.bend(F, z, *shapes)
            if d_s is not None:
                d_s = d_s + F(finite_correction)(residual * (slope + z * bend))
            slope = slope + F(finite_correction)(residual * bend)
        d_z = -over_scale(F, g * slope, s, given)
        if d_s is not None:
            d_s = by_given(F, g * d_s, s, given)
        d_shapes = [g * slope for slope in standard.shape_slopes(F, z, *shapes)] if shapes else []
        d_x = (d_z - g) / x if kind == LOG else d_z
        return (d_x, *((-d_z,) if located else ()), d_s, *d_shapes)

    @signed(arrays, "given", "upper", "log")
    @in_blocks
    def tail(xp: Any, *args: Any, given: str, upper: bool, log: bool) -> Any:
        x, loc, s, shapes = arguments(args)
        F = raw(xp)
        x = x if kind == LINE else xp.maximum(x, 0)
        z, residual = standardize_double(F, x, loc, s, given, log=kind == LOG)
        y = standard.tail(xp, z, *shapes, upper=upper, log=log)
        slope = standard.tail_slope(F, z, *shapes, upper=upper, log=log)
        return y + finite_correction.kernel(xp, (-residual if upper else residual) * slope)

    def tail_rule(
        F: Any, needs: Any, g: Any, args: tuple[Any, ...], given: str, upper: bool, log: bool
    ) -> Any:
        x, loc, s, shapes = arguments(args)
        at = x
        if kind == LINE:
            g, at = _finite_or_zero(F, g, x, loc)
        else:
            inside = (x > 0) & (x < math.inf)
            g, x = F.where(inside, g, 0.0), F.where(inside, x, 1.0)
            at = F(log_minus)(x, loc) if kind == LOG else x
        z = standardize(F, at, loc if kind == LINE else None, s, given)
        slope = g * standard.tail_slope(F, z, *shapes, upper=upper, log=log)
        slope = -slope if upper else slope
        d_z = over_scale(F, slope, s, given)
        d_s = by_given(F, -slope * z, s, given) if needs[1 + located] else None
        d_shapes = []
        if shapes:
            d_shapes = [g * d for d in standard.tail_slopes(F, z, *shapes, upper=upper, log=log)]
        d_x = d_z / x if kind == LOG else d_z
        return (d_x, *((-d_z,) if located else ()), d_s, *d_shapes)

    name = standard.__name__.lower() + ("_of_log" if kind == LOG else "")
    return FamilyOps(op_of(log_prob, f"{name}_log_prob", log_prob_rule), op_of(tail, f"{name}_tail", tail_rule))


def _scale_slope(
    F: Any, standard: type[Standard], place: Any, z: Any, shapes: Any, given: str, careful: bool
) -> Any:
    """z slope(z) - 1, from x - loc and the scale themselves if these were given: small differences count."""
    x, loc, s = place
    if given != "scale":
        return standard.scale_slope(F, z, 1.0, *shapes)
    if not careful:
        return standard.scale_slope(F, x if loc is None else x - loc, s, *shapes)
    d, half = distance(F, x, loc, s, given)
    return standard.scale_slope(F, d, s * half, *shapes)


def _finite_or_zero(F: Any, g: Any, x: Any, loc: Any) -> tuple[Any, Any]:
    """The gradient 0 and x = loc if x is infinite: the density is 0 there whatever the parameters are."""
    infinite = abs(x) == math.inf
    return F.where(infinite, 0.0, g), F.where(infinite, loc, x)


@differentiable
def finite_correction(xp, x):
    """A correction to first order, 0 if it is infinite or nan: then there are no last digits to put right."""
    return xp.where(abs(x) < math.inf, x, 0)


@differentiable
def residual_of(xp, x, loc, scale, /, given):
    """What rounding takes from z = (x - loc)/scale."""
    return standardize_double(raw(xp), x, loc, scale, given)[1]


finite_correction.derivatives(zero)
residual_of.derivatives(zero, zero, zero)


def signed(arrays: tuple[str, ...], *settings: str) -> Callable[[Any], Any]:
    """Give a kernel of ``*args`` a signature that names its arrays and settings."""

    def signed(kernel: Any) -> Any:
        make = inspect.Parameter
        parameters = [make(name, make.POSITIONAL_ONLY) for name in ("xp", *arrays)]
        parameters += [make(name, make.KEYWORD_ONLY) for name in settings]
        kernel.__signature__ = inspect.Signature(parameters)
        return kernel

    return signed


def op_of(kernel: Any, name: str, rule: Any) -> Any:
    """A kernel as an op of this name with a joint rule."""
    kernel.__name__ = kernel.__qualname__ = name
    op = differentiable(kernel)
    parameters = inspect.signature(kernel).parameters
    names = list(parameters)[1:]
    count = sum(p.kind is p.POSITIONAL_ONLY for p in parameters.values()) - 1

    def joint(F: Any, needs: Any, g: Any, _y: Any, *args: Any, **chosen: Any) -> Any:
        return rule(F, needs, g, args[:count], **chosen)

    make = inspect.Parameter
    named = [make(n, make.POSITIONAL_OR_KEYWORD) for n in ("F", "needs", "g", "_y", *names)]
    joint.__signature__ = inspect.Signature(named)  # type: ignore[attr-defined]
    op.joint_derivative(joint)
    return op
