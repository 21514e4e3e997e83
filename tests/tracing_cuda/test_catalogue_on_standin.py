"""Every distribution of the catalogue on the stand-in: fused, captured and launched it is the eager one."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import pdist
from pdist.testing import standin
from pdist.testing.catalogue import CATALOGUE
from pdist.testing.contracts import answers
from pdist.testing.points import anywhere
from pdist.testing.variants import leaves, remake

# One example: what differs between them is seen by the traces on the host.
few = settings(
    max_examples=1, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck)
)
every = pytest.mark.parametrize("entry", CATALOGUE.values(), ids=lambda entry: entry.name)


def made_of(dist: Any, variables: list[pdist.Variable]) -> Any:
    """The same distribution of other Variables."""
    following: Iterator[Any] = iter(variables)
    return remake(dist, lambda _: next(following))


def flat(tree: Any) -> list[Any]:
    """The arrays of nested results."""
    if isinstance(tree, (tuple, list)):
        return [leaf for item in tree for leaf in flat(item)]
    return [getattr(tree, "array", tree)]


def agree(function: Any, calls: list[list[np.ndarray]]) -> Any:
    """Require that a function gives the same when traced, call after call."""
    with pdist.using_device("standin"), warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)  # a part that could not be captured
        results = []
        for run in (function, traced := pdist.trace(function)):
            pdist.random.seed(3)
            results.append([flat(run(*map(standin.asarray, arrays))) for arrays in calls])
    for call, (expected, got) in enumerate(zip(*results, strict=True)):
        assert len(expected) == len(got)
        for e, g in zip(expected, got, strict=True):
            assert (e is None) == (g is None)
            if e is not None:
                np.testing.assert_array_equal(g.get(), e.get(), err_msg=f"call {call}")
                assert g.dtype == e.dtype
    return traced


def gradients(outputs: list[Any], variables: list[Any]) -> list[Any]:
    """Of the sum of outputs, where there are any."""
    ys = [y for y in outputs if isinstance(y, pdist.Variable) and y.requires_grad]
    with np.errstate(invalid="ignore"):  # inf - inf, of densities that are infinite at a bound
        return pdist.grad([sum(y.sum() for y in ys)], variables) if ys else []


@every
@few
@given(data=st.data())
def test_answers(entry: Any, data: Any) -> None:
    dist = data.draw(entry.distributions(batch_shape=(2,)))
    names = [name for name in ("log_prob", "log_cdf") if name in answers(dist)]
    x = anywhere(dist)[0]

    def function(x: Any, *arrays: Any) -> Any:
        variables = [pdist.Variable(a, requires_grad=True) for a in arrays]
        x = pdist.Variable(x, requires_grad=True)
        made = made_of(dist, variables)
        found = [getattr(made, name)(x) for name in names]
        return found, gradients(found, [x, *variables])

    given_ = [leaf.array for leaf in leaves(dist)[1]]
    turned = [np.array(np.flip(a)) for a in given_]
    agree(function, [[x, *given_], [x, *turned], [x, *given_], [np.array(np.flip(x)), *turned]])


@every
@few
@given(data=st.data())
def test_samples(entry: Any, data: Any) -> None:
    dist = data.draw(entry.distributions(batch_shape=(2,)))

    def function(*arrays: Any) -> Any:
        variables = [pdist.Variable(a, requires_grad=True) for a in arrays]
        made = made_of(dist, variables)
        drawn = [made.sample((2,)), made.sample()]
        return drawn, gradients(drawn, variables)

    agree(function, [[leaf.array for leaf in leaves(dist)[1]]] * 4)
