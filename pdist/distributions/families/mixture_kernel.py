"""Mixtures over a standard form: their density, tails and responsibilities, each as one op.

Densities and tails have the components on the *first* axis: NumPy reduces over a short last one thirty times
slower.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

from ...autograd import differentiable
from ...autograd.op import raw
from ...numerics.constants import LARGEST
from ...numerics.double import is_double, two_sum
from .family_ops import LINE, finite_correction, op_of, ops_of, signed
from .scales import by_given, log_scale, over_scale, softplus_slope, standardize, standardize_double
from .standard import Standard


@differentiable
def components_first(xp, x, /, ndim):
    """``[*batch, K]`` as contiguous ``[K, 1, ..., *batch]`` with ``ndim`` axes."""
    n = x.ndim
    y = xp.ascontiguousarray(x.transpose((n - 1, *range(n - 1))))
    return y if n == ndim else y.reshape((y.shape[0],) + (1,) * (ndim - n) + y.shape[1:])


@differentiable
def components_last(xp, x, /, ndim):
    """``[K, ..., *batch]`` as ``[*batch, K]`` with ``ndim`` axes: the reverse."""
    y = x.transpose((*range(1, x.ndim), 0))
    return y if y.ndim == ndim else y.reshape(y.shape[y.ndim - ndim :])


components_first.derivatives(lambda F, g, _y, _x, ndim: F(components_last)(g, ndim=_x.ndim))
components_last.derivatives(lambda F, g, _y, _x, ndim: F(components_first)(g, ndim=_x.ndim))


class MixtureOps(NamedTuple):
    """What :func:`mixture_ops` makes. All but x and the weights are as in :class:`FamilyOps`.

    Attributes:
        log_prob: ``(x, logit, loc, scale, *shapes, given, careful)``, log p(x); the logits are log-weights up
            to a constant.
        tail: ``(x, p, loc, scale, *shapes, given, upper)``, the mean of the components' P(X <= x) or, if
            ``upper``, of P(X > x), by the weights p; components of weight 0 are ignored, even if nan.
        responsibilities: ``(x, log_p, loc, scale, *shapes, given)``, the shares of the components in p(x), x
            having an axis of length 1 for them.
    """

    log_prob: Any
    tail: Any
    responsibilities: Any


@functools.cache
def mixture_ops(standard: type[Standard]) -> MixtureOps:
    """The ops of mixtures of a location-scale family; their components are on the last axis of all but x."""
    name = standard.__name__.lower()
    arrays = ("loc", "scale", *standard.shapes)
    tail_of = ops_of(standard, LINE).tail.kernel

    @signed(("x", "logit", *arrays), "given", "careful")
    def log_prob(xp: Any, x: Any, *args: Any, given: str, careful: bool) -> Any:
        F = raw(xp)
        a, _, _, h, *_ = _exponents(F, standard, x, args, given, careful)
        top = xp.maximum(h.max(axis=0), -LARGEST[is_double(h)])  # finite also if every h is -inf
        y = top + xp.log(xp.exp(h - top).sum(axis=0)) - xp.log(xp.exp(a).sum(axis=0))
        return y if standard.shapes else y - standard.value("log_norm", F)

    def log_prob_rule(F: Any, needs: Any, g: Any, args: tuple[Any, ...], given: str, careful: bool) -> Any:
        x, *args = args
        a, z, shapes, h, over, by = _exponents(F, standard, x, args, given, careful)
        r = F.exp(h - F.maximum(h.max(axis=0), -LARGEST[is_double(h)]))
        total = r.sum(axis=0)  # at least 1, but 0 if every h is -inf
        # Below 1e-30 they are taken as 0: what follows from them might be among the smallest numbers there
        # are, which take a CPU a hundred times longer than others, or 0 times infinity.
        seen = r > 1e-30
        r = F.where(seen, r, 0.0) * (g / F.maximum(total, 1.0))
        z = F.where(seen, z, 0.0)
        d_loc = over(r * standard.slope(F, z, *shapes)) if needs[0] or needs[2] else None
        found = [
            _by_logit(F, a, r, g * F.minimum(total, 1.0)) if needs[1] else None,
            d_loc,
            by(r * standard.scale_slope(F, z, 1.0, *shapes)) if needs[3] else None,
        ]
        found += [r * slope for slope in standard.shape_slopes(F, z, *shapes)] if shapes else []
        d_x = -d_loc.sum(axis=0) if needs[0] else None
        return d_x, *(None if d is None else F(components_last)(d, ndim=h.ndim) for d in found)

    @signed(("x", "p", *arrays), "given", "upper")
    def tail(xp: Any, x: Any, *args: Any, given: str, upper: bool) -> Any:
        p, *parameters = _first(raw(xp), x, args)
        y = tail_of(xp, x, *parameters, given=given, upper=upper, log=False)
        return xp.where(p == 0, 0, p * y).sum(axis=0) / p.sum(axis=0)  # exactly 1 if every y is

    def tail_rule(F: Any, needs: Any, g: Any, args: tuple[Any, ...], given: str, upper: bool) -> Any:
        x, *args = args
        p, loc, s, *shapes = _first(F, x, args)
        total = p.sum(axis=0)
        z = standardize(F, x, F.where(p == 0, 0.0, loc), s, given)
        used = (abs(z) <= LARGEST[is_double(z)]) & (p > 0)
        z = F.where(used, z, 0.0)
        share = F.where(used, g * p / total, 0.0) * (-1 if upper else 1)
        slope = share * standard.density(F, z, *shapes)
        d_loc = over_scale(F, -slope, s, given)
        found = [None, d_loc, by_given(F, -slope * z, s, given)]
        if shapes:
            slopes = standard.tail_slopes(F, z, *shapes, upper=upper, log=False)
            found += [abs(share) * d for d in slopes] if upper else [share * d for d in slopes]
        if needs[1]:
            y = F(ops_of(standard, LINE).tail)(x, loc, s, *shapes, given=given, upper=upper, log=False)
            y = F.where(p == 0, 0.0, y)
            found[0] = g / total * (y - (p * y).sum(axis=0) / total)
        return -d_loc.sum(axis=0), *(None if d is None else F(components_last)(d, ndim=z.ndim) for d in found)

    @signed(("x", "log_p", *arrays), "given")
    def responsibilities(
        xp: Any, x: Any, log_p: Any, loc: Any, s: Any, *shapes: Any, given: str
    ) -> Any:  # differences of large exponents decide: they are taken as double words, and so is z
        F = raw(xp)
        z, residual = standardize_double(F, x, loc, s, given)
        k, k_lo = standard.log_kernel_double(F, z, *shapes)
        k_lo = k_lo - finite_correction.kernel(xp, residual * standard.slope(F, z, *shapes))
        constant = log_scale(F, s, given) + (standard.value("log_norm", F, *shapes) if shapes else 0.0)
        h, lo = two_sum(xp, log_p - constant, k)
        lo = xp.where(abs(h) < float("inf"), lo + k_lo, 0)
        top = h.argmax(axis=-1)[..., None]
        d, d_lo = two_sum(xp, h, -xp.take_along_axis(h, top, axis=-1))
        d_lo = d_lo + (lo - xp.take_along_axis(lo, top, axis=-1))
        possible = d > -float("inf")
        d, d_lo = two_sum(xp, xp.where(possible, d, -1e30), xp.where(possible, d_lo, 0))
        e = xp.exp(d)
        e = e + e * d_lo
        return e / e.sum(axis=-1, keepdims=True)

    def responsibilities_rule(F: Any, needs: Any, g: Any, args: tuple[Any, ...], given: str) -> Any:
        x, log_p, loc, s, *shapes = args
        r = F(made.responsibilities)(*args, given=given)
        t = r * (g - (r * g).sum(axis=-1, keepdims=True))  # the gradient by log w_k p_k
        z = F.where(r > 0, standardize(F, x, loc, s, given), 0.0)
        d_loc = over_scale(F, t * standard.slope(F, z, *shapes), s, given)
        d_s = by_given(F, t * standard.scale_slope(F, z, 1.0, *shapes), s, given)
        d_shapes = [t * slope for slope in standard.shape_slopes(F, z, *shapes)] if shapes else []
        return -d_loc, t, d_loc, d_s, *d_shapes

    made = MixtureOps(
        op_of(log_prob, f"mixture_{name}_log_prob", log_prob_rule),
        op_of(tail, f"mixture_{name}_tail", tail_rule),
        op_of(responsibilities, f"mixture_{name}_responsibilities", responsibilities_rule),
    )
    return made


def _first(F: Any, x: Any, args: Any) -> list[Any]:
    """Weights and parameters with the components on the first axis, before those of x."""
    ndim = max(x.ndim + 1, *(a.ndim for a in args))
    return [F(components_first)(a, ndim=ndim) for a in args]


def _exponents(F: Any, standard: Any, x: Any, args: Any, given: str, careful: bool) -> Any:
    """Logits less their maximum, z, shapes, log w + log p up to a constant, and two rules for derivatives.

    The first rule divides by the scale; the second turns a derivative by log scale into one by what was given.
    """
    logit, loc, s, *shapes = _first(F, x, args)
    a = logit - logit.max(axis=0)
    over: Callable[[Any], Any]
    by: Callable[[Any], Any]
    if careful:
        z, log_s = standardize(F, x, loc, s, given), log_scale(F, s, given)
        over, by = lambda y: over_scale(F, y, s, given), lambda y: by_given(F, y, s, given)
    elif given == "log":
        inverse = F.exp(-s)
        z, log_s = (x - loc) * inverse, s
        over, by = lambda y: y * inverse, lambda y: y
    else:
        scale = F.softplus(s) if given == "softplus" else s
        z, log_s = (x - loc) / scale, F.log(scale)
        over = lambda y: y / scale
        by = over if given == "scale" else lambda y: softplus_slope(F, y, scale)
    h = a + standard.log_kernel(F, z, *shapes) - log_s
    h = h - standard.value("log_norm", F, *shapes) if shapes else h
    return a, z, shapes, h, over, by


def _by_logit(F: Any, a: Any, r: Any, g: Any) -> Any:
    """r - w g, r being the responsibilities times g."""
    w = F.exp(a)
    w = w / w.sum(axis=0)
    d = r - w * g
    heavy = w > 0.5  # there r and w may agree in all digits, but not what the others gain
    return F.where(heavy, -F.where(heavy, 0.0, d).sum(axis=0), d)
