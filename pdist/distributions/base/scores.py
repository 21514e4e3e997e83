"""Scores of forecasts: how far a distribution is from a value that came true."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable
from ...backend import hooks, library, truth
from ...numerics.double import is_double
from ...numerics.panels import gauss_legendre

#: By method, what estimates a score from the distribution and the value; `divergences` has them.
estimates: dict[str, Callable[[Any, Variable], Variable]] = {}


class Scores:
    """The score of a distribution of numbers at a value, from two formulas that the class states.

    ``_deviation(x)`` is E[(m - X) 1{X <= x}] with the mean m: nowhere negative, and 0 at both ends.
    ``_half_difference()`` is E|X - X'|/2 for two independent draws. A class whose score is something else
    states ``_crps(x)``.
    """

    event_shape: Any
    support: Any
    cdf: Any
    _mean: Any
    _no: Any
    _value: Any

    def crps(self, x: Any, method: str | None = None) -> Variable:
        r"""The continuous ranked probability score at ``x``: the smaller, the better.

        .. math:: \int (F(y) - 1\{y \ge x\})^2 \, dy = E|X - x| - \tfrac12 E|X - X'|

        It is in the units of x, and is |x - v| for a forecast of one number v. It can be trained on, as the
        log-likelihood can, and depends less on far tails.

        Args:
            x: a Variable, array or number that broadcasts with the batch; it may lie outside the support.
            method: None for a formula; ``"quadrature"`` for an integral (or a sum), to about nine digits in
                float64.

        Returns:
            A Variable of the broadcast shape, with gradients to x and to all parameters.

        Raises:
            NotImplementedError: if there is no formula, or draws are vectors or angles.
            ValueError: if the method is unknown.

        Source:
            Gneiting and Raftery, "Strictly proper scoring rules, prediction, and estimation", JASA 102
            (2007); the formulas by Jordan, Krueger and Lerch, "Evaluating probabilistic forecasts with
            scoringRules", J. Stat. Software 90 (2019).

        >>> import numpy as np, pdist.distributions as D
        >>> print(f"{D.Normal(np.array(0.0), 1.0).crps(0.5).item():.6f}")
        0.331404
        >>> print(f"{D.Weibull(np.array(2.0), 1.5).crps(0.5, method='quadrature').item():.6f}")
        0.685492
        """
        who = f"{type(self).__name__}.crps"
        if method is not None and method not in estimates:
            raise ValueError(f"{who}: method is {method!r}; expected None or 'quadrature'")
        if self.event_shape or self.support.period:
            raise self._no("crps")
        x = self._value(x, "crps")
        with np.errstate(all="ignore"):
            return self._crps(x) if method is None else estimates[method](self, x)

    def _crps(self, x: Variable) -> Variable:
        """E|X - x| is (x - m) (2 F(x) - 1) + 2 E[(m - X) 1{X <= x}]."""
        if not hasattr(self, "_deviation"):
            raise self._no_crps()
        at = held_at_ends(self, x)
        rest = 2 * self._deviation(at) - self._half_difference()
        return (x - self._mean()) * (2 * self.cdf(at) - 1) + rest

    def _no_crps(self) -> NotImplementedError:
        return NotImplementedError(f"{type(self).__name__}.crps: no formula; use method='quadrature'")

    if False:  # the formulas that a subclass may define, for readers and type checkers

        def _deviation(self, x: Variable) -> Variable: ...
        def _half_difference(self) -> Variable: ...


def held_at_ends(d: Any, x: Variable) -> Variable:
    """x, as a constant next to an end of the support.

    There the slopes of a tail and of a density by x are one-sided or infinite, and in a score they cancel.
    """
    near = 1e-290 if is_double(x) else 1e-30
    return F.where((x.array - d.support.low > near) & (d.support.high - x.array > near), x, x.array)


def crps_of_atoms(x: Variable, values: Variable, p: Any, below: Any) -> Variable:
    """E|X - x| less the sum of F(v) (1 - F(v)) over the gaps above each value v.

    Args:
        x: of shape ``[...]``.
        values: in their order, ``[*batch, K]``.
        p: their probabilities.
        below: F of all but the last.
    """
    gaps = values[..., 1:] - values[..., :-1]
    return F.sum(p * abs(F.expand_dims(x, -1) - values), axis=-1) - F.sum(below * (1 - below) * gaps, axis=-1)


def smooth_crps(d: Any, x: Variable, narrow: Any, otherwise: Variable) -> Variable:
    """The score at x between both ends of ``d``, by nodes where they are so ``narrow`` that F is smooth.

    The integrals of F^2 up to x and of (1 - F)^2 beyond have no terms that cancel.
    """
    if not hooks.once(_any, narrow):
        if hooks.current() is not None:
            hooks.assume(~narrow)
        return otherwise
    nodes, weights = (library(x.xp).from_host(v.astype(x.dtype)) for v in gauss_legendre(16))
    total: Any = 0.0
    for end, tail in ((d.low, d.cdf), (d.high, d.survival_function)):
        half = 0.5 * (x - F.where(narrow, end, x.array))
        lead = (-1,) + (1,) * half.ndim
        share = tail(x - half + nodes.reshape(lead) * half)
        total = total + abs(half) * F.sum(weights.reshape(lead) * share * share, axis=0)
    return F.where(narrow, total, otherwise)


def _any(narrow: Any) -> bool:
    return truth(narrow.any())
