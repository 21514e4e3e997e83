"""The Deterministic distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable
from ...transforms.supports import Support, real
from ..base.distribution import Distribution
from ..base.parameters import Param
from ..base.weighted_data import Data


class Deterministic(Distribution):
    r"""One number with certainty.

    .. math:: P(x) = [x = v]

    Args:
        value: the number v, of shape ``[*batch]``.

    Samples, quantiles and moments carry gradients to the value. Densities and tails are steps: theirs are 0.

    Source:
        TensorFlow Probability's ``Deterministic``; Pyro's ``Delta``.

    >>> import numpy as np
    >>> d = Deterministic(np.array([0.5, 2.0]))
    >>> d.log_prob(2.0).array
    array([-inf,   0.])
    >>> d.cdf(1.0).array
    array([1., 0.])
    """

    value = Param(real)
    reparameterized = True

    @property
    def support(self) -> Support:
        """The value alone."""
        at = self.value.array
        return Support("{value}", lambda xp, x: x == at, discrete=True, inner=at, low=at, high=at)

    @property
    def _atoms(self) -> Any:
        return self.value.array[..., None]

    def _log_prob(self, x: Variable) -> Variable:
        """Only asked for at the value, or at nan."""
        return 0 * self.value + 0 * x.array

    def _step(self, x: Variable, inside: Any, below: float, above: float) -> Variable:
        dtype = np.result_type(self.dtype, x.dtype) if x.dtype.kind == "f" else self.dtype
        y = self.xp.where(inside, above, below)
        return as_variable(self.xp.where(x.array == x.array, y, math.nan).astype(dtype))

    def _cdf(self, x: Variable) -> Variable:
        return self._step(x, x.array >= self.value.array, 0.0, 1.0)

    def _survival_function(self, x: Variable) -> Variable:
        return self._step(x, x.array >= self.value.array, 1.0, 0.0)

    def _log_cdf(self, x: Variable) -> Variable:
        return self._step(x, x.array >= self.value.array, -math.inf, 0.0)

    def _log_survival_function(self, x: Variable) -> Variable:
        return self._step(x, x.array >= self.value.array, 0.0, -math.inf)

    def _icdf(self, p: Variable) -> Variable:
        return F.where((p.array >= 0) & (p.array <= 1), self.value + 0 * p, math.nan)

    def _mean(self) -> Variable:
        return self.value

    _median = _mode = _mean

    def _entropy(self) -> Variable:
        return 0 * self.value

    _variance = _stddev = _entropy

    def _crps(self, x: Variable) -> Variable:
        return abs(x - self.value)

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        return F.broadcast_to(self.value, shape)

    @classmethod
    def _fitted(cls, data: Data) -> dict[str, Any]:
        data.require(data.values == data.low, f"the same as the others, {data.low}")
        return {"value": data.low}
