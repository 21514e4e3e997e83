"""The density and the four tails of a location-scale family, each as one op, from its standard form."""

from __future__ import annotations

import functools
import inspect
import math
from typing import Any, NamedTuple

from ...autograd import differentiable, raw, zero
from ...numerics.blocks import in_blocks
from ...numerics.differences import log_minus
from .scales import FORMS, distance, standardize, standardize_double
from .standard import Standard


class FamilyOps(NamedTuple):
    """What :func:`ops_of` makes.

    Attributes:
        log_prob: ``(x, loc, scale, *shapes, given, careful)``. If not ``careful``, it need not be right if
            x - loc or 1/scale overflows.
        tail: ``(x, loc, scale, *shapes, given, careful, upper, log)``.
    """

    log_prob: Any
    tail: Any


LINE, HALF_LINE, LOG = "line", "half line", "log"  # X = loc + scale Z; X = scale Z; log X = loc + scale Z


@functools.cache
def ops_of(standard: type[Standard], kind: str) -> FamilyOps:
    """The ops of a family; without ``loc`` among their arguments if its kind is :data:`HALF_LINE`."""
    located = kind != HALF_LINE
    arrays = ("x", *(("loc",) if located else ()), "scale", *standard.shapes)
    shaped, log_norm = bool(standard.shapes), standard.log_norm

    def log_prob(xp: Any, x: Any, loc: Any, s: Any, *shapes: Any, given: str, careful: bool) -> Any:
        F, form = raw(xp), FORMS[given]
        constant = form.log(F, s) + (log_norm(F, *shapes) if callable(log_norm) else log_norm)
        if standard.steep:
            z, residual = standardize_double(F, form, x, loc, s, careful, log=kind == LOG)
            y = standard.log_kernel(F, z, *shapes)
            y = y + finite_correction.kernel(xp, -residual * standard.slope(F, z, *shapes))
        elif kind == LOG:
            z = standardize(F, form, log_minus.kernel(xp, x, loc), None, s)
            y = standard.log_kernel(F, z, *shapes)
        else:
            y = standard.log_kernel(F, standardize(F, form, x, loc, s, careful), *shapes)
        return y - constant - xp.log(x) if kind == LOG else y - constant

    def log_prob_rule(
        F: Any, needs: Any, g: Any, x: Any, loc: Any, s: Any, *shapes: Any, given: str, careful: bool
    ) -> Any:
        form = FORMS[given]
        if kind == LOG:
            d, half = F(log_minus)(x, loc), 1.0
        else:
            d, half = distance(F, form, x, loc, s, careful)
        if kind == LINE:
            g, d = _finite_or_zero(F, g, d)
        z, d, scale = form.stretched(F, d, half, s, careful)
        slope, d_s = standard.slope(F, z, *shapes), None
        if needs[1 + located]:
            d_s = standard.scale_slope(F, d, scale, *shapes)
        if standard.steep:
            residual = F(residual_of)(x, 0.0 if loc is None else loc, s, given=given)
            bend = standard.bend(F, z, *shapes)
            if d_s is not None:
                d_s = d_s + F(finite_correction)(residual * (slope + z * bend))
            slope = slope + F(finite_correction)(residual * bend)
        d_loc = form.over(F, g * slope, s, careful)
        if d_s is not None:
            d_s = form.slope(F, g * d_s, s)
        d_shapes: Any = ()
        if shaped:
            d_shapes = standard.shape_slopes(F, z, *shapes)
            if standard.steep:
                bends = standard.shape_bends(F, z, *shapes)
                d_shapes = [
                    d + F(finite_correction)(residual * b) for d, b in zip(d_shapes, bends, strict=True)
                ]
            d_shapes = [g * d for d in d_shapes]
        d_x = None
        if needs[0]:
            d_x = -(d_loc + g) / x if kind == LOG else -d_loc
        return (d_x, d_loc, d_s, *d_shapes) if located else (d_x, d_s, *d_shapes)

    def tail(
        xp: Any, x: Any, loc: Any, s: Any, *shapes: Any, given: str, careful: bool, upper: bool, log: bool
    ) -> Any:
        F, form = raw(xp), FORMS[given]
        x = x if kind == LINE else xp.maximum(x, 0)
        z, residual = standardize_double(F, form, x, loc, s, careful, log=kind == LOG)
        y, slope = standard.tail_and_slope(F, z, *shapes, upper=upper, log=log)
        return y + finite_correction.kernel(xp, residual * slope)

    def tail_rule(
        F: Any, needs: Any, g: Any, x: Any, loc: Any, s: Any, *shapes: Any,
        given: str, careful: bool, upper: bool, log: bool,
    ) -> Any:  # fmt: skip
        form = FORMS[given]
        if kind != LINE:
            inside = (x > 0) & (x < math.inf)
            g, x = F.where(inside, g, 0.0), F.where(inside, x, 1.0)
        if kind == LOG:
            d, half = F(log_minus)(x, loc), 1.0
        else:
            d, half = distance(F, form, x, loc, s, careful)
        if kind == LINE:
            g, d = _finite_or_zero(F, g, d)
        z, _, _ = form.stretched(F, d, half, s, careful)
        slope = g * standard.tail_slope(F, z, *shapes, upper=upper, log=log)
        d_z = form.over(F, slope, s, careful)
        d_s = form.slope(F, -slope * z, s) if needs[1 + located] else None
        d_shapes: Any = ()
        if shaped:
            d_shapes = [g * d for d in standard.tail_slopes(F, z, *shapes, upper=upper, log=log)]
        d_x = d_z / x if kind == LOG else d_z
        return (d_x, -d_z, d_s, *d_shapes) if located else (d_x, d_s, *d_shapes)

    name = standard.__name__.lower() + ("_of_log" if kind == LOG else "")
    return FamilyOps(
        _op(f"{name}_log_prob", arrays, ("given", "careful"), located, log_prob, log_prob_rule),
        _op(f"{name}_tail", arrays, ("given", "careful", "upper", "log"), located, tail, tail_rule),
    )


def _finite_or_zero(F: Any, g: Any, d: Any) -> tuple[Any, Any]:
    """A gradient and the distance x - loc, both 0 if x is infinite: then the density is 0 anyway."""
    infinite = abs(d) == math.inf
    return F.where(infinite, 0.0, g), F.where(infinite, 0.0, d)


@differentiable
def finite_correction(xp, x):
    """A correction to first order, 0 if it is infinite or nan: then there are no last digits to put right."""
    return xp.where(abs(x) < math.inf, x, 0)


@differentiable
def residual_of(xp, x, loc, scale, /, given):
    """What rounding takes from z = (x - loc)/scale."""
    return standardize_double(raw(xp), FORMS[given], x, loc, scale)[1]


finite_correction.derivative(x=zero)
residual_of.derivative(x=zero, loc=zero, scale=zero)


def _op(
    name: str, arrays: tuple[str, ...], settings: tuple[str, ...], located: bool, kernel: Any, rule: Any
) -> Any:
    """An op of these array arguments, from a kernel and a joint rule; without a location they get None."""
    if not located:
        with_loc, with_loc_rule = kernel, rule

        def kernel(xp: Any, x: Any, s: Any, *shapes: Any, **chosen: Any) -> Any:
            return with_loc(xp, x, None, s, *shapes, **chosen)

        def rule(F: Any, needs: Any, g: Any, x: Any, s: Any, *shapes: Any, **chosen: Any) -> Any:
            return with_loc_rule(F, needs, g, x, None, s, *shapes, **chosen)

    make = inspect.Parameter
    parameters = [make(name, make.POSITIONAL_ONLY) for name in ("xp", *arrays)]
    parameters += [make(name, make.KEYWORD_ONLY) for name in settings]
    blocked = in_blocks(kernel)
    blocked.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    blocked.__name__ = blocked.__qualname__ = name
    named = [make(n, make.POSITIONAL_OR_KEYWORD) for n in ("F", "needs", "g", *arrays)]
    named += [make(n, make.KEYWORD_ONLY) for n in settings]
    rule.__signature__ = inspect.Signature(named)
    op = differentiable(blocked)
    op.joint_derivative(rule)
    return op
