"""Adam and AdamW."""

from __future__ import annotations

from typing import Any

import numpy as np

from .hyperparameters import Hyperparameter
from .optimizer import Optimizer, move_towards


class Adam(Optimizer):
    """Adam: steps of running means of the gradient, divided by running root mean squares.

    m <- m + (1 - beta1) (g - m)
    v <- v + (1 - beta2) (g^2 - v)
    p <- p - alpha (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)

    This is Algorithm 1 of the paper (and PyTorch's form): eps is added to the root of the *corrected* v.
    Chainer and Keras add it to the root of v itself (the form at the end of the paper's section 2).

    Source:
        D. P. Kingma and J. Ba, Adam: a method for stochastic optimization, ICLR (2015), Algorithm 1.
    """

    alpha = Hyperparameter(0.001, "the learning rate")
    beta1 = Hyperparameter(0.9, "the decay of the mean", below=1.0)
    beta2 = Hyperparameter(0.999, "the decay of the mean square", below=1.0)
    eps = Hyperparameter(1e-8, "keeps the denominator from zero")
    moments = ("m", "v")
    flushed = ("m",)
    squares = True
    rate = "alpha"

    def rates(self, t: Any, h: dict[str, Any], dtype: np.dtype) -> tuple[Any, ...]:
        beta1, beta2 = h["beta1"], h["beta2"]
        # alpha m/c1 / (sqrt(v/c2) + eps) = step m / (sqrt(v) + eps sqrt(c2)): the same with two fewer
        # divisions
        root = (1 - beta2**t) ** 0.5
        step = h["alpha"] * root / (1 - beta1**t)
        return (
            (1 - beta1).astype(dtype),
            (1 - beta2).astype(dtype),
            (h["eps"] * root).astype(dtype),
            step.astype(dtype),
        )

    def step(self, xp: Any, rates: tuple[Any, ...], p: Any, g: Any, *arrays: Any) -> None:
        (forget1, forget2, eps, step, *_), (m, v, s) = rates, arrays
        move_towards(xp, m, g, forget1, s)
        xp.multiply(g, g, out=s)
        move_towards(xp, v, s, forget2, s)
        xp.sqrt(v, out=s)
        xp.add(s, eps, out=s)
        xp.divide(m, s, out=s)
        xp.multiply(s, step, out=s)
        xp.subtract(p, s, out=p)


class AdamW(Adam):
    """Adam with decoupled weight decay: p <- p - eta (Adam's step + weight_decay_rate p), with the old p on
    the right.

    PyTorch's ``AdamW(lr, weight_decay=w)`` is ``AdamW(alpha=lr, weight_decay_rate=lr * w)``.

    Source:
        I. Loshchilov and F. Hutter, Decoupled weight decay regularization, ICLR (2019), Algorithm 2.
    """

    eta = Hyperparameter(1.0, "the factor on the whole step, for schedules")
    weight_decay_rate = Hyperparameter(0.01, "the fraction of the parameters subtracted in a step")
    rate = "eta"

    def rates(self, t: Any, h: dict[str, Any], dtype: np.dtype) -> tuple[Any, ...]:
        forget1, forget2, eps, step = super().rates(t, h, dtype)
        eta = h["eta"]
        keep = (1 - eta * h["weight_decay_rate"]).astype(dtype)
        return forget1, forget2, eps, step * eta.astype(dtype), keep

    def step(self, xp: Any, rates: tuple[Any, ...], p: Any, g: Any, *arrays: Any) -> None:
        xp.multiply(p, rates[4], out=p)
        super().step(xp, rates, p, g, *arrays)
