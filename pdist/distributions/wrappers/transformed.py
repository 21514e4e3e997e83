"""TransformedDistribution: what a bijection makes of draws."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ... import functions as F
from ...autograd import Variable
from ...backend import random
from ...transforms import Affine, Transform
from ...transforms.base import summed
from ...transforms.supports import Support
from ..base.batching import as_shape
from ..base.distribution import Distribution
from ..base.parameters import Option, Part


class TransformedDistribution(Distribution):
    r"""The distribution of y = f(x) for a bijection f and draws x of another distribution.

    .. math:: \log p(y) = \log p_x(f^{-1}(y)) + \log \left| \det \frac{d f^{-1}(y)}{d y} \right|

    Args:
        base: the distribution of x, of continuous values.
        transform: f, a :class:`pdist.transforms.Transform`. One of numbers maps every element of a vector;
            one of vectors takes the last axis of a draw, which has to be one of the event.

    ``cdf``, ``icdf`` and their partners are there where f is monotone; ``mean``, ``variance`` and ``stddev``
    where it is affine (``moment(n, method="quadrature")`` computes others); ``entropy`` where its
    log-determinant is constant. ``sample_and_log_prob`` gives the log density of its own draws without the
    inverse of f, which may not be able to return them.

    Raises:
        TypeError: if ``transform`` is not a Transform.
        ValueError: if the values of ``base`` are counts, or of too low a rank for it.

    Source:
        TensorFlow Probability's ``TransformedDistribution``, PyTorch's of the same name.

    >>> import numpy as np
    >>> from pdist import distributions as D, transforms as T
    >>> d = TransformedDistribution(D.Normal(np.array(15.0), 1.0), T.Tanh())
    >>> y, log_prob = d.sample_and_log_prob(rng=0)
    >>> y.item(), bool(np.isfinite(log_prob.array))
    (1.0, True)
    """

    base = Part()
    transform = Option(None)
    reparameterized = True
    masked = True

    def __init__(self, base: Distribution, transform: Transform) -> None:
        if not isinstance(transform, Transform):
            raise TypeError(f"TransformedDistribution: transform is {transform!r}; expected a Transform")
        super().__init__(base=base, transform=transform)
        if base.support.discrete:
            raise ValueError(
                f"TransformedDistribution: base is {base!r}, whose values are counts; expected numbers"
            )
        if transform.domain.event_ndim > len(base.event_shape):
            raise ValueError(
                f"TransformedDistribution: {transform!r} takes arrays of {transform.domain.event_ndim} axes, "
                f"and base has event shape {base.event_shape}; wrap it into Independent"
            )

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The shape of f(x)."""
        return self.transform.forward_shape(self.base.event_shape)

    @property
    def support(self) -> Support:
        """What the transform makes of the support of ``base``."""
        transform, inner = self.transform, self.base.support
        codomain = transform.codomain.over(len(self.event_shape) - transform.codomain.event_ndim)
        if inner.name == "real":
            return codomain
        dtype, xp = self.dtype, self.xp

        def contains(xp: Any, y: Any) -> Any:
            inside = codomain.test(xp, y)
            some = xp.where(inside[(..., *(None,) * len(self.event_shape))], y, middle(xp, y))
            return inside & inner.test(xp, transform.inverse(some).array)

        def middle(xp: Any, y: Any) -> Any:
            x = inner.inner(xp, transform.inverse(y).array) if callable(inner.inner) else inner.inner
            return transform.forward(xp.asarray(x, dtype=dtype)).array

        ends = {}
        if transform.increasing is not None and not self.event_shape:
            low, high = (
                transform.forward(xp.asarray(end, dtype=dtype)).array for end in (inner.low, inner.high)
            )
            ends = {"low": low, "high": high} if transform.increasing else {"low": high, "high": low}
        return replace(
            codomain, name=f"image of {inner.name}", test=contains, inner=middle, wanted="", **ends
        )

    def _over(self, log_det: Variable) -> Variable:
        """A log-determinant over all axes of a draw."""
        return summed(log_det, len(self.base.event_shape) - self.transform.domain.event_ndim)

    def _log_prob(self, y: Variable) -> Variable:
        x, log_det = self.transform.inverse_and_log_det(y)
        return self.base.log_prob(x) + self._over(log_det)

    def sample_and_log_prob(
        self, sample_shape: int | tuple[int, ...] = (), rng: Any = None
    ) -> tuple[Variable, Variable]:
        """Draws, and log p of them by the x that they were made of."""
        shape = as_shape("TransformedDistribution.sample_and_log_prob: sample_shape", sample_shape)
        x, log_prob = self.base.sample_and_log_prob(shape, random.as_generator(rng, self.xp))
        y, log_det = self.transform.forward_and_log_det(x)
        return y, log_prob - self._over(log_det)

    # Tails, of numbers through a monotone transform ------------------------------------------------------

    def _monotone(self, method: str) -> bool:
        """Whether f rises."""
        rises = self.transform.increasing
        if rises is None or self.event_shape:
            raise self._no(f"{method}: {self.transform!r} is not monotone")
        return rises

    def _tail(self, y: Variable, lower: str, upper: str) -> Variable:
        """A tail of x: the same one, or the other one if f falls."""
        rises = self._monotone(lower)
        support = self.support
        inside = support.contains(y)
        inner = support.inner(self.xp, y.array) if callable(support.inner) else support.inner
        x = self.transform.inverse(F.where(inside, y, inner))
        at = getattr(self.base, lower if rises else upper)(x)
        empty, full = (-float("inf"), 0.0) if lower.startswith("log") else (0.0, 1.0)
        below = y.array <= support.low
        if "survival" in lower:
            empty, full = full, empty
        outside = self.xp.where(below, empty, self.xp.where(y.array == y.array, full, y.array))
        return F.where(inside, at, outside.astype(at.dtype))

    def _cdf(self, y: Variable) -> Variable:
        return self._tail(y, "cdf", "survival_function")

    def _log_cdf(self, y: Variable) -> Variable:
        return self._tail(y, "log_cdf", "log_survival_function")

    def _survival_function(self, y: Variable) -> Variable:
        return self._tail(y, "survival_function", "cdf")

    def _log_survival_function(self, y: Variable) -> Variable:
        return self._tail(y, "log_survival_function", "log_cdf")

    def _icdf(self, p: Variable) -> Variable:
        return self.transform.forward(self.base.icdf(p) if self._monotone("icdf") else self.base.isf(p))

    def _isf(self, q: Variable) -> Variable:
        return self.transform.forward(self.base.isf(q) if self._monotone("isf") else self.base.icdf(q))

    # Moments ------------------------------------------------------------------------------------------------

    def _affine(self, what: str) -> Affine:
        if not isinstance(self.transform, Affine):
            raise self._no(f"formula for {what}, as {self.transform!r} is not affine")
        return self.transform

    def _mean(self) -> Variable:
        return self._affine("mean").forward(self.base.mean)

    def _variance(self) -> Variable:
        scale = self._affine("variance").scale
        return self.base.variance * scale * scale

    def _stddev(self) -> Variable:
        return self.base.stddev * abs(self._affine("stddev").scale)

    def _median(self) -> Variable:
        if self.transform.increasing is None or self.event_shape:
            raise self._no("median")
        return self.transform.forward(self.base.median)

    def _entropy(self) -> Variable:
        """That of x, and the log-determinant if it is the same everywhere."""
        if not self.transform.constant:
            raise self._no(f"formula for entropy, as the log-determinant of {self.transform!r} varies")
        at = self.base.sample((), 0)
        return self.base.entropy + self._over(self.transform.forward_log_det(at.array))

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        lead = shape[: len(shape) - len(self.batch_shape)]
        return self.transform.forward(self.base.sample(lead, rng))
