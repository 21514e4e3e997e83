"""Hooks: modifications of gradients before an optimizer uses them.

>>> import pdist_nn
>>> model = pdist_nn.links.Linear(2, 1)
>>> optimizer = pdist_nn.optimizers.SGD().setup(model)
>>> _ = optimizer.add_hook(WeightDecay(1e-4)).add_hook(GradientClipping(1.0))
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def _finite(hook: Any, rate: float) -> float:
    if not math.isfinite(rate):
        raise ValueError(f"{type(hook).__name__}: rate is {rate!r}; expected a finite number")
    return float(rate)


class WeightDecay:
    """Adds ``rate`` times the parameters to their gradients: the gradient of rate |p|^2 / 2.

    Args:
        rate: the factor.
    """

    name = "WeightDecay"

    def __init__(self, rate: float) -> None:
        self.rate = _finite(self, rate)

    def __call__(self, optimizer: Any) -> None:
        for _, p, g in optimizer.active_blocks():
            g += self.rate * p


class Lasso:
    """Adds ``rate`` times the parameters' signs to their gradients: the gradient of rate |p|_1.

    Args:
        rate: the factor.
    """

    name = "Lasso"

    def __init__(self, rate: float) -> None:
        self.rate = _finite(self, rate)

    def __call__(self, optimizer: Any) -> None:
        for xp, p, g in optimizer.active_blocks():
            g += self.rate * xp.sign(p)


class GradientClipping:
    """Scales all gradients together so that their joint L2 norm is at most ``threshold``.

    Correct also if the norm overflows the gradients' dtype; nan and infinite gradients are not hidden.

    Args:
        threshold: the norm above which they are scaled.

    Raises:
        ValueError: if it is not positive.

    Source:
        R. Pascanu et al., On the difficulty of training recurrent neural networks, ICML (2013).
    """

    name = "GradientClipping"

    def __init__(self, threshold: float) -> None:
        if not threshold > 0:
            raise ValueError(f"GradientClipping: threshold is {threshold!r}; expected a positive number")
        self.threshold = float(threshold)

    def __call__(self, optimizer: Any) -> None:
        blocks = [(xp, g) for xp, _, g in optimizer.active_blocks() if g.size]
        with np.errstate(all="ignore"):
            for library in dict.fromkeys(xp for xp, _ in blocks):
                self._clip(library, [g for xp, g in blocks if xp is library])

    def _clip(self, xp: Any, gradients: list[Any]) -> None:
        """Scale the gradients on one library's devices."""
        scale, square = xp.asarray(1.0), 0.0
        if all(g.dtype.itemsize < 8 for g in gradients):
            for g in gradients:  # in float64, where the square of no float32 overflows
                wide = g.astype("float64")
                square = square + xp.dot(wide, wide)
        else:
            for g in gradients:
                largest = abs(g).max().astype("float64")
                scale = largest if g is gradients[0] else xp.maximum(scale, largest)
            scale = xp.where((scale > 0) & (scale < xp.inf), scale, 1.0)
            for g in gradients:  # divided by the largest, no square overflows, and not all underflow
                scaled = g / scale
                square = square + xp.dot(scaled, scaled)
        norm = xp.sqrt(square)  # in units of the scale
        # The root of the factor, applied twice: it is representable in the gradients' dtype even if the
        # factor is not.
        root = xp.sqrt(self.threshold / xp.where(norm == 0, 1.0, norm)) / xp.sqrt(scale)
        root = xp.minimum(root, 1.0)
        for g in gradients:
            g *= root.astype(g.dtype)
            g *= root.astype(g.dtype)


class GradientHardClipping:
    """Clips every element of the gradients to [lower, upper].

    Args:
        lower_bound: the least value.
        upper_bound: the greatest value.

    Raises:
        ValueError: if the bounds are not in order.
    """

    name = "GradientHardClipping"

    def __init__(self, lower_bound: float, upper_bound: float) -> None:
        if not lower_bound <= upper_bound:
            raise ValueError(f"GradientHardClipping: the bounds are {lower_bound!r} and {upper_bound!r}")
        self.lower_bound, self.upper_bound = float(lower_bound), float(upper_bound)

    def __call__(self, optimizer: Any) -> None:
        for xp, _, g in optimizer.active_blocks():
            xp.clip(g, self.lower_bound, self.upper_bound, out=g)
