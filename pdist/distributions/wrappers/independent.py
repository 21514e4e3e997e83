"""Independent: batch axes of a distribution as axes of one draw."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable
from ...backend import get_array_module
from ...transforms.supports import Support
from ..base.distribution import Distribution
from ..base.inheritance import formula_bases
from ..base.parameters import Option, Part


class Independent(Distribution):
    r"""Several independent distributions as one: some batch axes become axes of the event.

    .. math:: \log p(x) = \sum_i \log p_i(x_i)

    Args:
        distribution: any distribution, of batch shape ``[*batch, *parts]`` and event shape ``[*inner]``. The
            result has batch shape ``[*batch]`` and event shape ``[*parts, *inner]``.
        reinterpreted_batch_ndims: the number of its last batch axes that become event axes; by default all
            except the first.

    ``cdf`` is P(X <= x in every element), and ``survival_function`` P(X > x in every element): the products
    over the parts. There is no ``icdf`` unless a draw is a number: over no axes it is the distribution
    itself. ``covariance`` is a matrix over the flattened event, with a block for each part.

    Raises:
        ValueError: if there are fewer batch axes than asked for.

    Source:
        Chainer's ``chainer.distributions.Independent``.

    >>> import numpy as np
    >>> from pdist.distributions import Normal
    >>> d = Independent(Normal(np.zeros((2, 3)), 1.0))
    >>> d.batch_shape, d.event_shape
    ((2,), (3,))
    >>> d.log_prob(np.zeros((2, 3))).array
    array([-2.7568156, -2.7568156])
    """

    distribution = Part(batch_ndim=lambda self: self.reinterpreted_batch_ndims)
    reinterpreted_batch_ndims = Option(None)
    masked = False

    def __init__(self, distribution: Distribution, reinterpreted_batch_ndims: int | None = None) -> None:
        if isinstance(distribution, Distribution):
            ndim = len(distribution.batch_shape)
            if reinterpreted_batch_ndims is None:
                reinterpreted_batch_ndims = max(0, ndim - 1)
            if not isinstance(reinterpreted_batch_ndims, int) or not 0 <= reinterpreted_batch_ndims <= ndim:
                raise ValueError(
                    f"Independent: reinterpreted_batch_ndims is {reinterpreted_batch_ndims!r}; expected an "
                    f"integer from 0 to {ndim}: distribution has batch shape {distribution.batch_shape}"
                )
        super().__init__(distribution=distribution, reinterpreted_batch_ndims=reinterpreted_batch_ndims)

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The shape of one draw: that of the parts, then that of one part's draw."""
        return self._parts_shape + self.distribution.event_shape

    @property
    def _parts_shape(self) -> tuple[int, ...]:
        shape = self.distribution.batch_shape
        return shape[len(shape) - self.reinterpreted_batch_ndims :]

    @property
    def support(self) -> Support:
        """The inner distribution's, of every part."""
        return self.distribution.support.over(self.reinterpreted_batch_ndims)

    @property
    def params(self) -> dict[str, Variable]:
        """The inner distribution's parameters as they were given, by name."""
        return self.distribution.params

    @property
    def _factors(self) -> tuple[Distribution, int] | None:
        """The distribution inside all nested Independents, and the total number of its reinterpreted axes."""
        if Independent not in formula_bases(type(self)):
            return None
        inner, n = self.distribution._unwrapped(), self.reinterpreted_batch_ndims
        return (inner._factors[0], inner._factors[1] + n) if inner._factors else (inner, n)

    def _unwrapped(self) -> Distribution:
        """The inner distribution, if over no axes."""
        if self.reinterpreted_batch_ndims or Independent not in formula_bases(type(self)):
            return self
        return self.distribution._unwrapped()

    def _components(self) -> list[Distribution]:
        inner = self._unwrapped()
        return [self] if inner is self else inner._components()

    def _sum(self, y: Variable) -> Variable:
        n = self.reinterpreted_batch_ndims
        return F.sum(y, axis=tuple(range(-n, 0))) if n else y

    def _product(self, y: Variable) -> Variable:
        n = self.reinterpreted_batch_ndims
        if not n:
            return y
        return F.prod(y.reshape((*y.shape[:-n], math.prod(self._parts_shape))), axis=-1)

    def _log_prob(self, x: Variable) -> Variable:
        y = self._sum(self.distribution.log_prob(x))
        impossible = y._array == -math.inf
        if type(impossible) is np.ndarray and not np.count_nonzero(impossible):
            return y  # on the host: no event is outside
        return F.where(impossible, -math.inf, y)  # without gradients, also of the parts that are inside

    def _cdf(self, x: Variable) -> Variable:
        return self._product(self.distribution.cdf(x))

    def _log_cdf(self, x: Variable) -> Variable:
        return self._sum(self.distribution.log_cdf(x))

    def _survival_function(self, x: Variable) -> Variable:
        return self._product(self.distribution.survival_function(x))

    def _log_survival_function(self, x: Variable) -> Variable:
        return self._sum(self.distribution.log_survival_function(x))

    def _icdf(self, p: Variable) -> Variable:
        """Only called over no axes, for numbers."""
        return self.distribution.icdf(p)

    def _entropy(self) -> Variable:
        return self._sum(self.distribution.entropy)

    def _mean(self) -> Variable:
        return self.distribution.mean

    def _mode(self) -> Variable:
        return self.distribution.mode

    def _median(self) -> Variable:
        return self.distribution.median

    def _variance(self) -> Variable:
        return self.distribution.variance

    def _stddev(self) -> Variable:
        return self.distribution.stddev

    def _covariance(self) -> Variable:
        """One block per part on the diagonal: ``[*batch, N, N]`` if a draw has N elements."""
        inner = self.distribution.covariance
        batch, parts, event = (
            self.batch_shape,
            math.prod(self._parts_shape),
            math.prod(self.distribution.event_shape),
        )
        blocks = inner.reshape((*batch, parts, event, 1, event))  # [*batch, part, i, other part, j]
        same = get_array_module(inner).eye(parts, dtype=bool)[:, None, :, None]
        return F.where(same, blocks, 0.0).reshape((*batch, parts * event, parts * event))

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        inner = self.distribution
        sample_shape = shape[: len(shape) - len(self.batch_shape)]
        return inner.sample(sample_shape, rng)
