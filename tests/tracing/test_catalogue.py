"""Every distribution of the catalogue, traced: all that it can do, with all gradients, is the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from agreement import agree, gradients
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import pdist
from pdist.distributions.divergences.registry import find_kl
from pdist.testing.catalogue import CATALOGUE
from pdist.testing.contracts import METHODS, answers, arguments, statistics
from pdist.testing.points import anywhere, inside
from pdist.testing.variants import leaves, remake

few = settings(
    max_examples=2, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck)
)
every = pytest.mark.parametrize("entry", CATALOGUE.values(), ids=lambda entry: entry.name)


def parameters_of(dist: Any) -> list[np.ndarray]:
    return [leaf.array for leaf in leaves(dist)[1]]


def made_of(dist: Any, variables: list[pdist.Variable]) -> Any:
    """The same distribution of other Variables."""
    following: Iterator[Any] = iter(variables)
    return remake(dist, lambda _: next(following))


def as_variables(arrays: Any) -> list[pdist.Variable]:
    return [pdist.Variable(array, requires_grad=True) for array in arrays]


def turned(arrays: Any) -> list[np.ndarray]:
    """The same numbers in another order, in new memory: parameters stay parameters."""
    return [np.array(np.flip(array)) for array in arrays]


def answer_and_gradients(dist: Any, variables: list[Any], method: Any, *given: Any) -> Any:
    y = method(dist, *given)
    return y, gradients(y, [*variables, *(v for v in given if isinstance(v, pdist.Variable))])


@every
@few
@given(data=st.data())
def test_densities_of_any_shape(entry: Any, data: Any):
    compare_method(data.draw(entry.distributions()), "log_prob")


@every
@pytest.mark.parametrize("name", METHODS)
@settings(few, max_examples=1)
@given(data=st.data())
def test_methods(entry: Any, name: str, data: Any):
    compare_method(data.draw(entry.distributions(batch_shape=(2,))), name)


def compare_method(dist: Any, name: str) -> None:
    if name not in answers(dist):
        assert name in ("icdf", "cdf", "log_cdf", "survival_function", "log_survival_function")
        return
    x = arguments(dist, name, 3) if name == "icdf" else anywhere(dist)[0]

    def function(x: Any, *arrays: Any) -> Any:
        variables = as_variables(arrays)
        x = pdist.Variable(x, requires_grad=True)
        return answer_and_gradients(made_of(dist, variables), variables, getattr(type(dist), name), x)

    given = parameters_of(dist)
    agree(function, [(x, *given), (np.array(np.flip(x)), *turned(given)), (x, *given)])


@every
@few
@given(data=st.data())
def test_values_inside_and_outside_the_support(entry: Any, data: Any):
    """A trace may take for granted what was so when it was recorded, if it looks first."""
    dist = data.draw(entry.distributions(min_side=1))
    within, everywhere = inside(dist, 4), anywhere(dist)[0][-4:]

    def function(x: Any) -> Any:
        made, variables = leaves(dist)
        x = pdist.Variable(x, requires_grad=True)
        return answer_and_gradients(made, variables, type(dist).log_prob, x)

    agree(function, [(x,) for x in (within, within, everywhere, within, everywhere)], traces=None)


@every
@few
@given(data=st.data())
def test_statistics(entry: Any, data: Any):
    dist = data.draw(entry.distributions())
    names = list(statistics(dist))

    def function(*arrays: Any) -> Any:
        variables = as_variables(arrays)
        made = made_of(dist, variables)
        found = {name: getattr(made, name) for name in names}
        return {name: (y, gradients(y, variables)) for name, y in found.items()}

    given = parameters_of(dist)
    agree(function, [given, turned(given), given])


@every
@few
@given(data=st.data())
def test_samples(entry: Any, data: Any):
    dist = data.draw(entry.distributions(min_side=1))

    def function(*arrays: Any) -> Any:
        variables = as_variables(arrays)
        made = made_of(dist, variables)
        x = made.sample((2,))
        y = made.sample()
        return x, y, gradients([x, y], variables)

    given = parameters_of(dist)
    agree(function, [given, turned(given), given, given])


@every
@few
@given(data=st.data())
def test_divergences(entry: Any, data: Any):
    p, q = (data.draw(entry.distributions(batch_shape=(2,), size=2, dtype=np.float32)) for _ in range(2))
    if find_kl(type(p), type(q)) is None:
        return
    n = len(p.params)

    def function(*arrays: Any) -> Any:
        variables = as_variables(arrays)
        one, other = made_of(p, variables[:n]), made_of(q, variables[n:])
        try:
            found = [pdist.kl_divergence(one, other), pdist.kl_divergence(one, one)]
        except NotImplementedError:
            return None
        return found, gradients(found, variables)

    given = [*parameters_of(p), *parameters_of(q)]
    agree(function, [given, turned(given), given])


@every
@few
@given(data=st.data())
def test_parameters_as_state(entry: Any, data: Any):
    """A distribution from outside, whose parameters change in place between the calls."""
    dist = data.draw(entry.distributions(dtype=np.float64))
    made, variables = leaves(dist)
    x = anywhere(dist)[0]

    def function(x: Any) -> Any:
        y = made.log_prob(x)
        return y, gradients(y, variables)

    traced = pdist.trace(function)
    for arrays in (parameters_of(dist), turned(parameters_of(dist))):
        for variable, array in zip(variables, arrays, strict=True):
            variable.array[...] = array
        agree(function, [(x,), (x[::-1].copy(),)])
        expected, got = function(x), traced(x)
        np.testing.assert_array_equal(got[0].array, expected[0].array)
