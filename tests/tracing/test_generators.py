"""Generators that a traced function holds: through a sampler draws go on, direct ones are refused."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import pdist
import pdist.distributions as D
import pdist.functions as F
from pdist.backend import hooks
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


class Later:
    def __init__(self) -> None:
        self.rng: Any = None

    def __call__(self, x: Any) -> Any:
        self.rng = self.rng or np.random.default_rng(0)
        return F.exp(x + self.rng.random(2)).array

    def by_sampler(self, x: Any) -> Any:
        self.rng = self.rng or np.random.default_rng(0)
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


@pytest.mark.parametrize("cls", [Model, Later])
def test_draws_of_samplers_go_on(cls: Any) -> None:
    model, eager = cls(), cls()
    traced = pdist.trace(model.by_sampler)
    for _ in range(4):
        assert np.array_equal(traced(np.zeros(2)), eager.by_sampler(np.zeros(2)))


class Slots:
    __slots__ = ("rng",)

    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)


class OfClass:
    rng = np.random.default_rng(0)

    def __call__(self, x: Any) -> Any:
        return F.exp(x + self.rng.random(2)).array


def through(held: Any, draw: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: F.exp(x + draw(held)).array


def numbers_one_by_one() -> Any:
    rng = np.random.default_rng(0)
    while True:
        yield rng.random()


HIDDEN = {
    "made later": Later(),
    "behind a slot": through(Slots(), lambda held: held.rng.random(2)),
    "of a class": OfClass(),
    "a method of it": through(np.random.default_rng(0).random, lambda draw: draw(2)),
    "a partial method": through(partial(np.random.default_rng(0).normal, size=2), lambda draw: draw()),
    "in a deque": through(deque([np.random.default_rng(0)]), lambda held: held[0].random(2)),
    "in an iterator": through(numbers_one_by_one(), next),
    "the library's own": through(pdist.random.generator(), lambda rng: rng.random(2)),
    "behind much else": through(
        {"data": [(i, {}) for i in range(50_000)], "rng": np.random.default_rng(0)},
        lambda held: held["rng"].random(2),
    ),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_direct_draws_from_hidden_generators_are_refused(name: str) -> None:
    with pytest.raises(pdist.TraceError, match="give the generator to a sampler"):
        pdist.trace(HIDDEN[name])(np.zeros(2))


@pytest.mark.parametrize("first", [True, False])
def test_draws_directly_and_by_a_sampler(first: bool) -> None:
    rng = np.random.default_rng(0)

    def function(x: Any) -> Any:
        a = rng.random(2) if first else 0.0
        x = D.Normal(x, 1.0).sample((), rng=rng) + a
        return x if first else x + rng.random(2)

    with pytest.raises(pdist.TraceError, match="give the generator to a sampler"):
        pdist.trace(function)(np.zeros(2))


def test_the_library_s_own_stream_may_be_held() -> None:
    held = pdist.random.generator()

    def function(x: Any) -> Any:
        assert held is not None
        return D.Normal(x, 1.0).sample((2,))

    traced = pdist.trace(function)
    first, second = traced(np.zeros(2)).array, traced(np.zeros(2)).array
    assert not np.array_equal(first, second)


def test_what_opaque_functions_and_effects_draw_is_drawn_at_each_call() -> None:
    rng, seen = np.random.default_rng(0), []

    @hooks.opaque
    def noisy(xp: Any, x: Any) -> Any:
        return x + rng.random(2)

    def function(x: Any) -> Any:
        hooks.effect(lambda: seen.append(rng.random()), changes=[])
        return noisy(np, x) * 2.0

    traced = pdist.trace(function)
    found = [traced(np.zeros(2)) for _ in range(3)]
    again = np.random.default_rng(0)
    for x, number in zip(found, seen, strict=True):
        assert number == again.random()
        assert np.array_equal(x, again.random(2) * 2.0)


@pytest.mark.parametrize("draw", [lambda: np.random.normal(size=2), random.random])
@pytest.mark.parametrize("strict", [True, False])
def test_with_numbers_of_the_modules_a_function_runs_untraced(draw: Any, strict: bool) -> None:
    traced = pdist.trace(lambda x: F.exp(x + draw()).array, strict=strict)
    with pytest.warns(UserWarning, match=r"runs untraced: .*numpy\.random or random.*pass the numbers"):
        found = [traced(np.zeros(2))]
    found += [traced(np.zeros(2)) for _ in range(2)]
    assert len({float(x[0]) for x in found}) == 3


def test_a_generator_that_is_not_drawn_from_does_no_harm() -> None:
    rng = np.random.default_rng(0)
    assert rng in reachable(lambda: rng)
    traced = pdist.trace(lambda x: F.exp(x) if rng else x)
    traced(np.zeros(2))
    assert np.array_equal(traced(np.ones(2)).array, np.exp(np.ones(2)))
