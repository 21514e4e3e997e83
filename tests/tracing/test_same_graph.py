"""A trace makes the graph that eager code makes, so that gradients are added up in the same order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pdist
import pdist.distributions as D
import pdist.functions as F
from pdist import Variable

PAIRS: dict[str, Callable[[Any], tuple[Any, Any]]] = {
    "Normal": lambda v: (D.Normal(v, F.exp(v)), D.Normal(v * 0.5 + 0.1, F.exp(v * 0.5 + 0.1))),
    "Laplace": lambda v: (D.Laplace(v, F.exp(v)), D.Laplace(v * 0.5 + 0.1, F.exp(v * 0.5 + 0.1))),
    "LogNormal": lambda v: (D.LogNormal(v, F.exp(v)), D.LogNormal(v * 0.5 + 0.1, F.exp(v * 0.5 + 0.1))),
    "Gamma": lambda v: (D.Gamma(F.exp(v), F.exp(v)), D.Gamma(F.exp(v * 0.5 + 0.1), F.exp(v * 0.5))),
    "of two dtypes": lambda v: (D.Normal(F.cast(v, np.float32), F.exp(v)), D.Normal(v * 0.5, F.exp(v))),
}


@pytest.mark.parametrize("name", PAIRS)
def test_gradients_by_many_ways_are_added_in_one_order(name: str) -> None:
    v = Variable(np.zeros(50))

    def gradient() -> Any:
        v.cleargrad()
        p, q = PAIRS[name](v)
        F.sum(pdist.kl_divergence(p, q, "monte_carlo", n_samples=5)).backward()
        return v.grad

    traced = pdist.trace(gradient)
    for seed in range(5):
        v.array[...] = np.random.default_rng(seed).standard_normal(50)
        pdist.random.seed(seed)
        eager = np.array(gradient())
        pdist.random.seed(seed)
        assert np.array_equal(traced(), eager)
