"""The base class: what it derives, promotes, copies, says and refuses, on classes made for the purpose."""

from __future__ import annotations

import copy
import inspect
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

import pdist
import pdist.distributions as D
import pdist.functions as F
from pdist.testing import standin
from pdist.transforms.supports import Support, interval, positive, real, simplex


class Exponential(D.Distribution):
    """A rate or its logarithm; a setting; a density on half of the line that overflows on the other half."""

    rate = D.Param(positive, derive=lambda self: F.exp(self.log_rate))
    log_rate = D.Param(real, instead_of="rate", derive=lambda self: F.log(self.rate))
    note = D.Option("none")
    support = positive
    reparameterized = frozenset({"rate"})

    def _log_prob(self, x):
        return self.log_rate - self.rate * x + 0 * F.log(x)

    def _sample(self, shape, rng):
        return -F.log(rng.random(shape, dtype=self.dtype)) / self.rate

    def _mean(self):
        return 1 / self.rate

    def _variance(self):
        return 1 / (self.rate * self.rate)

    def _entropy(self):
        return 1 - self.log_rate


class Table(D.Distribution):
    """A parameter with an axis of its own, and one without."""

    p = D.Param(simplex, event_ndim=1)
    loc = D.Param(real)
    support = real

    def _log_prob(self, x):
        return F.log((self.p * F.exp(-abs(x - self.loc))[..., None]).sum(axis=-1))


class Pair(D.Distribution):
    """Two distributions inside, one of which keeps a batch axis to itself, and a parameter of its own."""

    left = D.Part()
    right = D.Part(batch_ndim=1)
    shift = D.Param(real)
    support = real

    def _log_prob(self, x):
        return self.left.log_prob(x - self.shift) + self.right.log_prob(x[..., None]).sum(axis=-1)


SHAPES = st.sampled_from([(), (1,), (3,), (2, 3), (2, 1), (0, 3)])


# --- Construction -----------------------------------------------------------------------------------


@given(mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_side=3, max_dims=3))
def test_parameters_broadcast_to_the_batch_shape(shapes):
    a, b = shapes.input_shapes
    d = D.Normal(np.zeros(a), np.ones(b))
    assert d.batch_shape == shapes.result_shape
    assert d.loc.shape == a and d.scale.shape == b
    assert d.mean.shape == d.entropy.shape == d.stddev.shape == d.batch_shape
    assert d.log_prob(0.0).shape == d.batch_shape


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ((np.float32(0), np.float64(1)), np.float64),
        ((np.float32(0), 1.0), np.float32),
        ((np.float32(0), 1), np.float32),
        ((np.zeros(2, np.float32), np.ones(2, np.int64)), np.float32),
        ((np.zeros(2), np.ones(2, bool)), np.float64),
        ((0, 1), np.float32),
        (([0.0, 1.0], 1.0), np.float32),
        ((np.zeros(2, np.int32), np.ones(2, bool)), np.float32),
    ],
)
def test_parameters_have_one_dtype(values, dtype):
    d = D.Normal(*values)
    assert {v.dtype for v in d.params.values()} == {np.dtype(dtype)}
    assert d.dtype == d.sample(2).dtype == d.log_prob(1).dtype == d.log_prob(0.5).dtype == dtype


def test_python_floats_take_the_parameters_precision():
    d = D.Normal(np.float64(0), 1.0)
    assert d.log_prob(0.1).item() == d.log_prob(np.float64(0.1)).item()
    assert d.log_prob([0.1])[0].item() == d.log_prob(np.float64(0.1)).item()
    assert d.log_prob(np.float32(0.1)).dtype == np.float64
    assert D.Normal(np.float32(0), 1.0).log_prob(np.float64(0.1)).dtype == np.float64


def test_what_is_given_is_kept_and_the_rest_derived():
    log_rate = pdist.Variable(np.array([0.5, -0.5]))
    d = Exponential(log_rate=log_rate)
    assert d.log_rate is log_rate and list(d.params) == ["log_rate"]
    np.testing.assert_allclose(d.rate.array, np.exp(log_rate.array))
    assert Exponential(rate=None, log_rate=log_rate).log_rate is log_rate
    for _ in range(2):  # what is derived is no part of a graph that a backward pass has used up
        log_rate.cleargrad()
        F.sum(d.rate).backward()
        np.testing.assert_allclose(log_rate.grad, np.exp(log_rate.array))


def test_signature_tells_the_arguments():
    assert str(inspect.signature(Exponential)) == "(rate=None, *, log_rate=None, note='none')"
    assert str(inspect.signature(Table)) == "(p, loc)"
    assert str(inspect.signature(Pair)) == "(left, right, shift)"


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Exponential(), TypeError, "expected exactly one of rate and log_rate, got none"),
        (lambda: Exponential(1.0, log_rate=0.0), TypeError, "exactly one of .* got rate and log_rate"),
        (lambda: Exponential(1.0, rate=2.0), TypeError, "Exponential: rate was given twice"),
        (lambda: Exponential(1.0, 2.0), TypeError, "at most 1 positional arguments, got 2"),
        (lambda: Exponential(speed=1.0), TypeError, r"no argument 'speed'; it takes \(rate=None"),
        (
            lambda: Exponential([[1.0, -2.0]]),
            ValueError,
            r"Exponential: rate\[0, 1\] is -2.0; expected a positive finite number",
        ),
        (lambda: Exponential("fast"), TypeError, "Exponential: rate: .*<U4"),
        (lambda: Exponential(1j), TypeError, "complex"),
        (
            lambda: Table([0.5, 0.6], 0.0),
            ValueError,
            r"Table: p is \[0.5 0.6\]; expected nonnegative numbers of sum 1",
        ),
        (lambda: Table(1.0, 0.0), ValueError, r"Table: p has shape \(\); expected at least 1 axis"),
        (lambda: D.Normal([0, 1], [1, 1, 1]), ValueError, r"do not broadcast: loc \(2,\), scale \(3,\)"),
        (lambda: Pair(1.0, D.Normal(0, [1.0]), 0.0), TypeError, "left is 1.0; expected a Distribution"),
        (lambda: Pair(D.Normal(0, 1), D.Normal(0, 1), 0.0), ValueError, "right has shape .*at least 1 axis"),
    ],
)
def test_what_makes_no_distribution_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_validation_can_be_turned_off_and_never_waits_for_a_device():
    with pdist.using_config("validate", False):
        assert Exponential(-1.0).rate.item() == -1
    assert Exponential(standin.asarray(np.array(-1.0))).dtype == np.float64


def test_a_distribution_never_changes():
    d = Exponential(1.0)
    for name in ("rate", "log_rate", "note"):
        with pytest.raises(AttributeError, match=rf"copy\({name}=...\)"):
            setattr(d, name, 2.0)


# --- Copies -----------------------------------------------------------------------------------------


def test_copy_overrides():
    d = Exponential([1.0, 2.0], note="mine")
    assert d.copy().rate is d.rate and d.copy().note == "mine"
    assert list(d.copy(log_rate=0.0).params) == ["log_rate"]
    assert d.copy(note="other").note == "other" and d.note == "mine"
    with pytest.raises(ValueError, match="positive"):
        d.copy(rate=-1.0)


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, lambda d: pickle.loads(pickle.dumps(d))])
def test_clones_answer_alike(clone):
    for d in (Exponential(log_rate=[0.0, 1.0], note="mine"), D.Independent(D.Normal(np.zeros((2, 3)), 1.0))):
        twin = clone(d)
        assert repr(twin) == repr(d) and twin.batch_shape == d.batch_shape
        np.testing.assert_array_equal(twin.mean.array, d.mean.array)


def pair(batch=()):
    rng = np.random.default_rng(0)
    return Pair(
        D.Normal(rng.standard_normal(batch), 1.0),
        D.Normal(0.0, rng.uniform(1, 2, (*batch, 4))),
        pdist.Variable(rng.standard_normal(batch)),
    )


INDICES = [0, -1, slice(1, None), (slice(None), 0), (Ellipsis, None), (None, 1), (0, 1), np.array([1, 0, 1])]


@pytest.mark.parametrize("index", INDICES, ids=repr)
def test_indexing_is_that_of_arrays(index):
    d = pair((2, 3))
    expected = d.log_prob(0.3).array[index]
    assert d[index].batch_shape == expected.shape
    np.testing.assert_allclose(d[index].log_prob(0.3).array, expected)
    table = Table(np.full((3, 2), 0.5), np.zeros((2, 1)))
    np.testing.assert_allclose(table[index].log_prob(0.3).array, table.log_prob(0.3).array[index])


def test_iteration_and_length():
    d = pair((2, 3))
    assert len(d) == 2 and [one.batch_shape for one in d] == [(3,), (3,)]
    with pytest.raises(TypeError, match="Normal with batch shape"):
        len(D.Normal(0, 1))
    with pytest.raises(IndexError, match="too many indices: 3 for batch shape"):
        d[0, 0, 0]


def test_expand_passes_gradients_on():
    d = pair((3,))
    wide = d.expand((2, 3))
    assert wide.batch_shape == (2, 3) and wide.right.batch_shape == (2, 3, 4)
    F.sum(wide.log_prob(0.3)).backward()
    once = d.copy(shift=pdist.Variable(d.shift.array))
    F.sum(once.log_prob(0.3)).backward()
    np.testing.assert_allclose(d.shift.grad, 2 * once.shift.grad)
    with pytest.raises(ValueError, match=r"batch shape \(3,\) does not broadcast to \(3, 2\)"):
        d.expand((3, 2))


def test_parts_take_one_dtype():
    d = Pair(D.Normal(np.float32(0), 1.0), D.Normal(np.zeros(2), 1.0), 0)
    assert {v.dtype for v in d.params.values()} == {np.dtype(np.float64)}
    assert list(d.params) == ["left.loc", "left.scale", "right.loc", "right.scale", "shift"]


def test_repr_is_what_a_learner_can_read():
    assert repr(D.Normal([0.0, 1.0], 2)) == "Normal(loc=[0.0, 1.0], scale=2.0)"
    assert repr(Exponential(log_rate=0.1, note="mine")) == "Exponential(log_rate=0.1, note='mine')"
    assert repr(D.Normal(np.zeros((8, 3)), 1.0)) == "Normal(loc=<float64 [8, 3]>, scale=1.0)"
    assert repr(D.Independent(D.Normal([0, 1], 1))).startswith("Independent(distribution=Normal(")


# --- Derived methods --------------------------------------------------------------------------------


def logistic(**formulas):
    """The logistic distribution by one of its formulas alone."""
    return type("Logistic", (D.Distribution,), {"loc": D.Param(real), "support": real, **formulas})(0.0)


X = np.array([-3.0, -0.1, 0.0, 2.0])
WAYS = {
    "_cdf": lambda self, x: F.sigmoid(x - self.loc),
    "_log_cdf": lambda self, x: F.log_sigmoid(x - self.loc),
    "_survival_function": lambda self, x: F.sigmoid(self.loc - x),
    "_log_survival_function": lambda self, x: F.log_sigmoid(self.loc - x),
}


@pytest.mark.parametrize("stated", WAYS)
def test_each_tail_follows_from_any_other(stated):
    d = logistic(**{stated: WAYS[stated]})
    for name, formula in WAYS.items():
        np.testing.assert_allclose(getattr(d, name[1:])(X).array, formula(d, X).array, rtol=1e-12)


def test_a_survival_function_keeps_its_digits():
    d = logistic(_cdf=WAYS["_cdf"], _survival_function=WAYS["_survival_function"])
    assert d.log_survival_function(np.float64(50.0)).item() == pytest.approx(-50, rel=1e-15)
    d = logistic(_log_cdf=WAYS["_log_cdf"])
    assert d.survival_function(np.float64(50.0)).item() == pytest.approx(math.exp(-50), rel=1e-12)


def test_what_is_not_stated_is_missing_by_name():
    d = logistic()
    for name in ("cdf", "icdf", "log_survival_function"):
        with pytest.raises(NotImplementedError, match=f"Logistic has no {name}"):
            getattr(d, name)(0.5)
    for name in ("mean", "entropy", "stddev", "median", "covariance"):
        with pytest.raises(NotImplementedError, match="Logistic has no"):
            getattr(d, name)
    with pytest.raises(NotImplementedError, match="Logistic has no sample"):
        d.sample()


def test_statistics_follow_from_each_other():
    d = Exponential(np.array([1.0, 2.0]))
    np.testing.assert_allclose(d.stddev.array, d.mean.array)
    np.testing.assert_allclose(d.covariance.array, d.variance.array)
    np.testing.assert_allclose(d.perplexity.array, np.exp(d.entropy.array))


def test_outside_the_support():
    rate, x = pdist.Variable(np.array(2.0)), pdist.Variable(np.array([-1.0, 0.5, np.inf, np.nan]))
    y = Exponential(rate).log_prob(x)
    np.testing.assert_allclose(y.array, [-np.inf, math.log(2) - 1, -np.inf, np.nan])
    for g in pdist.grad([y[:3]], [x, rate]):
        assert np.isfinite(g.array).all()
    assert not pdist.grad([y[:3]], [x])[0].array[[0, 2]].any()
    np.testing.assert_array_equal(Exponential(rate).support.contains(x), [False, True, False, False])


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda d: d.log_prob(np.zeros(4)), r"Normal.log_prob: x of shape \(4,\) .* batch shape \(3,\)"),
        (lambda d: d.icdf(np.zeros(4)), r"Normal.icdf: p of shape \(4,\)"),
        (lambda d: D.Independent(d, 1).log_prob(0.0), r"x has shape \(\); .* the event shape \(3,\)"),
        (lambda d: d.sample(-1), "Normal.sample: .*-1"),
        (lambda d: d.expand((-1,)), "Normal.expand: .*-1"),
    ],
)
def test_shapes_that_do_not_fit_are_named(ask, message):
    with pytest.raises(ValueError, match=message):
        ask(D.Normal(np.zeros(3), 1.0))


@pytest.mark.parametrize(
    "x", ["a", None, [1j], {}, np.array([object()])], ids=str.split("string none complex dict object")
)
def test_values_that_are_no_numbers_are_named(x):
    with pytest.raises(TypeError, match=r"Normal\.log_prob: x: "):
        D.Normal(0.0, 1.0).log_prob(x)


# --- Samples ----------------------------------------------------------------------------------------


@given(st.sampled_from([(), 2, (2,), (2, 3), (0,)]), SHAPES)
def test_shapes_of_samples(sample_shape, batch):
    d = D.Normal(np.zeros(batch), np.ones(batch))
    lead = (sample_shape,) if isinstance(sample_shape, int) else sample_shape
    assert d.sample(sample_shape).shape == lead + batch
    np.testing.assert_array_equal(d.sample(sample_shape, rng=3).array, d.sample(sample_shape, rng=3).array)


def test_rsample_refuses_what_sample_would_lose():
    rate = pdist.Variable(np.array(2.0))
    assert Exponential(rate).rsample(3).shape == (3,)
    with pytest.raises(ValueError, match=r"Exponential.rsample: .*no gradient to log_rate"):
        Exponential(log_rate=rate).rsample()
    with pytest.raises(ValueError, match=r"Independent.rsample: .*distribution.p"):
        D.Independent(D.Bernoulli(p=pdist.Variable(np.array([0.5])))).rsample()
    assert Exponential(log_rate=0.0).rsample().shape == ()  # which needs none


# --- Supports ---------------------------------------------------------------------------------------


def test_supports_are_strings_that_contain():
    assert real == "real" and copy.deepcopy(positive) is positive
    low, high = np.array([0.0, 2.0]), np.array([1.0, 3.0])
    between = interval(low, high, "[low, high]")
    np.testing.assert_array_equal(between.contains([0.5, 0.5]), [True, False])
    assert between.contains(between.inner).all()
    rows = positive.over(1)
    assert rows == "positive" and rows.event_ndim == 1 and positive.over(0) is positive
    np.testing.assert_array_equal(rows.contains([[1.0, 2.0], [1.0, -2.0]]), [True, False])


@pytest.mark.parametrize("name", sorted(n for n, v in vars(D.supports).items() if isinstance(v, Support)))
def test_the_inner_value_of_a_support_is_inside(name):
    support = getattr(D.supports, name)
    x = np.full((3,) * (1 + support.event_ndim), np.nan)
    assert not support.contains(x).any() and support.contains(x).shape == (3,)
    inner = support.inner(np, x) if callable(support.inner) else support.inner
    assert support.contains(np.broadcast_to(inner, x.shape)).all()


@pytest.mark.parametrize("loc", [0.0, np.zeros(0), np.zeros(2)])
def test_a_distribution_is_true_whatever_its_length(loc):
    assert D.Normal(loc, 1.0)
