"""Data with weights, checked, on the host: what distributions are fitted to."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd import Variable
from ...backend import library_of, to_cpu
from ...transforms.supports import real


class Data:
    """Values ``[n, *batch]`` in float64, and weights of that shape whose sum over the first axis is 1.

    A value of weight 0 counts for nothing: it is replaced by one that has a weight.

    Attributes:
        values: the values.
        weights: the weights.
        dtype: the floating dtype of the values as given, float64 if they have none.
        owner: the array library they came from.
    """

    levels: tuple[float, ...] = (0.25, 0.5, 0.75)  # of the quantiles that starting points are made from

    def __init__(self, who: str, values: Any, weights: Any = None) -> None:
        self.who = who
        array = values.array if isinstance(values, Variable) else values
        self.owner = library_of(array)
        x = _numbers(who, "data", array)
        if x.ndim < 1 or not len(x):
            raise ValueError(f"{who}: data has shape {x.shape}; expected at least one value")
        self.dtype = x.dtype if x.dtype.kind == "f" and x.dtype.itemsize in (4, 8) else np.dtype(np.float64)
        x = x.astype(np.float64)
        w = np.ones(len(x)) if weights is None else self._checked(weights, x.shape)
        w = w.reshape(w.shape + (1,) * (x.ndim - w.ndim))
        if not np.all(w > 0):
            heaviest = np.expand_dims(w.argmax(axis=0), 0)
            heaviest = np.broadcast_to(heaviest, (1, *x.shape[1:]))
            x = np.where(w > 0, x, np.take_along_axis(x, heaviest, axis=0))
        self.values = x
        self.weights = np.broadcast_to(w / w.sum(axis=0), x.shape)
        self.require(real.test(np, x), "a finite number")

    def _checked(self, weights: Any, shape: tuple[int, ...]) -> np.ndarray:
        """Weights as float64 numbers, each vector of which has a positive one."""
        w = _numbers(self.who, "weights", weights.array if isinstance(weights, Variable) else weights)
        w = w.astype(np.float64)
        if w.shape not in (shape[:1], shape):
            wanted = " or ".join(dict.fromkeys(map(str, (shape[:1], shape))))
            raise ValueError(f"{self.who}: weights has shape {w.shape}; expected {wanted}")
        self._require("weights", w, (w >= 0) & (w < np.inf), "a nonnegative finite number")
        if not (w > 0).any(axis=0).all():
            raise ValueError(f"{self.who}: all weights are 0; expected a positive one")
        return w / w.max(axis=0)

    def require(self, holds: Any, wanted: str) -> None:
        """Raise ValueError where a condition on the values does not hold, naming the first such value."""
        self._require("data", self.values, holds, wanted)

    def _require(self, name: str, array: np.ndarray, holds: Any, wanted: str) -> None:
        wrong = np.argwhere(~np.broadcast_to(holds, array.shape))
        if len(wrong):
            at = tuple(int(i) for i in wrong[0])
            raise ValueError(f"{self.who}: {name}{list(at)} is {array[at]}; expected {wanted}")

    def failure(self, why: str) -> ValueError:
        """The error that the likelihood of these data has no maximum."""
        return ValueError(f"{self.who}: the likelihood of these data has no maximum: {why}")

    @property
    def batch(self) -> tuple[int, ...]:
        """The shape of a batch of distributions, one for each vector of values."""
        return self.values.shape[1:]

    # What closed forms consist of: numbers [*batch] ------------------------------------------------------

    def average(self, y: Any) -> np.ndarray:
        """The weighted mean of ``y``, of the shape of the values."""
        return (self.weights * y).sum(axis=0)

    @property
    def mean(self) -> np.ndarray:
        """The weighted mean."""
        return self.average(self.values)

    @property
    def low(self) -> np.ndarray:
        """The least value."""
        return self.values.min(axis=0)

    @property
    def high(self) -> np.ndarray:
        """The greatest value."""
        return self.values.max(axis=0)

    def quantile(self, p: float) -> np.ndarray:
        """The least value that at least a share ``p`` of the weight lies at or below."""
        order = self.values.argsort(axis=0)
        sums = np.take_along_axis(self.weights, order, axis=0).cumsum(axis=0)
        place = (sums < p - 1e-12).sum(axis=0)[None]
        return np.take_along_axis(self.values, np.take_along_axis(order, place, axis=0), axis=0)[0]

    def thinned(self, most: int = 60) -> Data:
        """Some of the values, the extremes and others evenly by rank: enough to compare starting points."""
        if len(self.values) <= 2 * most:
            return self
        few = object.__new__(Data)
        few.__dict__.update(self.__dict__)
        order = self.values.argsort(axis=0)
        sums = np.take_along_axis(self.weights, order, axis=0).cumsum(axis=0)
        places = np.stack([(sums < (i + 0.5) / most).sum(axis=0) for i in range(most)])
        places[0], places[-1] = 0, len(order) - 1
        few.values = np.take_along_axis(self.values, np.take_along_axis(order, places, axis=0), axis=0)
        few.weights = np.full(few.values.shape, 1 / most)
        return few


def _numbers(who: str, name: str, array: Any) -> np.ndarray:
    """A host array of real numbers; anything else is a TypeError."""
    try:
        x = np.asarray(to_cpu(array))
    except (TypeError, ValueError) as error:
        raise TypeError(f"{who}: {name}: {error}") from None
    if x.dtype.kind not in "fiub":
        raise TypeError(f"{who}: {name} has dtype {x.dtype}; expected real numbers")
    return x
