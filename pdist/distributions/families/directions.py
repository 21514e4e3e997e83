"""Distributions of unit vectors about a mean direction."""

from __future__ import annotations

from typing import Any

from ... import functions as F
from ...autograd import Variable, as_variable
from ...numerics.spherical import gap_between
from ...transforms.supports import positive, unit_vector
from ..base.distribution import Distribution
from ..base.parameters import Param


class Directions(Distribution):
    """Unit vectors in d dimensions whose density depends on the angle to a mean direction alone.

    A subclass states ``_log_density(gap)`` of 1 - loc.x, ``_mean_part()``, which is E[loc.x], ``_entropy``,
    and ``_shares(shape, rng)``, draws of v = (1 - loc.x)/2 and their complements.
    """

    loc = Param(unit_vector, event_ndim=1)
    concentration = Param(positive)
    support = unit_vector

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.loc.shape[-1] < 2:
            raise ValueError(
                f"{type(self).__name__}: loc has shape {self.loc.shape}; expected 2 or more elements"
            )

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The number of dimensions."""
        return self.loc.shape[-1:]

    def _log_prob(self, x: Variable) -> Variable:
        return self._log_density(gap_between(x, self.loc))

    def _mean(self) -> Variable:
        return self._mean_part()[..., None] * self.loc

    def _mode(self) -> Variable:
        return self.loc

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        """Along loc, and along noise without its part along loc."""
        v, u = self._shares(shape, rng)
        across = as_variable(rng.standard_normal(shape + self.event_shape, dtype=self.dtype))
        for _ in range(2):  # once more, since noise may happen to lie along loc
            across = across - F.sum(across * self.loc, axis=-1, keepdims=True) * self.loc
            across = across / F.sqrt(F.sum(across * across, axis=-1, keepdims=True))
        return (u - v)[..., None] * self.loc + (2 * F.sqrt(v * u))[..., None] * across

    if False:  # what a subclass states

        def _log_density(self, gap: Variable) -> Variable: ...
        def _mean_part(self) -> Variable: ...
        def _shares(self, shape: tuple[int, ...], rng: Any) -> tuple[Variable, Variable]: ...
