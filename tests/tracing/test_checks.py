"""What eager code refuses a replay refuses too: parameters, labels and inputs are checked at each call."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pdist
import pdist.distributions as D
import pdist.functions as F
import pdist_nn as nn
from pdist import Variable
from pdist.transforms.supports import Support, real

A = np.array
CASES: dict[str, tuple[Any, tuple[Any, ...], tuple[Any, ...]]] = {
    "scale": (lambda s: D.Normal(0.0, s).log_prob(1.0), (A(1.0),), (A(-1.0),)),
    "one scale of three": (lambda s: D.Laplace(0.0, s).mean, (A([1.0, 2.0, 3.0]),), (A([1.0, np.nan, 3.0]),)),
    "computed scale": (lambda s: D.Normal(0.0, F.log(s)).stddev, (A(3.0),), (A(0.5),)),
    "rate": (lambda s: D.Poisson(s).log_prob(1.0), (A(1.0),), (A(-1.0),)),
    "probabilities": (lambda p: D.Categorical(p=p).log_prob(0), (A([0.5, 0.5]),), (A([0.7, 0.9]),)),
    "probability": (lambda p: D.Bernoulli(p).entropy, (A([0.5, 0.5]),), (A([0.7, 1.9]),)),
    "order": (lambda a, b: D.Uniform(a, b).sample((), rng=0), (A(0.0), A(1.0)), (A(5.0), A(1.0))),
    "a part's parameter": (
        lambda s: D.MixtureSameFamily(D.Categorical(A([0.5, 0.5])), D.Normal(A([0.0, 1.0]), s)).log_prob(0.0),
        (A([1.0, 1.0]),),
        (A([1.0, 0.0]),),
    ),
    "labels": (lambda t: F.softmax_cross_entropy(np.zeros((2, 3)), t), (A([0, 1]),), (A([0, 3]),)),
    "a head's input": (
        lambda x: nn.heads.MixtureNormal(1)(x).mean,
        (np.zeros((2, 3)),),
        (np.full((2, 3), np.nan),),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_error_is_the_eager_one(name: str) -> None:
    function, good, bad = CASES[name]
    with pytest.raises(ValueError) as eager:
        function(*bad)
    traced = pdist.trace(function)
    expected = traced(*good).array.copy()
    for _ in range(2):
        with pytest.raises(ValueError) as found:
            traced(*bad)
        assert str(found.value) == str(eager.value)
        assert np.array_equal(traced(*good).array, expected)


def test_a_parameter_that_changes_in_place_is_checked() -> None:
    scale = Variable(np.ones(2))
    traced = pdist.trace(lambda x: D.Normal(0.0, scale).log_prob(x))
    traced(A(1.0))
    scale.array[1] = -1.0
    with pytest.raises(ValueError, match=r"scale\[1\] is -1.0"):
        traced(A(1.0))


def test_validation_is_off_where_it_was_turned_off() -> None:
    traced = pdist.trace(lambda s: D.Normal(0.0, s).log_prob(1.0))
    with pdist.using_config("validate", False):
        traced(A(1.0))
        assert np.isnan(traced(A(-1.0)).array)
    with pytest.raises(ValueError, match="scale is -1"):
        traced(A(-1.0))


def test_constants_are_checked_once() -> None:
    traced = pdist.trace(lambda x: D.Normal(0.0, 1.0).log_prob(x))
    traced(A(1.0))
    assert "_check_values" not in traced.source


def test_checks_are_array_calls_and_each_is_made_once() -> None:
    def function(x: Any, s: Any) -> Any:
        s = F.exp(s)
        return D.Normal(x, s).log_prob(0.5) + D.Laplace(x, s).log_prob(0.5)

    traced = pdist.trace(function)
    x, s = np.array([0.1, 0.2]), np.array([0.3, 0.4])
    assert np.array_equal(traced(x, s).array, function(x, s).array)
    assert traced.source.count("_check_values(") == 2
    assert traced.source.count("if count_nonzero(") == 2
    for bad in ((x * np.nan, s), (x, s - 1e4), (x - np.inf, s)):
        with pytest.raises(ValueError, match="Normal: ") as eager:
            function(*bad)
        with pytest.raises(ValueError, match="Normal: ") as found:
            traced(*bad)
        assert str(found.value) == str(eager.value)


def test_a_parameter_that_was_changed_between_two_checks() -> None:
    scale = Variable(np.ones(2))

    def function(x: Any) -> Any:
        first = D.Normal(0.0, scale).log_prob(x)
        scale.array -= x
        return first + D.Normal(0.0, scale).log_prob(x)

    traced = pdist.trace(function)
    traced(A([0.25, 0.25]))
    with pytest.raises(ValueError, match=r"scale\[1\] is -0.25"):
        traced(A([0.0, 1.0]))
    assert scale.array.tolist() == [0.75, -0.25]  # as far as the call without a trace gets


@pytest.mark.parametrize(
    "test",
    [
        lambda xp, x: np.asarray(float(x.sum()) > 0),
        lambda xp, x: xp.asarray([item > 0 for item in x.tolist()]),
        lambda xp, x: np.asarray(x) > 0,
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_a_support_that_looks_at_values(test: Any, strict: bool) -> None:
    class Own(D.Distribution):
        a = D.Param(Support("sums to more than 0", test))
        support = real

        def _log_prob(self, x: Any) -> Any:
            return x * self.a

    traced = pdist.trace(lambda a: Own(F.exp(a) - 1.0).log_prob(1.0), strict=strict)
    good = np.array([1.0, 2.0])
    assert np.array_equal(traced(good).array, np.exp(good) - 1.0)
    assert np.array_equal(traced(good).array, np.exp(good) - 1.0)
    assert traced.failure is None
    with pytest.raises(ValueError, match="expected sums to more than 0"):
        traced(-good)


def test_checks_of_several_ordered_parameters() -> None:
    traced = pdist.trace(lambda a, b: D.Uniform(a, F.exp(b)).mean)
    assert traced(A([0.0, 0.5]), A(0.0)).array.tolist() == [0.5, 0.75]
    with pytest.raises(ValueError, match=r"high\[1\] is 1.0; expected more than low, 2.0"):
        traced(A([0.0, 2.0]), A(0.0))
