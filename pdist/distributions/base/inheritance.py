"""The formulas that hold for a subclass: those of its bases, unless it defines its own."""

from __future__ import annotations

from typing import Any

# The names that determine a distribution's density, tails, draws or moments, whether or not a base has them.
_FORMULAS = frozenset(
    {"standard", "scales", "loc_name", "reparameterized", "support", "masked", "event_shape"}
    | {"_accepts", "_inside", "_breakpoints", "_components"}
    | {"log_prob", "prob", "cdf", "log_cdf", "survival_function", "log_survival_function", "icdf", "sample"}
    | {"_log_prob", "_cdf", "_log_cdf", "_survival_function", "_log_survival_function", "_icdf", "_sample"}
    | {"entropy", "mean", "mode", "median", "variance", "stddev", "covariance", "skewness", "kurtosis"}
    | {"_entropy", "_mean", "_mode", "_median", "_variance", "_stddev", "_covariance"}
    | {"_skewness", "_kurtosis", "_moment", "_isf"}
)
_HARMLESS = frozenset({"copy", "expand", "to_cpu", "to_gpu", "params", "rsample", "sample_n", "perplexity"})


def formula_bases(cls: type) -> list[type]:
    """``cls`` and those of its bases whose formulas hold for it, nearest first.

    A class that defines a density, a support, or anything else that formulas depend on, hides its bases: a
    Normal with a modified ``_log_prob`` is not a Normal. A class that adds a constructor, a docstring or
    methods with other names hides nothing.
    """
    found = []
    order = cls.__mro__
    for i, base in enumerate(order):
        found.append(base)
        if states_formula(base, order[i + 1 :]):
            break
    return found


def states_formula(cls: type, behind: tuple[type, ...]) -> bool:
    """Whether ``cls`` itself defines a formula, or replaces something that the classes ``behind`` it use."""
    return any(
        name in _FORMULAS
        or (
            not (name.startswith("__") or name in _HARMLESS)
            and _computes(value)
            and any(name in vars(base) for base in behind)
        )
        for name, value in vars(cls).items()
    )


def _computes(value: Any) -> bool:
    """Whether an entry of a class body is a method, a property or a declaration."""
    return callable(value) or hasattr(value, "__get__")
