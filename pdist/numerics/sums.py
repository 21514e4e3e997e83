"""Sums over the last axis as double words, by halves: in log2(K) passes, each exact."""

from __future__ import annotations

from .beta import add_double


def sum_last(xp, hi, lo):
    """The sum of double words over the last axis, as a double word."""
    n = hi.shape[-1]
    if n == 0:
        return hi.sum(axis=-1), lo.sum(axis=-1)
    while n > 1:
        half = n // 2
        y = add_double(
            xp, (hi[..., :half], lo[..., :half]), (hi[..., half : 2 * half], lo[..., half : 2 * half])
        )
        odd = n % 2
        hi, lo = (
            xp.concatenate([s, a[..., n - 1 :]], axis=-1) if odd else s
            for s, a in zip(y, (hi, lo), strict=True)
        )
        n = half + odd
    return hi[..., 0], lo[..., 0]
