"""Mixtures over a standard form: their density, tails and responsibilities, each as one op.

Densities and tails have the components on the *first* axis: NumPy reduces over a short last one thirty times
more slowly.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

from ...autograd import differentiable, raw
from ...numerics.constants import LARGEST, SMALLEST
from ...numerics.double import is_double, two_sum
from .family_ops import LINE, family_op, finite_correction, ops_of
from .scales import FORMS, standardize, standardize_double


@differentiable
def components_first(xp, x, /, ndim):
    """``[*batch, K]`` as contiguous ``[K, 1, ..., *batch]`` with ``ndim`` axes."""
    n = x.ndim
    y = xp.ascontiguousarray(x.transpose((n - 1, *range(n - 1))))
    return y if n == ndim else y.reshape((y.shape[0],) + (1,) * (ndim - n) + y.shape[1:])


@differentiable
def components_last(xp, x, /, ndim):
    """``[K, ..., *batch]`` as ``[*batch, K]`` with ``ndim`` axes: the inverse."""
    y = x.transpose((*range(1, x.ndim), 0))
    return y if y.ndim == ndim else y.reshape(y.shape[y.ndim - ndim :])


components_first.derivative(x=lambda F, g, like_x: F(components_last)(g, ndim=like_x.ndim))
components_last.derivative(x=lambda F, g, like_x: F(components_first)(g, ndim=like_x.ndim))


PACKED = "packed"  # softplus, in a form with fewer operations


class MixtureOps(NamedTuple):
    """The result of :func:`mixture_ops`. Arguments other than x and the weights are as in :class:`FamilyOps`.

    Attributes:
        log_prob: ``(x, logit, loc, scale, *shapes, given, careful)``, log p(x); the logits are log-weights up
            to a constant.
        tail: ``(x, p, loc, scale, *shapes, given, careful, upper)``, the mean of P(X <= x) or, if
            ``upper``, of P(X > x), with weights p; components of weight 0 are ignored, even if nan.
        packed_log_prob: ``(x, params, k)``: log_prob from ``params [*batch, 3 k]``: the logits, then the
            locations, then the numbers whose softplus are the scales.
        responsibilities: ``(x, log_p, loc, scale, *shapes, given, careful)``, the fractions of p(x) due to
            the components, where x has an axis of length 1 for them.
    """

    log_prob: Any
    packed_log_prob: Any
    tail: Any
    responsibilities: Any


@functools.cache
def mixture_ops(standard: Any) -> MixtureOps:
    """The ops of mixtures of a location-scale family, with components on the last axis of all except x."""
    arrays = ("loc", "scale", *standard.shapes)
    tail_of = ops_of(standard, LINE).tail.kernel

    def log_prob(xp: Any, x: Any, *args: Any, given: str, careful: bool) -> Any:
        F = raw(xp)
        return _log_density(F, standard, _exponents(F, standard, x, _first(F, x, args), given, careful))

    def log_prob_rule(F: Any, needs: Any, g: Any, x: Any, *args: Any, given: str, careful: bool) -> Any:
        parts = _exponents(F, standard, x, _first(F, x, args), given, careful)
        d_x, *found = _gradients(F, standard, parts, g, needs)
        return d_x, *(None if d is None else F(components_last)(d, ndim=parts.h.ndim) for d in found)

    def packed_log_prob(xp: Any, x: Any, params: Any, /, k: int) -> Any:
        F = raw(xp)
        return _log_density(F, standard, _exponents(F, standard, x, _cut(F, x, params, k), PACKED))

    def packed_rule(F: Any, needs: Any, g: Any, x: Any, params: Any, *, k: int) -> Any:
        parts = _exponents(F, standard, x, _cut(F, x, params, k), PACKED)
        d_x, *found = _gradients(F, standard, parts, g, (needs[0], True, True, True), plain=True)
        return d_x, F(components_last)(F.concat(tuple(found), axis=0), ndim=parts.h.ndim)

    def tail(xp: Any, x: Any, *args: Any, given: str, careful: bool, upper: bool) -> Any:
        p, *parameters = _first(raw(xp), x, args)
        y = tail_of(xp, x, *parameters, given=given, careful=careful, upper=upper, log=False)
        return xp.where(p == 0, 0, p * y).sum(axis=0) / p.sum(axis=0)  # exactly 1 if every y is

    def tail_rule(
        F: Any, needs: Any, g: Any, x: Any, *args: Any, given: str, careful: bool, upper: bool
    ) -> Any:
        p, loc, s, *shapes = _first(F, x, args)
        form, total = FORMS[given], p.sum(axis=0)
        z = standardize(F, form, x, F.where(p == 0, 0.0, loc), s, careful)
        used = (abs(z) <= LARGEST[is_double(z)]) & (p > 0)
        z, share = F.where(used, z, 0.0), F.where(used, g * p / total, 0.0)
        slope = share * standard.tail_slope(F, z, *shapes, upper=upper, log=False)
        d_x = form.over(F, slope, s, careful)
        found = [None, -d_x, form.slope(F, -slope * z, s)]
        if shapes:
            found += [share * d for d in standard.tail_slopes(F, z, *shapes, upper=upper, log=False)]
        if needs[1]:
            y = F(ops_of(standard, LINE).tail)(
                x, loc, s, *shapes, given=given, careful=careful, upper=upper, log=False
            )
            y = F.where(p == 0, 0.0, y)
            found[0] = g / total * (y - (p * y).sum(axis=0) / total)
        return d_x.sum(axis=0), *(None if d is None else F(components_last)(d, ndim=z.ndim) for d in found)

    def responsibilities(
        xp: Any, x: Any, log_p: Any, loc: Any, s: Any, *shapes: Any, given: str, careful: bool
    ) -> Any:  # differences of large exponents matter: they are double words, and so is z
        F, form = raw(xp), FORMS[given]
        z, residual = standardize_double(F, form, x, loc, s, careful)
        k, k_lo = standard.log_kernel_double(F, z, *shapes)
        k_lo = k_lo - finite_correction.kernel(xp, residual * standard.slope(F, z, *shapes))
        constant = form.log(F, s) + (standard.value("log_norm", F, *shapes) if shapes else 0.0)
        h, lo = two_sum(xp, log_p - constant, k)
        lo = xp.where(abs(h) < math.inf, lo + k_lo, 0)
        top = h.argmax(axis=-1)[..., None]
        d, d_lo = two_sum(xp, h, -xp.take_along_axis(h, top, axis=-1))
        d_lo = d_lo + (lo - xp.take_along_axis(lo, top, axis=-1))
        possible = d > -math.inf
        d, d_lo = two_sum(xp, xp.where(possible, d, -1e30), xp.where(possible, d_lo, 0))
        e = xp.exp(d)
        e = e + e * d_lo
        return e / e.sum(axis=-1, keepdims=True)

    def responsibilities_rule(
        F: Any, needs: Any, g: Any, x: Any, log_p: Any, loc: Any, s: Any, *shapes: Any,
        given: str, careful: bool,
    ) -> Any:  # fmt: skip
        form = FORMS[given]
        r = F(made.responsibilities)(x, log_p, loc, s, *shapes, given=given, careful=careful)
        t = r * (g - (r * g).sum(axis=-1, keepdims=True))  # the gradient in log w_k p_k
        z = F.where(r > 0, standardize(F, form, x, loc, s, careful), 0.0)
        d_loc = form.over(F, t * standard.slope(F, z, *shapes), s, careful)
        d_s = form.slope(F, t * standard.log_scale_slope(F, z, *shapes), s)
        d_shapes = [t * slope for slope in standard.shape_slopes(F, z, *shapes)] if shapes else []
        return -d_loc, t, d_loc, d_s, *d_shapes

    def op(name: str, first: tuple[str, ...], settings: tuple[str, ...], kernel: Any, rule: Any) -> Any:
        return family_op(f"{prefix}_{name}", first, settings, True, kernel, rule, blocks=False)

    prefix = f"mixture_{standard.__name__.lower()}"
    packed_log_prob.__name__ = f"{prefix}_packed_log_prob"
    packed = differentiable(packed_log_prob)
    packed.joint_derivative(packed_rule)
    made = MixtureOps(
        op("log_prob", ("x", "logit", *arrays), ("given", "careful"), log_prob, log_prob_rule),
        packed,
        op("tail", ("x", "p", *arrays), ("given", "careful", "upper"), tail, tail_rule),
        op(
            "responsibilities",
            ("x", "log_p", *arrays),
            ("given", "careful"),
            responsibilities,
            responsibilities_rule,
        ),
    )
    return made


def _first(F: Any, x: Any, args: Any) -> list[Any]:
    """Weights and parameters with the components on the first axis, before the axes of x."""
    ndim = max(x.ndim + 1, *(a.ndim for a in args))
    return [F(components_first)(a, ndim=ndim) for a in args]


def _cut(F: Any, x: Any, params: Any, k: int) -> list[Any]:
    """Likewise from ``params [*batch, 3 k]``."""
    h = F(components_first)(params, ndim=max(x.ndim + 1, params.ndim))
    return [h[:k], h[k : 2 * k], h[2 * k :]]


class Exponents(NamedTuple):
    """Values shared by the density and its gradients, components first.

    Attributes:
        a: the logits minus their maximum.
        z: (x - loc)/scale.
        shapes: the shape parameters.
        h: log w + log p up to a constant.
        over: divides r by the scale, unless ``last`` divides the result.
        by: of r, r over the scale, and a derivative in log scale: r times the derivative in the given
            parameter.
    """

    a: Any
    z: Any
    shapes: list[Any]
    h: Any
    over: Callable[[Any], Any]
    by: Callable[[Any, Any, Any], Any]
    last: Callable[[Any], Any] | None


def _exponents(
    F: Any, standard: Any, x: Any, args: list[Any], given: str, careful: bool = False
) -> Exponents:
    logit, loc, s, *shapes = args
    a = logit - logit.max(axis=0)
    if given == PACKED:
        scale = F.maximum(F.softplus(s), SMALLEST[is_double(s)])
        z, log_s = (x - loc) / scale, F.minimum(F.log(scale), s)  # see Softplus
        over, by = lambda r: r / scale, lambda r, r_s, slope: -F.expm1(-scale) * r_s * slope
        last = None
    else:
        if careful:  # those of zero weight are ignored, even if nan or inf
            unused = a == -math.inf
            loc, s, *shapes = [F.where(unused, 1.0, v) for v in (loc, s, *shapes)]
        form: Any = FORMS[given]
        z, log_s = standardize(F, form, x, loc, s, careful), form.log(F, s)
        over, by = lambda r: r, lambda r, r_s, slope: form.slope(F, r * slope, s)
        last = lambda y: form.over(F, y, s, careful)
    h = a + standard.log_kernel(F, z, *shapes) - log_s
    h = h - standard.value("log_norm", F, *shapes) if shapes else h
    return Exponents(a, z, shapes, h, over, by, last)


def _log_density(F: Any, standard: Any, parts: Exponents) -> Any:
    h = parts.h
    top = F.maximum(h.max(axis=0), -LARGEST[is_double(h)])  # finite also if every h is -inf
    y = top + F.log(F.exp(h - top).sum(axis=0) / F.exp(parts.a).sum(axis=0))
    return y if parts.shapes else y - standard.value("log_norm", F)


def _gradients(F: Any, standard: Any, parts: Exponents, g: Any, needs: Any, plain: bool = False) -> list[Any]:
    """The gradients in x, logits, locations, scales and shapes, with the components on the first axis.

    They are r - w in the logits and r times a component's own in the others, with the responsibilities r.
    ``plain``: an r below 1e-30 is treated as 0, since results computed from it would be subnormal
    numbers, which take a CPU a hundred times longer than others; and see below.
    """
    a, z, shapes, h, over, by, last = parts
    r = F.exp(h - F.maximum(h.max(axis=0), -LARGEST[is_double(h)]))
    total = r.sum(axis=0)  # at least 1, but 0 if every h is -inf
    seen = r > (1e-30 if plain else 0.0)
    r, z = (F.where(seen, r, 0.0) if plain else r) * (g / F.maximum(total, 1.0)), F.where(seen, z, 0.0)
    d_x = d_logit = d_loc = d_scale = None
    r_over = over(r)
    if needs[0] or needs[2]:
        d_loc = r_over * standard.slope(F, z, *shapes)
        d_loc = d_loc if last is None else last(d_loc)
        d_x = -d_loc.sum(axis=0) if needs[0] else None
    if needs[1]:
        w = F.exp(a)
        d_logit = r - w * (g * F.minimum(total, 1.0) / w.sum(axis=0))
        if not plain:  # for a weight near 1, r and w may agree in all digits although the others differ
            heavy = w > 0.5 * w.sum(axis=0)
            d_logit = F.where(heavy, -F.where(heavy, 0.0, d_logit).sum(axis=0), d_logit)
    if needs[3]:
        d_scale = by(r, r_over, standard.log_scale_slope(F, z, *shapes))
    d_shapes = [r * slope for slope in standard.shape_slopes(F, z, *shapes)] if shapes else []
    return [d_x, d_logit, d_loc, d_scale, *d_shapes]
