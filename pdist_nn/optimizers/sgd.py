"""Gradient descent, also with momentum, and RMSprop."""

from __future__ import annotations

from typing import Any

import numpy as np

from .hyperparameters import Hyperparameter
from .optimizer import Optimizer, move_towards


class SGD(Optimizer):
    """Gradient descent: p <- p - lr g."""

    lr = Hyperparameter(0.01, "the learning rate")

    def rates(self, t: Any, h: dict[str, Any], dtype: np.dtype) -> tuple[Any, ...]:
        return (h["lr"].astype(dtype),)

    def step(self, xp: Any, rates: tuple[Any, ...], p: Any, g: Any, *arrays: Any) -> None:
        (lr,), (s,) = rates, arrays
        xp.multiply(g, lr, out=s)
        xp.subtract(p, s, out=p)


class MomentumSGD(Optimizer):
    """Gradient descent with momentum: v <- momentum v - lr g, p <- p + v.

    Source:
        I. Sutskever et al., On the importance of initialization and momentum in deep learning, ICML (2013).
    """

    lr = Hyperparameter(0.01, "the learning rate")
    momentum = Hyperparameter(0.9, "the fraction of the last step that is kept", below=1.0)
    moments = ("v",)
    flushed = ("v",)

    def rates(self, t: Any, h: dict[str, Any], dtype: np.dtype) -> tuple[Any, ...]:
        return h["lr"].astype(dtype), h["momentum"].astype(dtype)

    def step(self, xp: Any, rates: tuple[Any, ...], p: Any, g: Any, *arrays: Any) -> None:
        (lr, momentum), (v, s) = rates, arrays
        xp.multiply(v, momentum, out=v)
        xp.multiply(g, lr, out=s)
        xp.subtract(v, s, out=v)
        xp.add(p, v, out=p)


class RMSprop(Optimizer):
    """Steps divided by a running root mean square.

    ms <- alpha ms + (1 - alpha) g^2
    p <- p - lr g / (sqrt(ms) + eps)

    Source:
        T. Tieleman and G. Hinton, Lecture 6.5, Coursera: Neural Networks for Machine Learning (2012).
    """

    lr = Hyperparameter(0.01, "the learning rate")
    alpha = Hyperparameter(0.99, "the decay of the running mean", below=1.0)
    eps = Hyperparameter(1e-8, "keeps the denominator from zero, added outside the root")
    moments = ("ms",)
    squares = True

    def rates(self, t: Any, h: dict[str, Any], dtype: np.dtype) -> tuple[Any, ...]:
        return h["lr"].astype(dtype), (1 - h["alpha"]).astype(dtype), h["eps"].astype(dtype)

    def step(self, xp: Any, rates: tuple[Any, ...], p: Any, g: Any, *arrays: Any) -> None:
        (lr, forget, eps), (ms, s) = rates, arrays
        xp.multiply(g, g, out=s)
        move_towards(xp, ms, s, forget, s)
        xp.sqrt(ms, out=s)
        xp.add(s, eps, out=s)
        xp.divide(g, s, out=s)
        xp.multiply(s, lr, out=s)
        xp.subtract(p, s, out=p)
