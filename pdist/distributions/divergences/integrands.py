"""Shared by quadrature and sums: the integrand, and distributions rebuilt from arrays in an op."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ... import functions as F
from ...autograd import Variable, config
from ...numerics.constants import LARGEST
from ...numerics.double import is_double

Integrand = Callable[[Variable, Variable], Variable]  # of log p(x) and log q(x)
MOST = 2**20  # numbers to process at a time


def weighted(p: Any, q: Any, f: Integrand, x: Any) -> tuple[Variable, Variable]:
    """p(x) f(log p(x), log q(x)), and p(x); both 0 where p is 0 or so large that the product may overflow."""
    log_p, log_q = p.log_prob(x), q.log_prob(x)
    density = F.exp(log_p)
    none = (density.array == 0) | (density.array > 1e-6 * LARGEST[is_double(density)])
    density = F.where(none, 0.0, density)
    log_p, log_q = F.where(none, 0.0, log_p), F.where(none, 0.0, log_q)
    return F.where(none, 0.0, F.exp(log_p) * f(log_p, log_q)), density


def leaves(*distributions: Any) -> list[Variable]:
    """All parameters as given."""
    return [value for d in distributions for _, value in d._leaves()]


def wants_gradients(*distributions: Any) -> bool:
    """Whether gradients may flow to a parameter."""
    return config.enable_backprop and any(v.requires_grad for v in leaves(*distributions))


def numbers_at_once(*distributions: Any) -> int:
    """The numbers that one value of x expands to: the batch size times the number of components."""
    return max(math.prod(part.batch_shape) for d in distributions for part in d._components())


def has_quantiles(d: Any) -> bool:
    """Whether it has quantiles that are not those of a base whose density the class replaces."""
    order = type(d).__mro__
    densities = [i for i, c in enumerate(order) if "_log_prob" in vars(c)]
    owner = next((i for i, c in enumerate(order) if "_icdf" in vars(c)), None)
    return owner is not None and (len(densities) < 2 or owner < densities[1])
