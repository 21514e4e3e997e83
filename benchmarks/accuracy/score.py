"""Errors of results against true values, in ulps of the result's precision."""

from __future__ import annotations

import dataclasses

import numpy as np

from .cases import Group

# A true value this much smaller than its terms passes through zero there: its relative error then
# reflects the spacing of the inputs, not the formula. Its error in ulps counts all the same.
NEAR_ZERO = 0.01

CAN_CHANGE_SIGN = ("log_prob", "entropy", "mean", "icdf")  # and the gradients


@dataclasses.dataclass
class Score:
    """How the results for one quantity of a group compare with the truth; arrays have the truth's shape.

    Attributes:
        ulps: Error in ulps, NaN where there is nothing to compare or the result is not finite.
        relative: Relative error, NaN as above and where the truth passes through zero.
        nonfinite: Where the result is NaN or infinite although the truth is representable.
        wrong_infinity: Where the truth is infinite, or too large for the precision, and the result is not.
        flushed: Where the truth is subnormal and the result zero: allowed, counted as half an ulp.
        not_zero: Where a gradient is exactly zero and the result is not. There is no natural unit for that
            error, so it is counted here and not in ulps.
    """

    group: Group
    quantity: str
    got: np.ndarray
    remark: str
    ulps: np.ndarray
    relative: np.ndarray
    nonfinite: np.ndarray
    wrong_infinity: np.ndarray
    flushed: np.ndarray
    not_zero: np.ndarray

    @property
    def is_kl(self) -> bool:
        return self.group.kind == "kl"

    @property
    def is_gradient(self) -> bool:
        return self.quantity.startswith("d_")


def score(group: Group, quantity: str, got: np.ndarray, dtype: str, remark: str = "") -> Score:
    """Compares results with the truth.

    An ulp is the spacing of numbers of the precision in the truth's binade, not below that of the subnormals,
    and that at 1 where the truth is exactly zero. An error counts as at most 2^p ulps (p bits of precision),
    which is a relative error of one.
    """
    hi, lo = group.truths[quantity]
    info = np.finfo(dtype)
    gradient = quantity.startswith("d_")

    defined = ~np.isnan(hi)
    # Values beyond the halfway point between the largest number and its would-be successor round to infinity.
    largest = float(info.max) * (1 + 2.0 ** -(info.nmant + 2)) if dtype == "float32" else np.inf
    infinite = defined & (np.abs(hi) >= largest)
    finite = defined & ~infinite
    wrong_infinity = infinite & (got != np.sign(hi) * np.inf)
    nonfinite = finite & ~np.isfinite(got)
    comparable = finite & ~nonfinite

    not_zero = comparable & (hi == 0) & (got != 0) if gradient else np.zeros_like(comparable)
    comparable &= ~not_zero

    truth, rest, answer = (np.where(comparable, a, 0.0) for a in (hi, lo, got))
    error = np.abs((answer - truth) - rest)
    magnitude = np.where(truth == 0, 1.0, np.abs(truth))
    exponent = np.maximum(np.frexp(magnitude)[1] - 1, info.minexp)
    ulps = np.minimum(np.ldexp(error, -(exponent - info.nmant)), 2.0 ** (info.nmant + 1))

    subnormal = (truth != 0) & (np.abs(truth) < float(info.tiny))
    flushed = comparable & subnormal & (answer == 0)
    ulps = np.where(flushed, 0.5, ulps)

    # In the subnormal range a relative error reflects only how few bits are left.
    relative = error / np.maximum(magnitude, float(info.tiny))
    passes = _passes_through_zero(group, quantity)
    return Score(
        group=group,
        quantity=quantity,
        got=got,
        remark=remark,
        ulps=np.where(comparable, ulps, np.nan),
        relative=np.where(comparable & ~passes & ~subnormal, relative, np.nan),
        nonfinite=nonfinite,
        wrong_infinity=wrong_infinity,
        flushed=flushed,
        not_zero=not_zero,
    )


def _passes_through_zero(group: Group, quantity: str) -> np.ndarray:
    """Where a quantity of either sign is small compared with its terms.

    That is, compared with 1 for a log-density (whose terms are logarithms), with the largest component of the
    same case's gradient, and with the largest location for a mean or a quantile.
    """
    hi = group.truths[quantity][0]
    gradient = quantity.startswith("d_")
    if not (gradient or quantity in CAN_CHANGE_SIGN) or not (np.nanmin(hi) < 0 < np.nanmax(hi)):
        return np.zeros(hi.shape, bool)
    if gradient:
        beside = [truth for name, (truth, _) in group.truths.items() if name.startswith("d_")]
    elif quantity in ("mean", "icdf"):
        beside = [group.inputs[name] for name in ("loc", "low", "high") if name in group.inputs]
    else:
        beside = [np.ones(len(hi))]
    largest = np.zeros(len(hi))
    for array in beside:
        size = np.abs(np.where(np.isfinite(array), array, 0)).reshape(len(hi), -1)
        largest = np.maximum(largest, size.max(axis=1, initial=0))
    return np.abs(hi) < NEAR_ZERO * largest.reshape(-1, *[1] * (hi.ndim - 1))
