"""Hooks: what happens to gradients before an optimizer uses them.

>>> import pdist_nn
>>> model = pdist_nn.links.Linear(2, 1)
>>> optimizer = pdist_nn.optimizers.SGD().setup(model)
>>> _ = optimizer.add_hook(WeightDecay(1e-4)).add_hook(GradientClipping(1.0))
"""

from __future__ import annotations

from typing import Any


class WeightDecay:
    """Adds ``rate`` times the parameters to their gradients: the gradient of rate |p|^2 / 2."""

    name = "WeightDecay"

    def __init__(self, rate: float) -> None:
        self.rate = float(rate)

    def __call__(self, optimizer: Any) -> None:
        for _, p, g in optimizer.active_blocks():
            g += self.rate * p


class Lasso:
    """Adds ``rate`` times the parameters' signs to their gradients: the gradient of rate |p|_1."""

    name = "Lasso"

    def __init__(self, rate: float) -> None:
        self.rate = float(rate)

    def __call__(self, optimizer: Any) -> None:
        for xp, p, g in optimizer.active_blocks():
            g += self.rate * xp.sign(p)


class GradientClipping:
    """Scales all gradients together so that their joint L2 norm is at most ``threshold``.

    Source:
        R. Pascanu et al., On the difficulty of training recurrent neural networks, ICML (2013).
    """

    name = "GradientClipping"

    def __init__(self, threshold: float) -> None:
        if not threshold > 0:
            raise ValueError(f"GradientClipping: threshold is {threshold!r}; expected a positive number")
        self.threshold = float(threshold)

    def __call__(self, optimizer: Any) -> None:
        blocks = list(optimizer.active_blocks())
        largest: dict[Any, Any] = {}
        for xp, _, g in blocks:
            if g.size:
                largest[xp] = xp.maximum(largest.get(xp, 0.0), abs(g).max().astype("float64"))
        # Divided by the largest, no square overflows, nor do all of them underflow.
        scales = {xp: xp.where((a > 0) & (a < xp.inf), a, 1.0) for xp, a in largest.items()}
        squares: dict[Any, Any] = {}
        for xp, _, g in blocks:
            if g.size:
                squares[xp] = squares.get(xp, 0.0) + xp.sum(xp.square(g / scales[xp]))
        for xp, _, g in blocks:
            if g.size:
                norm = xp.sqrt(squares[xp])  # in units of the largest
                rate = xp.minimum(self.threshold / scales[xp] / xp.where(norm > 0, norm, 1.0), 1.0)
                # The root twice: float32 holds it where it does not hold the rate.
                root = xp.sqrt(rate).astype(g.dtype)
                g *= root
                g *= root


class GradientHardClipping:
    """Clips every element of the gradients to [lower, upper]."""

    name = "GradientHardClipping"

    def __init__(self, lower_bound: float, upper_bound: float) -> None:
        if not lower_bound <= upper_bound:
            raise ValueError(f"GradientHardClipping: the bounds are {lower_bound!r} and {upper_bound!r}")
        self.lower_bound, self.upper_bound = float(lower_bound), float(upper_bound)

    def __call__(self, optimizer: Any) -> None:
        for xp, _, g in optimizer.active_blocks():
            xp.clip(g, self.lower_bound, self.upper_bound, out=g)
