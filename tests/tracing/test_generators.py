"""Generators that a traced function holds: through a sampler draws go on, direct ones are refused."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pdist
import pdist.distributions as D
import pdist.functions as F
from pdist.tracing.generators import reachable

GLOBAL = np.random.default_rng(1)
OLD = np.random.RandomState(0)
PYTHONS = random.Random(0)


def helper() -> Any:
    return GLOBAL.standard_normal(2)


class Model:
    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)
        self.parts = [{"rng": np.random.default_rng(0)}]

    def __call__(self, x: Any) -> Any:
        return F.exp(x + self.rng.standard_normal(2)).array

    def nested(self, x: Any) -> Any:
        return F.exp(x + self.parts[0]["rng"].standard_normal(2)).array

    def by_sampler(self, x: Any) -> Any:
        return D.Normal(x, 1.0).sample((), rng=self.rng).array


def by_default(x: Any, rng: Any = np.random.default_rng(0)) -> Any:  # noqa: B008 - on purpose
    return F.exp(x + rng.standard_normal(2)).array


def closure() -> Callable[[Any], Any]:
    rng = np.random.default_rng(0)
    return lambda x: F.exp(x + rng.random(2)).array


DIRECT = {
    "an attribute": Model(),
    "a method's": Model().__call__,
    "in containers": Model().nested,
    "a global": lambda x: F.exp(x + GLOBAL.standard_normal(2)).array,
    "a helper's": lambda x: F.exp(x + helper()).array,
    "a default": by_default,
    "a closure's": closure(),
    "a RandomState": lambda x: F.exp(x + OLD.randn(2)).array,
    "Python's": lambda x: F.exp(x * PYTHONS.random()).array,
}


@pytest.mark.parametrize("name", DIRECT)
def test_direct_draws_are_refused(name: str) -> None:
    with pytest.raises(pdist.TraceError, match="give the generator to a sampler"):
        pdist.trace(DIRECT[name])(np.zeros(2))


def test_a_generator_that_is_an_argument_is_refused_too() -> None:
    traced = pdist.trace(lambda x, rng: F.exp(x + rng.random(2)).array)
    with pytest.raises(pdist.TraceError, match="rng="):
        traced(np.zeros(2), np.random.default_rng(0))


def test_draws_of_samplers_go_on() -> None:
    model, eager = Model(), Model()
    traced = pdist.trace(model.by_sampler)
    for _ in range(4):
        assert np.array_equal(traced(np.zeros(2)), eager.by_sampler(np.zeros(2)))


def test_a_generator_that_is_not_drawn_from_does_no_harm() -> None:
    rng = np.random.default_rng(0)
    assert rng in reachable(lambda: rng)
    traced = pdist.trace(lambda x: F.exp(x) if rng else x)
    traced(np.zeros(2))
    assert np.array_equal(traced(np.ones(2)).array, np.exp(np.ones(2)))
