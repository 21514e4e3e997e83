"""The density and the four tails of a location-scale family, each as one op, from its standard form."""

from __future__ import annotations

import functools
import inspect
import math
from typing import Any, NamedTuple

import numpy as np

from ...autograd import differentiable, raw, zero
from ...numerics.blocks import in_blocks, rule_in_blocks
from ...numerics.constants import LARGEST, SMALLEST
from ...numerics.differences import log_minus
from ...numerics.double import finite_or_zero, is_double, two_sum
from .scales import FORMS, distance, standardize, standardize_double
from .standard import Standard


class FamilyOps(NamedTuple):
    """The result of :func:`ops_of`.

    Attributes:
        log_prob: ``(x, loc, scale, *shapes, given, careful)``. If not ``careful``, it may be wrong if
            x - loc or 1/scale overflows.
        tail: ``(x, loc, scale, *shapes, given, careful, upper, log)``.
    """

    log_prob: Any
    tail: Any


LINE, HALF_LINE, LOG = "line", "half line", "log"  # X = loc + scale Z; X = scale Z; log X = loc + scale Z


@functools.cache
def ops_of(standard: type[Standard], kind: str) -> FamilyOps:
    """The ops of a family, without the argument ``loc`` if its kind is :data:`HALF_LINE`."""
    name = standard.__name__.lower() + ("_of_log" if kind == LOG else "")
    arrays = ("x", *(() if kind == HALF_LINE else ("loc",)), "scale", *standard.shapes)
    kernel, rule = _density(standard, kind)
    located = kind != HALF_LINE
    log_prob = family_op(f"{name}_log_prob", arrays, ("given", "careful"), located, kernel, rule)
    kernel, rule = _tail(standard, kind)
    settings = ("given", "careful", "upper", "log")
    tail = family_op(f"{name}_tail", arrays, settings, located, kernel, rule)
    return FamilyOps(log_prob, tail)


def _density(standard: type[Standard], kind: str) -> tuple[Any, Any]:
    """The kernel of log f(z) - log scale, minus log x if z is that of log x, and its joint rule."""
    log_norm, steep = standard.log_norm, standard.steep

    def kernel(xp: Any, x: Any, loc: Any, s: Any, *shapes: Any, given: str, careful: bool) -> Any:
        F, form = raw(xp), FORMS[given]
        if steep and standard.log_kernel_double is not None:  # its terms may cancel
            z, residual = standardize_double(F, form, x, loc, s, careful, log=kind == LOG)
            y, lo = standard.log_kernel_double(F, z, *shapes)
            log_s, log_lo = form.log_double(F, s)
            lo = lo - log_lo - residual * standard.slope(F, z, *shapes)
            constant, rest = two_sum(xp, log_s, standard.value("log_norm", F, *shapes) + 0 * log_s)
            y, last = two_sum(xp, y, -constant)
            lo = last + (lo - rest)  # beside an end of the support it may be of no use
            return y + xp.where(abs(lo) <= 0.0625 * (1 + abs(y)), lo, 0)
        constant = form.log(F, s) + (log_norm(F, *shapes) if callable(log_norm) else log_norm)
        if steep:
            z, residual = standardize_double(F, form, x, loc, s, careful, log=kind == LOG)
            z, out = held(F, form, kind, x, s, z, over=careful, under=shapes)
            slope = standard.slope(F, z, *shapes)
            y = standard.log_kernel(F, z, *shapes) + finite_correction.kernel(xp, -residual * slope)
            if out is not None:  # log f is a multiple of z there, or of log z and a constant
                y = y - xp.where(out.over | out.under, out.log * z * slope, 0)
        elif kind == LOG:
            z = standardize(F, form, log_minus.kernel(xp, x, loc), None, s)
            y = standard.log_kernel(F, z, *shapes)
        else:
            y = standard.log_kernel(F, standardize(F, form, x, loc, s, careful), *shapes)
        return y - constant - xp.log(x) if kind == LOG else y - constant

    def rule(
        F: Any, needs: Any, g: Any, x: Any, loc: Any, s: Any, *shapes: Any, given: str, careful: bool
    ) -> Any:
        form = FORMS[given]
        g, d, half = _distance(F, form, kind, g, x, loc, s, careful)
        z, d, scale = form.stretched(F, d, half, s, careful)
        out = None
        if steep:
            z, out = held(F, form, kind, x, s, z, over=careful, under=shapes)
        slope = standard.slope(F, z, *shapes)
        d_s = standard.scale_slope(F, d, scale, *shapes) if needs[-1 - len(shapes)] else None
        d_shapes = standard.shape_slopes(F, z, *shapes) if shapes else ()
        if steep:
            residual = F(residual_of)(x, 0.0 if loc is None else loc, s, given=given)
            bend = standard.bend(F, z, *shapes)
            if d_s is not None:
                d_s = d_s + F(finite_correction)(residual * (slope + z * bend))
            slope = slope + F(finite_correction)(residual * bend)
            bends = standard.shape_bends(F, z, *shapes) if shapes else ()
            d_shapes = [d + F(finite_correction)(residual * b) for d, b in zip(d_shapes, bends, strict=True)]
            if out is not None:
                far = out.over | out.under
                bends = [F.where(far, out.log * (z * b), 0.0) for b in bends]
                d_shapes = [d + b for d, b in zip(d_shapes, bends, strict=True)]
        d_loc = form.over(F, g * slope, s, careful)
        d_s = None if d_s is None else form.slope(F, g * d_s, s)
        if out is not None:
            d_loc = F.where(out.under & (abs(slope) > _STEEP), g * (z * slope) / x, d_loc)
            d_s = d_s if d_s is None or given != "rate" else F.where(out.over, -g * slope * x, d_s)
        d_x = None
        if needs[0]:
            d_x = -(d_loc + g) / x if kind == LOG else -d_loc
        return (d_x, d_loc, d_s, *[g * d for d in d_shapes])

    return kernel, rule


def _tail(standard: type[Standard], kind: str) -> tuple[Any, Any]:
    """The kernel of P(X <= x) or, if ``upper``, P(X > x), or its logarithm, and its joint rule."""

    def kernel(
        xp: Any, x: Any, loc: Any, s: Any, *shapes: Any, given: str, careful: bool, upper: bool, log: bool
    ) -> Any:
        F, form = raw(xp), FORMS[given]
        x = x if kind == LINE else xp.maximum(x, 0)
        z, residual = standardize_double(F, form, x, loc, s, careful, log=kind == LOG)
        lower = log and not upper
        z, out = held(F, form, kind, x, s, z, over=False, under=shapes and lower)
        y, slope = standard.tail_and_slope(F, z, *shapes, upper=upper, log=log)
        y = y + finite_correction.kernel(xp, residual * slope)
        return y if out is None else y + xp.where(out.under, out.log * z * slope, 0)

    def rule(
        F: Any, needs: Any, g: Any, x: Any, loc: Any, s: Any, *shapes: Any,
        given: str, careful: bool, upper: bool, log: bool,
    ) -> Any:  # fmt: skip
        form = FORMS[given]
        if kind != LINE:
            inside = (x > 0) & (x < math.inf)
            g, x = F.where(inside, g, 0.0), F.where(inside, x, 1.0)
        g, d, half = _distance(F, form, kind, g, x, loc, s, careful)
        z, _, _ = form.stretched(F, d, half, s, careful)
        lower = log and not upper
        z, out = held(F, form, kind, x, s, z, over=careful, under=shapes and lower)
        slope = standard.tail_slope(F, z, *shapes, upper=upper, log=log)
        steep, slope = abs(slope) > _STEEP, g * slope
        d_z = form.over(F, slope, s, careful)
        d_s = form.slope(F, -slope * z, s) if needs[-1 - len(shapes)] else None
        d_shapes = standard.tail_slopes(F, z, *shapes, upper=upper, log=log) if shapes else ()
        if out is not None:
            if lower:
                d_z = F.where(out.under & steep, slope * z / x, d_z)
            if d_s is not None and given == "rate":
                d_s = F.where(out.over, slope * x, d_s)
            if log and shapes and standard.shape_bends is not None:
                far = out.under if lower else out.over
                bends = [F.where(far, out.log * (z * b), 0.0) for b in standard.shape_bends(F, z, *shapes)]
                d_shapes = [d + b for d, b in zip(d_shapes, bends, strict=True)]
        return (d_z / x if kind == LOG else d_z, -d_z, d_s, *[g * d for d in d_shapes])

    return kernel, rule


class Out(NamedTuple):
    """Where x/scale is no normal number though x is one or finite.

    Attributes:
        over: where it overflows.
        under: where it is less than the smallest normal number, and has lost digits.
        log: the logarithm of x/scale over the number that stands for it; 0 elsewhere.
    """

    over: Any
    under: Any
    log: Any


_STEEP = 1e10  # a slope at the smallest normal number that is a power law's


def held(
    F: Any, form: Any, kind: str, x: Any, s: Any, z: Any, over: Any, under: Any
) -> tuple[Any, Out | None]:
    """z = x/scale, the next normal number where it is none, and what that takes away: None if nothing.

    A standard form on the half line is, that far out, a power of z or of e^z. ``over`` and ``under`` say
    which end is asked for: without a shape it is no power of z near 0.
    """
    if kind != HALF_LINE or not (over or under):
        return z, None
    double = is_double(z)
    low, high = SMALLEST[double], LARGEST[double]
    numbers = getattr(z, "_array", z)
    plain = isinstance(numbers, (np.ndarray, np.generic))
    if plain and np.count_nonzero((numbers >= low) & (numbers <= high)) == numbers.size:
        return z, None
    finite = (x > 0) & (x < math.inf)
    over = finite & (z > high) & bool(over)
    under = finite & (z < low) & (s != 1) & bool(under)
    far = over | under
    if plain and not far.any():
        return z, None
    z = F.where(over, high, F.where(under, low, z))
    log = (F.log(F.where(far, x, 1.0)) - form.log(F, s)) - F.log(F.where(far, z, 1.0))
    return z, Out(over, under, F.where(far, log, 0.0))


def _distance(
    F: Any, form: Any, kind: str, g: Any, x: Any, loc: Any, s: Any, careful: bool
) -> tuple[Any, Any, Any]:
    """The gradient, x - loc (or log x - loc), and the factor that the latter was multiplied by.

    If x is infinite, the density is 0 for all parameters: then both are 0.
    """
    if kind == LOG:
        return g, F(log_minus)(x, loc), 1.0
    if kind == HALF_LINE:
        return g, x, 1.0
    d, half = distance(form, x, loc, s) if careful else (x - loc, 1.0)
    if d.__class__ is np.ndarray and np.count_nonzero(np.isfinite(d)) == d.size:
        return g, d, half
    infinite = abs(d) == math.inf
    return F.where(infinite, 0.0, g), F.where(infinite, 0.0, d), half


@differentiable
def finite_correction(xp, x):
    """A first-order correction, or 0 if it is infinite or nan: then there is nothing to correct."""
    return finite_or_zero(xp, x)


@differentiable
def residual_of(xp, x, loc, scale, /, given):
    """The rounding residual of z = (x - loc)/scale."""
    return standardize_double(raw(xp), FORMS[given], x, loc, scale)[1]


finite_correction.derivative(x=zero)
residual_of.derivative(x=zero, loc=zero, scale=zero)


def family_op(
    name: str, arrays: tuple[str, ...], settings: tuple[str, ...], located: bool, kernel: Any, rule: Any,
    blocks: bool = True,
) -> Any:  # fmt: skip
    """An op of these array arguments, from a kernel and a joint rule, which get None without a location.

    ``blocks``: whether the kernel is elementwise, so that large arrays may be processed block by block.
    """
    if not located:
        with_loc, with_loc_rule = kernel, rule

        def kernel(xp: Any, x: Any, s: Any, *shapes: Any, **chosen: Any) -> Any:
            return with_loc(xp, x, None, s, *shapes, **chosen)

        def rule(F: Any, needs: Any, g: Any, x: Any, s: Any, *shapes: Any, **chosen: Any) -> Any:
            d_x, _, *others = with_loc_rule(F, needs, g, x, None, s, *shapes, **chosen)
            return d_x, *others

    make = inspect.Parameter
    parameters = [make(name, make.POSITIONAL_ONLY) for name in ("xp", *arrays)]
    parameters += [make(name, make.KEYWORD_ONLY) for name in settings]
    blocked: Any = in_blocks(kernel) if blocks else kernel
    blocked.__signature__ = inspect.Signature(parameters)
    blocked.__name__ = blocked.__qualname__ = name
    named = [make(n, make.POSITIONAL_OR_KEYWORD) for n in ("F", "needs", "g", *arrays)]
    named += [make(n, make.KEYWORD_ONLY) for n in settings]
    in_parts: Any = rule_in_blocks(rule) if blocks else rule
    in_parts.__signature__ = inspect.Signature(named)
    op = differentiable(blocked)
    op.joint_derivative(in_parts)
    return op
