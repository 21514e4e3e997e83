"""Batches of distributions: copies, expansion, indexing, and transfers between devices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable
from ...backend import to_cpu, to_gpu
from .construction import Declared


class Batched(Declared):
    """A batch of distributions, whose parameters can be mapped to make another batch."""

    _pairs_only: bool

    def copy(self, **overrides: Any) -> Any:
        """The same distribution with some parameters or options replaced.

        Args:
            **overrides: by name; an alternative (``log_scale``) replaces the given parameter (``scale``).

        >>> import pdist.distributions as D
        >>> D.Normal([0.0, 1.0], 2.0).copy(log_scale=0.0)
        Normal(loc=[0.0, 1.0], log_scale=0.0)
        """
        overrides = {name: value for name, value in overrides.items() if value is not None}
        replaced = {
            name
            for choice in self._alternatives
            for name in choice
            if not overrides.keys().isdisjoint(choice)
        }
        kept = {name: value for name, value, _ in self._members() if name not in replaced}
        kept.update({name: self.__dict__[name] for name in self._plan.options})
        given = {**kept, **overrides}
        names = [*self.parts, *self.parameters, *given]  # as they are declared
        return self._as_strict(type(self)(**{name: given[name] for name in names if name in given}))

    def _map(self, function: Callable[[Any, int], Any]) -> Any:
        """The distribution with ``function`` applied to each parameter and part; nothing is checked.

        Args:
            function: gets a Variable or a Distribution, and the number of its last (batch) axes that belong
                to one distribution of the whole.
        """
        new = object.__new__(type(self))
        members = {name: function(value, n) for name, value, n in self._members()}
        members.update({name: self.__dict__[name] for name in self._plan.options})
        new._take(tuple(members), list(members.values()))
        return self._as_strict(new)

    def _as_strict(self, new: Any) -> Any:
        """``new``, which rejects values that would broadcast the batch if this one does."""
        if self._pairs_only:
            new.__dict__["_pairs_only"] = True
        return new

    def _with_arrays(self, arrays: Iterator[Any]) -> Any:
        """The distribution with other arrays in place of the parameters, in the order of ``params``."""

        def replace(value: Any, _n: int) -> Any:
            if isinstance(value, Batched):
                return value._map(replace)
            return Variable(next(arrays), requires_grad=False)

        return self._map(replace)

    @staticmethod
    def _cast(value: Any, dtype: Any) -> Any:
        if isinstance(value, Batched):
            return value._map(lambda v, n: Batched._cast(v, dtype))
        return value if value.dtype == dtype else F.cast(value, dtype)

    def expand(self, batch_shape: int | tuple[int, ...]) -> Any:
        """The same distribution repeated to a larger batch shape.

        Args:
            batch_shape: a shape that the current one broadcasts to.

        Raises:
            ValueError: if it does not.
        """
        shape = as_shape(f"{type(self).__name__}.expand: batch_shape", batch_shape)
        if not broadcasts(self.batch_shape, shape):
            raise ValueError(
                f"{type(self).__name__}.expand: batch shape {self.batch_shape} does not broadcast to {shape}"
            )
        return self._map(lambda value, n: spread(value, shape, n))

    def __getitem__(self, index: Any) -> Any:
        """Some of the distributions of a batch: ``d[0]``, ``d[:, None]``, ``d[..., 1]``."""
        index = _batch_index(self, index)
        shape = self.batch_shape

        def pick(value: Any, n: int) -> Any:
            value = spread(value, shape, n)
            if isinstance(value, Batched):
                return value[(*index, *(slice(None),) * n)]
            return F.get_item(value, index)

        try:
            return self._map(pick)
        except IndexError as error:
            who = type(self).__name__
            raise IndexError(f"{who}: index {index} does not fit batch shape {shape}: {error}") from None

    def __len__(self) -> int:
        if not self.batch_shape:
            raise TypeError(f"{type(self).__name__} with batch shape () has no length")
        return self.batch_shape[0]

    def __bool__(self) -> bool:
        return True  # also without a length, or with length 0

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def to_cpu(self) -> Any:
        """The same distribution with its parameters on the host, without their graph."""
        return self._map(lambda v, n: v.to_cpu() if isinstance(v, Batched) else _moved(v, to_cpu(v._array)))

    def to_gpu(self, device: int | None = None) -> Any:
        """The same distribution with its parameters on a CUDA device, without their graph."""
        return self._map(
            lambda v, n: v.to_gpu(device) if isinstance(v, Batched) else _moved(v, to_gpu(v._array, device))
        )


def as_shape(what: str, shape: int | tuple[int, ...]) -> tuple[int, ...]:
    if isinstance(shape, (int, np.integer)):
        shape = (int(shape),)
    if not isinstance(shape, (tuple, list)) or not all(isinstance(n, (int, np.integer)) for n in shape):
        raise TypeError(f"{what} is {shape!r}; expected a length or a tuple of lengths")
    if any(n < 0 for n in shape):
        raise ValueError(f"{what} is {tuple(shape)}; expected no negative length")
    return tuple([int(n) for n in shape])


def broadcasts(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Whether ``shape`` broadcasts to exactly ``target``."""
    lead = len(target) - len(shape)
    return lead >= 0 and all(n in (1, m) for n, m in zip(shape, target[lead:], strict=True))


def spread(value: Any, shape: tuple[int, ...], n: int) -> Any:
    """A parameter or part, whose last ``n`` axes belong to one distribution, broadcast to a batch shape."""
    present = value.batch_shape if isinstance(value, Batched) else value.shape
    target = shape + present[len(present) - n :]
    if present == target:
        return value
    return value.expand(target) if isinstance(value, Batched) else F.broadcast_to(value, target)


def _moved(value: Variable, array: Any) -> Variable:
    if array is value._array:
        return value
    return Variable(array, name=value.name, requires_grad=value.requires_grad)


def _batch_index(dist: Batched, index: Any) -> tuple[Any, ...]:
    """``index`` completed to cover all batch axes and no others."""
    index = index if isinstance(index, tuple) else (index,)
    index = tuple(np.asarray(i) if isinstance(i, list) else i for i in index)
    used = sum(_axes_used(i) for i in index)
    n = len(dist.batch_shape)
    if used > n:
        raise IndexError(
            f"{type(dist).__name__}: too many indices: {used} for batch shape {dist.batch_shape}"
        )
    rest = (slice(None),) * (n - used)
    dots = [k for k, i in enumerate(index) if i is Ellipsis]
    if len(dots) > 1:
        raise IndexError(f"{type(dist).__name__}: index {index}; expected at most one '...'")
    at = dots[0] if dots else len(index)
    return (*index[:at], *rest, *index[at + 1 :])


def _axes_used(i: Any) -> int:
    """The number of axes that one entry of an index covers."""
    if i is None or i is Ellipsis:
        return 0
    dtype = getattr(i, "dtype", None)
    return i.ndim if dtype is not None and dtype.kind == "b" else 1
