"""How one distribution is tested."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .. import distributions as D
from . import strategies


@dataclass(frozen=True, eq=False)
class Entry:
    """How one distribution is tested.

    Args:
        cls: the class.
        name: its name in tests; by default the class's name. A class may have several entries.
        elements: strategies for the elements of single parameters, if the default ones for their supports
            are too wide for quadrature, or if one parameter bounds another.
        options: strategies for the settings that are not arrays.
        adjust: makes the drawn parameters consistent: takes and returns a dict by name.
        make: instead of all these, a function of the arguments of :func:`strategies.parameters` that
            returns a strategy of distributions: for wrappers.
        twin: makes the frozen ``scipy.stats`` distribution from a namespace with the parameters of one
            member.
        lacks: the properties that do not apply to it; a test checks that they indeed do not.
        extended: tells which values outside the support have a density nevertheless.
        gentle: like ``make``, for distributions whose samples' gradients have a moderate variance, for the
            check of their mean.
        most: the greatest length of an event axis, if quadrature is not feasible beyond.
        least: the least length, if one element is too few.
    """

    cls: type[D.Distribution]
    name: str = ""
    elements: Mapping[str, SearchStrategy[float]] = field(default_factory=dict)
    options: Mapping[str, SearchStrategy[Any]] = field(default_factory=dict)
    adjust: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    make: Callable[..., SearchStrategy[D.Distribution]] | None = None
    twin: Callable[[Any], Any] | None = None
    lacks: frozenset[str] = frozenset()
    extended: Callable[[np.ndarray], Any] | None = None
    gentle: Callable[..., SearchStrategy[D.Distribution]] | None = None
    most: int = 4
    least: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name or self.cls.__name__)

    def distributions(self, gently: bool = False, **wishes: Any) -> SearchStrategy[D.Distribution]:
        """Distributions of this entry.

        Args:
            gently: only those for which Monte Carlo estimates of gradients converge.
            **wishes: ``dtype``, ``batch_shape``, ``size``, ``edges`` and ``min_side`` of
                :func:`strategies.parameters`.
        """
        if gently and self.gentle is not None:
            return self.gentle(**wishes)
        if self.make is not None:
            return self.make(**wishes)
        drawn = strategies.parameters(
            self.cls, elements=self.elements, most=self.most, least=self.least, **wishes
        )
        return st.builds(self._build, drawn, st.fixed_dictionaries(dict(self.options)))

    def _build(self, parameters: dict[str, Any], options: dict[str, Any]) -> D.Distribution:
        if self.adjust is not None:
            parameters = self.adjust(parameters)
        return self.cls(**{n: strategies.on_device(v) for n, v in parameters.items()}, **options)


__all__ = ["Entry"]
