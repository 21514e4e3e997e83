"""Bad input: an error that names what, where and what was expected, and that changes nothing."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pdist
import pdist.distributions as D
import pdist.functions as F
from pdist import Variable
from pdist.testing import standin

NORMAL = D.Normal(np.array([0.0, 1.0]), np.array([1.0, 2.0]))
BERNOULLI = D.Bernoulli(p=np.array([0.25, 0.5]))
CATEGORICAL = D.Categorical(p=np.array([[0.2, 0.8], [0.5, 0.5]]))
ONE_HOT = D.OneHotCategorical(p=np.array([0.2, 0.8]))
INDEPENDENT = D.Independent(D.Normal(np.zeros((2, 3)), 1.0), 1)
MIXTURE = D.MixtureSameFamily(D.Categorical(p=np.array([0.3, 0.7])), D.Normal(np.array([0.0, 1.0]), 1.0))

# What is done, the type of the error, and what its message says: the class or function, the argument, the
# offending value with its index, and what was expected.
CASES: list[tuple[str, Callable[[], Any], type[Exception], list[str]]] = [
    # Parameters that make no distribution
    (
        "a negative scale",
        lambda: D.Normal(np.zeros(3), np.array([1.0, -2.0, 1.0])),
        ValueError,
        ["Normal: scale[1] is -2.0", "expected a positive finite number"],
    ),
    (
        "a negative scalar scale",
        lambda: D.Normal(0.0, -2.0),
        ValueError,
        ["Normal: scale is -2.0", "positive"],
    ),
    ("a scale of zero", lambda: D.Laplace(0.0, 0.0), ValueError, ["Laplace: scale is 0.0", "positive"]),
    (
        "a NaN parameter",
        lambda: D.Normal(np.array([[0.0], [np.nan]]), 1.0),
        ValueError,
        ["Normal: loc[1, 0] is nan", "expected a finite number"],
    ),
    (
        "an infinite location",
        lambda: D.Laplace(np.inf, 1.0),
        ValueError,
        ["Laplace: loc is inf", "a finite number"],
    ),
    ("a NaN log-scale", lambda: D.Normal(0.0, log_scale=np.nan), ValueError, ["Normal: log_scale is nan"]),
    (
        "a probability above 1",
        lambda: D.Bernoulli(p=np.array([0.5, 1.5])),
        ValueError,
        ["Bernoulli: p[1] is 1.5", "expected a number in [0, 1]"],
    ),
    ("a probability below 0", lambda: D.Bernoulli(p=-0.1), ValueError, ["Bernoulli: p is -0.1", "[0, 1]"]),
    ("a NaN logit", lambda: D.Bernoulli(logit=np.nan), ValueError, ["Bernoulli: logit is nan"]),
    (
        "a negative rate",
        lambda: D.Poisson(np.array([1.0, -1.0])),
        ValueError,
        ["Poisson: lam[1] is -1.0", "nonnegative"],
    ),
    ("an infinite rate", lambda: D.Poisson(np.inf), ValueError, ["Poisson: lam is inf", "nonnegative"]),
    (
        "an interval upside down",
        lambda: D.Uniform(np.array([0.0, 2.0]), np.array([1.0, 1.0])),
        ValueError,
        ["Uniform: high[1] is 1.0", "2.0"],
    ),
    (
        "a peak outside",
        lambda: D.Triangular(0.0, 4.0, np.array([4.0, 5.0])),
        ValueError,
        ["Triangular: peak[1] is 5.0", "from low, 0.0, to high, 4.0"],
    ),
    (
        "a negative width",
        lambda: D.Uniform(loc=0.0, scale=-1.0),
        ValueError,
        ["Uniform: scale is -1.0", "positive"],
    ),
    (
        "probabilities that do not sum to one",
        lambda: D.Categorical(p=np.array([[0.5, 0.5], [0.5, 0.6]])),
        ValueError,
        ["Categorical: p[1] is [0.5 0.6]", "sum 1"],
    ),
    (
        "probabilities that miss one by more than rounding",
        lambda: D.Categorical(p=np.array([0.5, 0.5 + 1e-6])),
        ValueError,
        ["Categorical: p is [", "sum 1"],
    ),
    (
        "one-hot probabilities, one of them negative",
        lambda: D.OneHotCategorical(p=np.array([-0.5, 1.5])),
        ValueError,
        ["OneHotCategorical: p is [-0.5  1.5]", "nonnegative"],
    ),
    (
        "no class possible",
        lambda: D.Categorical(logit=np.full(3, -np.inf)),
        ValueError,
        ["Categorical: logit is [-inf -inf -inf]", "not all of them -inf"],
    ),
    # Which arguments
    ("no argument", lambda: D.Normal(), TypeError, ["Normal: expected loc, got none"]),
    (
        "one of two missing",
        lambda: D.Normal(0.0),
        TypeError,
        ["Normal: expected exactly one of scale, log_scale and raw_scale, got none"],
    ),
    (
        "both of two alternatives",
        lambda: D.Normal(0.0, 1.0, log_scale=0.0),
        TypeError,
        ["Normal: expected exactly one of scale, log_scale and raw_scale, got scale and log_scale"],
    ),
    (
        "both p and logit",
        lambda: D.Bernoulli(p=0.5, logit=0.0),
        TypeError,
        ["Bernoulli: expected exactly one of p and logit, got p and logit"],
    ),
    (
        "an unknown argument",
        lambda: D.Normal(mean=0.0, scale=1.0),
        TypeError,
        ["Normal: no argument 'mean'", "loc"],
    ),
    ("too many arguments", lambda: D.Normal(0.0, 1.0, 2.0), TypeError, ["Normal: at most 2", "got 3"]),
    ("an argument twice", lambda: D.Normal(0.0, 1.0, loc=1.0), TypeError, ["Normal: loc was given twice"]),
    # Shapes
    (
        "parameters that do not broadcast",
        lambda: D.Normal(np.zeros(2), np.ones(3)),
        ValueError,
        ["Normal", "do not broadcast", "loc (2,)", "scale (3,)"],
    ),
    (
        "a vector of probabilities without an axis",
        lambda: D.Categorical(p=1.0),
        ValueError,
        ["Categorical: p has shape ()", "at least 1 axis"],
    ),
    (
        "values that do not broadcast",
        lambda: NORMAL.log_prob(np.zeros(3)),
        ValueError,
        ["Normal.log_prob: x of shape (3,)", "batch shape (2,)"],
    ),
    (
        "the same in another method",
        lambda: NORMAL.survival_function(np.zeros(3)),
        ValueError,
        ["Normal.survival_function: x of shape (3,)", "batch shape (2,)"],
    ),
    (
        "and in icdf",
        lambda: NORMAL.icdf(np.full(3, 0.5)),
        ValueError,
        ["Normal.icdf: p of shape (3,)", "(2,)"],
    ),
    (
        "a value of the wrong event shape",
        lambda: ONE_HOT.log_prob(np.array([1.0, 0.0, 0.0])),
        ValueError,
        ["OneHotCategorical.log_prob: x has shape (3,)", "event shape (2,)"],
    ),
    (
        "a number where a vector belongs",
        lambda: INDEPENDENT.log_prob(0.0),
        ValueError,
        ["Independent.log_prob: x has shape ()", "event shape (3,)"],
    ),
    (
        "an expansion to what does not fit",
        lambda: NORMAL.expand((3,)),
        ValueError,
        ["Normal.expand: batch shape (2,) does not broadcast to (3,)"],
    ),
    (
        "an index too many",
        lambda: NORMAL[0, 0],
        IndexError,
        ["Normal: too many indices: 2 for batch shape (2,)"],
    ),
    (
        "an index with two ellipses",
        lambda: NORMAL[..., ...],
        IndexError,
        ["Normal: index", "at most one '...'"],
    ),
    ("a negative sample shape", lambda: NORMAL.sample((2, -1)), ValueError, ["negative", "(2, -1)"]),
    ("a sample shape that is none", lambda: NORMAL.sample("three"), TypeError, ["'three'"]),
    # What is not a number
    (
        "an object array",
        lambda: D.Normal(np.array([object()]), 1.0),
        TypeError,
        ["Normal: loc", "dtype object", "expected numbers"],
    ),
    ("a string", lambda: D.Normal("zero", 1.0), TypeError, ["Normal: loc", "expected numbers"]),
    (
        "a complex array",
        lambda: D.Normal(0.0, np.array([1j])),
        TypeError,
        ["Normal: scale", "complex128", "expected numbers"],
    ),
    ("None", lambda: D.Normal(None, 1.0), TypeError, ["Normal: expected loc, got none"]),
    ("a ragged list", lambda: D.Normal([[1.0], [1.0, 2.0]], 1.0), TypeError, ["Normal: loc"]),
    (
        "an object array as a value",
        lambda: NORMAL.log_prob(np.array([None, 1])),
        TypeError,
        ["Normal.log_prob: x", "dtype object"],
    ),
    ("a string as a value", lambda: NORMAL.cdf("x"), TypeError, ["Normal.cdf: x", "expected numbers"]),
    ("a complex value", lambda: NORMAL.log_prob(1j), TypeError, ["Normal.log_prob: x", "complex"]),
    ("None as a value", lambda: NORMAL.prob(None), TypeError, ["Normal", "x"]),
    # Devices
    (
        "parameters on two devices",
        lambda: D.Normal(standin.asarray(np.zeros(2)), np.ones(2)),
        TypeError,
        ["Normal: loc is on standin and scale on cpu", "to_cpu or to_gpu"],
    ),
    (
        "a value from another device",
        lambda: NORMAL.log_prob(standin.asarray(np.zeros(2))),
        TypeError,
        ["standin", "cpu", "to_cpu or to_gpu"],
    ),
    (
        "a mixture over two devices",
        lambda: D.MixtureSameFamily(
            D.Categorical(p=np.array([0.5, 0.5])), D.Normal(standin.asarray(np.zeros(2)), 1.0)
        ),
        TypeError,
        ["MixtureSameFamily", "mixture_distribution", "component_distribution", "standin", "cpu"],
    ),
    # Wrappers
    (
        "no distribution inside",
        lambda: D.Independent(np.zeros(3), 1),
        TypeError,
        ["Independent: distribution", "expected a Distribution"],
    ),
    (
        "more axes than there are",
        lambda: D.Independent(NORMAL, 2),
        ValueError,
        ["Independent: reinterpreted_batch_ndims is 2", "(2,)"],
    ),
    (
        "weights that are no Categorical",
        lambda: D.MixtureSameFamily(NORMAL, NORMAL),
        TypeError,
        ["MixtureSameFamily: mixture_distribution", "expected a Categorical"],
    ),
    (
        "more classes than components",
        lambda: D.MixtureSameFamily(D.Categorical(p=np.array([0.2, 0.3, 0.5])), NORMAL),
        ValueError,
        ["MixtureSameFamily: component_distribution has batch shape (2,)", "3"],
    ),
    # Divergences
    (
        "a missing pair",
        lambda: pdist.kl_divergence(BERNOULLI, NORMAL),
        NotImplementedError,
        ["kl_divergence", "Bernoulli and Normal", "Normal and Normal"],
    ),
    (
        "a pair registered twice",
        lambda: pdist.register_kl(D.Normal, D.Normal)(lambda p, q: 0),
        ValueError,
        ["register_kl", "Normal and Normal", "already"],
    ),
    (
        "a way that there is none",
        lambda: pdist.kl_divergence(NORMAL, NORMAL, method="guess"),
        ValueError,
        ["kl_divergence", "'guess'"],
    ),
    # What it has not
    (
        "no inverse cdf of vectors",
        lambda: ONE_HOT.icdf(0.5),
        NotImplementedError,
        ["OneHotCategorical has no icdf"],
    ),
    (
        "a gradient that samples do not carry",
        lambda: D.Bernoulli(logit=Variable(np.zeros(2))).rsample(),
        ValueError,
        ["Bernoulli.rsample", "no gradient to logit"],
    ),
    (
        "one of several parameters that samples carry none to",
        lambda: D.MixtureSameFamily(
            D.Categorical(logit=Variable(np.zeros(2))), D.Poisson(np.ones(2))
        ).rsample(),
        ValueError,
        ["MixtureSameFamily.rsample", "mixture_distribution.logit"],
    ),
    ("a change", lambda: setattr(NORMAL, "loc", 0.0), AttributeError, ["Normal.loc", "copy(loc=...)"]),
    # Labels in losses and indices
    (
        "a label out of range in an index",
        lambda: F.select_item(np.zeros((2, 3)), np.array([0, 3])),
        ValueError,
        ["select_item: t", "labels from 0 to 2", "got 3 at index (1,)"],
    ),
    (
        "a label out of range in a loss",
        lambda: F.softmax_cross_entropy(np.zeros((2, 3)), np.array([0, 3])),
        ValueError,
        ["softmax_cross_entropy: t", "labels from 0 to 2", "got 3 at index (1,)"],
    ),
    (
        "an index out of range",
        lambda: F.get_item(Variable(np.zeros(3)), 3),
        IndexError,
        ["3"],
    ),
    # Gradients
    (
        "a gradient of what has none",
        lambda: Variable(np.ones(3, int), requires_grad=True),
        TypeError,
        ["Variable", "int64", "gradient"],
    ),
    (
        "a backward pass from what depends on nothing",
        lambda: NORMAL.log_prob(np.zeros(2)).sum().backward(),
        ValueError,
        ["backward", "anything that requires a gradient"],
    ),
    (
        "a backward pass from several numbers",
        lambda: F.exp(Variable(np.zeros(2))).backward(),
        ValueError,
        ["backward", "(2,)"],
    ),
    # Settings
    (
        "an unknown device",
        lambda: pdist.using_device("tpu").__enter__(),
        ValueError,
        ["using_device", "'tpu'"],
    ),
    ("an rng that is none", lambda: NORMAL.sample(rng="seed"), TypeError, ["'seed'"]),
]


@pytest.mark.parametrize(("act", "error", "says"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_bad_input(act: Callable[[], Any], error: type[Exception], says: list[str]) -> None:
    kept = (NORMAL, BERNOULLI, CATEGORICAL, ONE_HOT, INDEPENDENT, MIXTURE)
    before = copy.deepcopy([dict(d.params) for d in kept])
    with pytest.raises(error) as caught:
        act()
    message = str(caught.value)
    for part in says:
        assert part in message, f"{part!r} is not in {message!r}"
    for dist, parameters in zip(kept, before, strict=True):
        for name, value in dist.params.items():
            np.testing.assert_array_equal(value.array, parameters[name].array)
            assert value.grad is None


# --- What is no error -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: D.Bernoulli(p=np.array([0.0, 1.0])),
        lambda: D.Bernoulli(logit=np.array([-np.inf, np.inf])),
        lambda: D.Categorical(p=np.array([0.0, 1.0])),
        lambda: D.Categorical(logit=np.array([-np.inf, 0.0])),
        lambda: D.Categorical(p=np.full(1000, 1 / 1000, np.float32)),
        lambda: D.Poisson(0.0),
        lambda: D.Normal(np.zeros((0, 3)), 1.0),
        lambda: D.Normal(1, 2),
        lambda: D.Normal([0, 1], [1, 2]),
        lambda: D.Uniform(np.float32(0), np.float32(1e-45)),
    ],
)
def test_parameters_on_the_edge_are_welcome(make: Callable[[], D.Distribution]) -> None:
    make()


@pytest.mark.parametrize("label", [-1, 2, 0.5, 1e300, -np.inf])
def test_labels_out_of_range_have_no_probability(label: float) -> None:
    assert (CATEGORICAL.log_prob(label).array == -np.inf).all()


def test_a_failed_construction_leaves_its_arguments_alone() -> None:
    loc, scale = Variable(np.zeros(2)), Variable(np.array([1.0, -1.0]))
    with pytest.raises(ValueError, match=r"scale\[1\]"):
        D.Normal(loc, scale)
    assert loc.grad is None and scale.grad is None
    np.testing.assert_array_equal(scale.array, [1.0, -1.0])


def test_validation_can_be_turned_off() -> None:
    with pdist.using_config("validate", False):
        dist = D.Normal(0.0, -1.0)
    assert dist.scale.array == -1
    with pytest.raises(ValueError, match="scale is -1"):
        D.Normal(0.0, -1.0)


def test_a_failed_backward_pass_leaves_gradients_alone() -> None:
    @pdist.differentiable
    def only_by_the_first(xp, x1, x2):
        return x1 * x2

    only_by_the_first.derivative(x1=lambda F, g, x2: g * x2)
    a, b = Variable(np.array(2.0)), Variable(np.array(3.0))
    a.grad = np.array(7.0)
    with pytest.raises(NotImplementedError, match=r"only_by_the_first.*x2"):
        (only_by_the_first(a, b) + a).backward()
    assert a.grad == 7 and b.grad is None
