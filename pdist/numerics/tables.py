"""Tables of K classes on the last axis: lookup, running sums and their inverse, draws."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import functions as F
from ..autograd import Variable, differentiable
from ..backend import library
from .blocks import BLOCK, slices

# One class of each row -------------------------------------------------------------------------------------


def flat_index(xp, label, shape):
    """The positions of the elements of ``label`` in a flattened table of that shape, as integer indices."""
    batch = shape[:-1]
    label = label.astype(np.intp, copy=False)
    return label + xp.arange(math.prod(batch), dtype=np.intp).reshape(batch) * shape[-1] if batch else label


@differentiable
def take_class(xp, table, /, label):
    """table[..., label] for every row; the labels broadcast with the batch axes."""
    return xp.take(table, flat_index(xp, label, table.shape))


@differentiable
def put_class(xp, x, /, label, shape):
    """A table of that shape with each element of x added at its label: the transpose of take_class."""
    table = xp.zeros(math.prod(shape), x.dtype)
    index = xp.broadcast_to(flat_index(xp, label, shape), x.shape)
    if x.shape == shape[:-1]:  # one label per row: no position occurs twice
        table[index.reshape(-1)] = x.reshape(-1)
    else:
        xp.add.at(table, index.reshape(-1), x.reshape(-1))
    return table.reshape(shape)


take_class.derivative(
    table=lambda F, g, like_table, label: F(put_class)(g, label=label, shape=like_table.shape)
)
put_class.derivative(x=lambda F, g, label: F(take_class)(g, label=label))

# Running sums ----------------------------------------------------------------------------------------------


@differentiable
def running_sums(xp, x):
    """Running sums over the classes, in blocks: errors grow with the root of their number; monotone."""
    batch, k = x.shape[:-1], x.shape[-1]
    width = math.isqrt(k) + 1
    if k < 32:
        return xp.cumsum(x, axis=-1)
    count = -(-k // width)
    padded = xp.concatenate([x, xp.zeros((*batch, count * width - k), x.dtype)], axis=-1)
    sums = xp.cumsum(padded.reshape(*batch, count, width), axis=-1)
    before = xp.cumsum(sums[..., :-1, -1:], axis=-2)
    sums = xp.concatenate([sums[..., :1, :], sums[..., 1:, :] + before], axis=-2)
    return sums.reshape(*batch, count * width)[..., :k]


running_sums.derivative(x=lambda F, g: F.flip(F(running_sums)(F.flip(g, -1)), -1))


@differentiable
def log_running_sums(xp, a):
    """log(running sums of e^a), also where these underflow, in log2(K) passes."""
    step = 1
    while step < a.shape[-1]:
        a = xp.concatenate([a[..., :step], xp.logaddexp(a[..., step:], a[..., :-step])], axis=-1)
        step *= 2
    return a


def _log_sums_rule(F, g, y, a):
    """sum over k >= j of g_k e^(a_j - y_k), in log space by the sign of g: no exponential overflows."""
    parts = []
    for part in (g, -g):
        some = (part > 0) & (y > -math.inf)
        log = F.where(some, F.log(F.where(some, part, 1.0)) - F.where(some, y, 0.0), -math.inf)
        sums = F.flip(F(log_running_sums)(F.flip(log, -1)), -1)
        some = (sums > -math.inf) & (a > -math.inf)
        parts.append(F.where(some, F.exp(F.where(some, a, 0.0) + F.where(some, sums, 0.0)), 0.0))
    return parts[0] - parts[1]


log_running_sums.derivative(a=_log_sums_rule)


def capped_sums(p: Variable, above: bool = False) -> Variable:
    """P(X <= k) of every class k, or P(X >= k), limited to 1 in case of rounding."""
    y = F.flip(running_sums(F.flip(p, -1)), -1) if above else running_sums(p)
    return y + y.xp.minimum(1 - y.array, 0)


def tail_by_table(method: str, p: Variable, log_p: Variable, label: Any) -> Variable:
    """P(X <= k) or P(X > k) at labels k, or its logarithm: near 1 from the other one, else in log space.

    Args:
        method: ``"cdf"``, ``"survival_function"``, ``"log_cdf"`` or ``"log_survival_function"``.
        p: the probabilities, of shape ``[*batch, K]``.
        log_p: their logarithms, accurate also where p underflows.
        label: an array of integers from 0, of shape ``[..., *batch]``; for the last class P(X > k) is not
            0, as it should be.

    Returns:
        A Variable of the shape of ``label``.
    """
    last = p.shape[-1] - 1
    label = p.xp.minimum(label.astype(np.intp), last)
    places = {False: label, True: p.xp.minimum(label + 1, last)}  # P(X > k) is P(X >= k + 1)
    above = "survival" in method
    tail = take_class(capped_sums(p, above), label=places[above])
    if "log" not in method:
        return tail
    other = take_class(capped_sums(p, not above), label=places[not above])
    sums = F.flip(log_running_sums(F.flip(log_p, -1)), -1) if above else log_running_sums(log_p)
    near_one = (tail.array > 0.5) & (other.array < 1)  # except where no class is left
    log_tail = take_class(sums, label=places[above])
    return F.where(near_one, F.log1p(-F.where(near_one, other, 0.0)), log_tail)


# Inverting a running sum -----------------------------------------------------------------------------------


def first_class(xp, cumulative, u):
    """The first class whose cumulative weight is not below u, by bisection of all rows at once.

    Args:
        xp: the namespace.
        cumulative: of shape ``[R, K]``.
        u: of shape ``[..., R]``.
    """
    rows, k = cumulative.shape
    size = 1 << (k - 1).bit_length()  # the smallest power of 2 that is not below k
    ends = xp.full((rows, size), math.inf, cumulative.dtype)
    ends[:, : k - 1] = cumulative[:, :-1]
    ends = ends.reshape(-1)
    start = xp.arange(rows, dtype=np.intp) * size
    at = xp.zeros(u.shape, np.intp) + start
    step = size // 2
    while step:
        at += (u > xp.take(ends[step - 1 :], at)) * step
        step //= 2
    return at - start


def quantile_class(xp, cumulative, u):
    """:func:`first_class` of rows that broadcast with u, in the dtype of u; nan for u outside [0, 1].

    Args:
        xp: the namespace.
        cumulative: of shape ``[*batch, K]``.
        u: of shape ``[..., *batch]``, or one that broadcasts with it.
    """
    *batch, k = cumulative.shape
    shape = np.broadcast_shapes(u.shape, tuple(batch))
    lead = len(shape) - len(batch)
    rows = xp.broadcast_to(cumulative, (*shape[lead:], k)).reshape(math.prod(shape[lead:]), k)
    flat = xp.broadcast_to(u, shape).reshape(math.prod(shape[:lead]), len(rows))
    label = first_class(xp, rows, flat).reshape(shape).astype(u.dtype)
    return xp.where((u >= 0) & (u <= 1), label, math.nan)


def draw_classes(xp, weights, shape, rng):
    """Labels drawn with probabilities proportional to weights, as integer indices.

    Sums and uniforms have 53 bits: with the 24 of float32, classes of less than 1e-7 would occur too often or
    never. On the host they are drawn in blocks that fit into the cache.

    Args:
        xp: the namespace.
        weights: of shape ``[*batch, K]``, not negative.
        shape: the shape of the result, which ends with ``batch``.
        rng: the generator.
    """
    weights = weights.reshape(math.prod(weights.shape[:-1]), weights.shape[-1])
    rows, k = weights.shape
    labels = xp.empty((math.prod(shape) // rows if rows else 0, rows), np.intp)
    host = library(xp).host
    for r in slices(rows, max(1, BLOCK // k) if host else rows):
        cumulative = xp.cumsum(weights[r], axis=-1, dtype=np.float64)
        for s in slices(len(labels), BLOCK // len(cumulative) + 1 if host else len(labels)):
            # 1 - u is in (0, 1], which no class of weight 0 is the first to reach.
            u = (1 - rng.random(labels[s, r].shape)) * cumulative[:, -1]
            labels[s, r] = first_class(xp, cumulative, u)
    return labels.reshape(shape)
