"""Distributions as those of other libraries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .inheritance import formula_bases

#: By class, what makes SciPy's counterpart of a distribution; the classes stand above this module.
scipy_makers: dict[type, Callable[[Any], Any]] = {}


class Conversions:
    """What turns a distribution into another library's."""

    def to_scipy(self) -> Any:
        """The counterpart in ``scipy.stats``, frozen: of the same parameters, as float64 arrays on the host.

        The cdf of SciPy's ``vonmises`` grows by 1 with every turn, and is not 0 at -pi.

        Returns:
            A frozen distribution; of a Categorical and a FiniteDiscrete an ``rv_discrete`` with a table.

        Raises:
            NotImplementedError: if SciPy has no counterpart, or none for a batch.

        >>> import numpy as np, pdist.distributions as D
        >>> D.Gamma(k=np.array(2.0), theta=3.0).to_scipy().cdf(3.0).round(8).item()
        0.26424112
        """
        for base in formula_bases(type(self)):
            if base in scipy_makers:
                return scipy_makers[base](self)
        raise NotImplementedError(f"{type(self).__name__} has no counterpart in scipy.stats")
