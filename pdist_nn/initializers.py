"""Initializers, which fill parameters before training.

An initializer is called with an array and fills it. Its random numbers come from the array's device stream
(``pdist.random.seed``) or from its ``rng``.

Source: LeCun et al., Efficient BackProp (1998); Glorot and Bengio, AISTATS (2010); He et al., ICCV (2015);
Saxe et al., ICLR (2014).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pdist.autograd import as_array, config
from pdist.backend import default_library, get_array_module, library_of, random, to_cpu


def get_fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """The number of inputs and outputs that a weight of ``shape`` connects; its first axis is the outputs.

    >>> get_fans((64, 3, 5, 5))
    (75, 1600)
    """
    if len(shape) < 2:
        raise ValueError(f"get_fans: expected at least 2 axes, (outputs, inputs, ...), got shape {shape}")
    receptive = math.prod(shape[2:])
    return shape[1] * receptive, shape[0] * receptive


def check_floating(who: str, dtype: Any) -> np.dtype:
    """``dtype`` if it is allowed for parameters: float32 or float64.

    Raises:
        TypeError: if it is another one; begins with ``who``.
    """
    found = np.dtype(dtype)
    if found.kind != "f" or found.itemsize not in (4, 8):
        raise TypeError(f"{who}: dtype is {found}; expected float32 or float64")
    return found


class Initializer:
    """Base of all initializers.

    Args:
        dtype: the dtype of the arrays that it makes, float32 or float64; ``pdist.config.dtype`` if None.
        rng: a generator or a seed; by default the device's stream.
    """

    def __init__(self, dtype: Any = None, rng: Any = None) -> None:
        self.dtype = None if dtype is None else check_floating(type(self).__name__, dtype)
        self.rng = rng

    def __call__(self, array: Any) -> None:
        """Fill ``array``."""
        raise NotImplementedError

    def generator(self, array: Any) -> Any:
        """The random generator to draw from."""
        check_floating(type(self).__name__, array.dtype)
        return random.as_generator(self.rng, get_array_module(array))

    def __repr__(self) -> str:
        return type(self).__name__


class Constant(Initializer):
    """Every element ``fill_value``, a number or an array that broadcasts."""

    def __init__(self, fill_value: Any, dtype: Any = None) -> None:
        super().__init__(dtype)
        self.fill_value = fill_value

    def __call__(self, array: Any) -> None:
        value, library = self.fill_value, library_of(array)
        if library is not None and library_of(value) not in (None, library):
            value = library.from_host(to_cpu(value))
        array[...] = value


class Zero(Constant):
    """All zeros."""

    def __init__(self, dtype: Any = None) -> None:
        super().__init__(0.0, dtype)


class One(Constant):
    """All ones."""

    def __init__(self, dtype: Any = None) -> None:
        super().__init__(1.0, dtype)


class NaN(Constant):
    """All nan, which reveals use before a value is set."""

    def __init__(self, dtype: Any = None) -> None:
        super().__init__(math.nan, dtype)


class Identity(Initializer):
    """``scale`` times the identity matrix."""

    def __init__(self, scale: float = 1.0, dtype: Any = None) -> None:
        super().__init__(dtype)
        self.scale = scale

    def __call__(self, array: Any) -> None:
        if array.ndim != 2 or array.shape[0] != array.shape[1]:
            raise ValueError(f"Identity: expected a square matrix, got shape {array.shape}")
        array[...] = get_array_module(array).eye(len(array), dtype=array.dtype) * self.scale


class Normal(Initializer):
    """Independent draws from a Normal with mean 0 and standard deviation ``scale``.

    >>> import numpy as np
    >>> array = np.empty(10000)
    >>> Normal(0.1, rng=0)(array)
    >>> round(float(array.std()), 2)
    0.1
    """

    def __init__(self, scale: float = 0.05, dtype: Any = None, rng: Any = None) -> None:
        super().__init__(dtype, rng)
        self.scale = scale

    def __call__(self, array: Any) -> None:
        array[...] = self.generator(array).standard_normal(array.shape, dtype=array.dtype)
        array *= self.scale


class Uniform(Initializer):
    """Independent draws from a Uniform on (-scale, scale)."""

    def __init__(self, scale: float = 0.05, dtype: Any = None, rng: Any = None) -> None:
        super().__init__(dtype, rng)
        self.scale = scale

    def __call__(self, array: Any) -> None:
        array[...] = self.generator(array).random(array.shape, dtype=array.dtype)
        array -= 0.5
        array *= 2 * self.scale


class _Scaled(Initializer):
    """Draws whose variance is ``scale^2`` times a number that depends on the shape."""

    def __init__(self, scale: float = 1.0, dtype: Any = None, rng: Any = None) -> None:
        super().__init__(dtype, rng)
        self.scale = scale

    def _variance(self, fan_in: int, fan_out: int) -> float:
        raise NotImplementedError

    def stddev(self, shape: tuple[int, ...]) -> float:
        """The standard deviation of its draws for a weight of ``shape``."""
        return self.scale * math.sqrt(self._variance(*get_fans(shape)))


class _ScaledNormal(_Scaled):
    def __call__(self, array: Any) -> None:
        Normal(self.stddev(array.shape), rng=self.generator(array))(array)


class _ScaledUniform(_Scaled):
    def __call__(self, array: Any) -> None:
        Uniform(self.stddev(array.shape) * math.sqrt(3), rng=self.generator(array))(array)


class LeCunNormal(_ScaledNormal):
    """Normal with variance scale^2 / fan_in, which keeps a linear layer's variance: the default of layers."""

    def _variance(self, fan_in: int, fan_out: int) -> float:
        return 1 / max(fan_in, 1)


class LeCunUniform(_ScaledUniform):
    """Uniform with variance scale^2 / fan_in."""

    def _variance(self, fan_in: int, fan_out: int) -> float:
        return 1 / max(fan_in, 1)


class GlorotNormal(_ScaledNormal):
    """Normal with variance 2 scale^2 / (fan_in + fan_out)."""

    def _variance(self, fan_in: int, fan_out: int) -> float:
        return 2 / max(fan_in + fan_out, 1)


class GlorotUniform(_ScaledUniform):
    """Uniform with variance 2 scale^2 / (fan_in + fan_out): the default of Keras."""

    def _variance(self, fan_in: int, fan_out: int) -> float:
        return 2 / max(fan_in + fan_out, 1)


class _He(_Scaled):
    def __init__(
        self, scale: float = 1.0, dtype: Any = None, fan_option: str = "fan_in", rng: Any = None
    ) -> None:
        super().__init__(scale, dtype, rng)
        if fan_option not in ("fan_in", "fan_out"):
            raise ValueError(
                f"{type(self).__name__}: fan_option is {fan_option!r}; expected 'fan_in' or 'fan_out'"
            )
        self.fan_option = fan_option

    def _variance(self, fan_in: int, fan_out: int) -> float:
        return 2 / max(fan_in if self.fan_option == "fan_in" else fan_out, 1)


class HeNormal(_He, _ScaledNormal):
    """Normal with variance 2 scale^2 / fan_in (or fan_out), for layers before a ReLU."""


class HeUniform(_He, _ScaledUniform):
    """Uniform with variance 2 scale^2 / fan_in (or fan_out), for layers before a ReLU."""


class Orthogonal(Initializer):
    """``scale`` times a matrix with orthonormal rows or columns, whichever are fewer, uniform among these."""

    def __init__(self, scale: float = 1.0, dtype: Any = None, rng: Any = None) -> None:
        super().__init__(dtype, rng)
        self.scale = scale

    def __call__(self, array: Any) -> None:
        xp = get_array_module(array)
        if not array.size:
            return
        rows, columns = (array.shape[0], math.prod(array.shape[1:])) if array.ndim else (1, 1)
        draws = self.generator(array).standard_normal((max(rows, columns), min(rows, columns)))
        q, r = xp.linalg.qr(draws)
        q = q * xp.sign(xp.diagonal(r))  # without this q is not uniform
        array[...] = (self.scale * (q if rows >= columns else q.T)).reshape(array.shape)


def get_initializer(initializer: Any, default: Any = None) -> Any:
    """The initializer for an ``initialW=`` argument: the default for None, a number or array itself.

    Args:
        initializer: None, an initializer (any callable that fills an array), a number or an array.
        default: used if it is None; LeCunNormal if that is None too.
    """
    if initializer is None:
        return LeCunNormal() if default is None else default
    return initializer


def generate_array(initializer: Any, shape: Any, xp: Any = None, dtype: Any = None) -> Any:
    """A new array filled by ``initializer``.

    Args:
        initializer: an initializer, number or array.
        shape: a length or a tuple of lengths; that of an array must agree.
        xp: the library of the new array; by default that of :func:`pdist.using_device`.
        dtype: by default that of the initializer, or ``pdist.config.dtype`` if it has none.

    >>> generate_array(1.5, 2)
    array([1.5, 1.5], dtype=float32)
    """
    shape = tuple(shape) if hasattr(shape, "__iter__") else (shape,)
    given = not callable(initializer)
    if given:
        array = as_array(initializer)
        if array.ndim and array.shape != shape:
            raise ValueError(
                f"initializer: an array of shape {array.shape} cannot fill a parameter of shape {shape}"
            )
        own = array.dtype if hasattr(initializer, "dtype") and array.dtype.kind == "f" else None
        initializer = Constant(initializer)
    else:
        own = getattr(initializer, "dtype", None)
    xp = xp or default_library().xp
    who = "initializer" if given else getattr(initializer, "__name__", type(initializer).__name__)
    array = xp.empty(shape, dtype=check_floating(who, dtype or own or config.dtype))
    initializer(array)
    return array


__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LeCunNormal",
    "LeCunUniform",
    "NaN",
    "Normal",
    "One",
    "Orthogonal",
    "Uniform",
    "Zero",
    "check_floating",
    "generate_array",
    "get_fans",
    "get_initializer",
]
