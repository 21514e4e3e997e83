"""Categorical: labels of every kind, classes without probability, cumulative sums, and draws in the tails."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from exactly import numbers, require
from hypothesis import given
from hypothesis import strategies as st

import pdist
import pdist.distributions as D
from pdist import Variable, check_gradients, kl_divergence
from pdist.numerics import logits as classes
from pdist.numerics import tables as module

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
rows = st.integers(1, 6).flatmap(lambda k: st.lists(numbers(-30, 30), min_size=k, max_size=k))


def variable(values: object, dtype: type = np.float64) -> Variable:
    return Variable(np.asarray(values, dtype))


def gradients(y: Variable, *inputs: Variable) -> list[np.ndarray]:
    return [g.array for g in pdist.grad([y], list(inputs))]


def softmax(logit: object) -> list[object]:
    """Probabilities to many digits."""
    e = [mp.exp(mp.mpf(float(l))) for l in logit]
    return [v / mp.fsum(e) for v in e]


# The density -----------------------------------------------------------------------------------------------


@DTYPES
@given(logit=rows, data=st.data())
def test_log_prob_and_its_gradient(dtype: type, logit: list[float], data: st.DataObject) -> None:
    x = data.draw(st.integers(0, len(logit) - 1))
    given_ = variable(logit, dtype)
    y = D.Categorical(logit=given_).log_prob(x)
    with mp.workdps(60):
        p = softmax(logit)
        others = mp.fsum(v for i, v in enumerate(p) if i != x)
        slope = [others if i == x else -v for i, v in enumerate(p)]
        # The exponent of what remains beside a likely class is rounded, and log_prob is as small as that.
        require(y, [mp.log(p[x]) if p[x] < 0.5 else mp.log1p(-others)], 4 + np.ptp(logit) / 2)
        require(gradients(y, given_)[0], slope, 4)


@DTYPES
def test_a_class_without_probability(dtype: type) -> None:
    p, logit = variable([0.5, 0.5, 0], dtype), variable([0, 0, -np.inf], dtype)
    for given_, d in ((p, D.Categorical(p)), (logit, D.Categorical(logit=logit))):
        y = d.log_prob(np.array([0, 1, 2]))
        np.testing.assert_allclose(y.array, [-math.log(2), -math.log(2), -np.inf], rtol=1e-6)
        for answer in (
            y,
            d.entropy,
            d.mean,
            d.cdf([0, 1]),
            d.log_cdf([0, 1]),
            d.log_survival_function([0, 1]),
        ):
            assert np.isfinite(gradients(answer, given_)[0]).all()
        np.testing.assert_allclose(d.entropy.array, math.log(2), rtol=1e-6)
        assert set(np.unique(d.sample(1000, rng=0).array)) == {0, 1}
    np.testing.assert_allclose(gradients(D.Categorical(p).log_prob([0, 2]), p)[0], [2, 0, 0])


def test_what_is_no_label() -> None:
    x = np.array([-1, 3, 0.5, 1e30, np.inf, -np.inf, np.nan])
    for name, values in (("p", [0.2, 0.3, 0.5]), ("logit", [0.0, 1.0, 2.0])):
        parameter = variable(values)
        y = D.Categorical(**{name: parameter}).log_prob(x)
        assert (y.array[:-1] == -np.inf).all()
        assert np.isnan(y.array[-1])
        np.testing.assert_array_equal(gradients(y, parameter)[0], 0)
        y = D.Categorical(**{name: parameter}).log_prob(np.array([2**40, -(2**40)]))
        assert (y.array == -np.inf).all()


def test_labels_of_any_type() -> None:
    d = D.Categorical(logit=variable(np.arange(6.0).reshape(2, 3), np.float32))
    expected = d.log_prob(np.array([1, 0], np.int64)).array
    for dtype in (np.int8, np.uint8, np.int32, np.int64, bool, np.float32):
        y = d.log_prob(np.array([1, 0], dtype))
        assert y.dtype == np.float32
        np.testing.assert_array_equal(y.array, expected)
    assert d.log_prob(np.array([1.0, 0.0])).dtype == np.float64
    np.testing.assert_array_equal(d.log_prob(1).array, d.log_prob([1, 1]).array)
    np.testing.assert_array_equal(d.log_prob(Variable(np.array([1, 0]))).array, expected)


@given(
    batch=st.sampled_from([(), (3,), (2, 3), (1, 3)]),
    lead=st.sampled_from([None, (), (4,), (5, 1)]),
    name=st.sampled_from(["p", "logit"]),
)
def test_labels_broadcast_with_the_batch(
    batch: tuple[int, ...], lead: tuple[int, ...] | None, name: str
) -> None:
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(4), batch)
    x = rng.integers(4, size=() if lead is None else lead + batch)  # one label for all, or S of them for each
    parameter = variable(p if name == "p" else np.log(p))
    y = D.Categorical(**{name: parameter}).log_prob(x)
    table = np.broadcast_to(np.log(p), (*x.shape, 4) if x.ndim else p.shape)
    x_full = np.broadcast_to(x, table.shape[:-1])
    np.testing.assert_allclose(y.array, np.take_along_axis(table, x_full[..., None], -1)[..., 0], rtol=1e-13)
    one_hot = (x_full[..., None] == np.arange(4)) * 1.0
    slope = one_hot / p if name == "p" else one_hot - p
    slope = slope.reshape(-1, *p.shape).sum(axis=0)  # the gradients of a row's labels add up
    np.testing.assert_allclose(gradients(y, parameter)[0], slope, rtol=1e-12, atol=1e-13)


def test_one_class_and_a_thousand() -> None:
    d = D.Categorical(logit=variable(np.zeros((2, 1))))
    for y in (d.log_prob(0), d.entropy, d.mean, d.variance, d.log_cdf(0), d.icdf(0.5), d.sample(rng=0)):
        np.testing.assert_array_equal(y.array, [0, 0])
    assert (d.log_survival_function(0).array == -np.inf).all()
    d = D.Categorical(logit=variable(np.zeros((2, 1000))))
    np.testing.assert_allclose(d.log_prob(999).array, -math.log(1000), rtol=1e-15)
    np.testing.assert_allclose(d.entropy.array, math.log(1000), rtol=1e-15)
    np.testing.assert_allclose(d.cdf(499).array, 0.5, rtol=1e-12)
    np.testing.assert_allclose(d.log_survival_function(998).array, -math.log(1000), rtol=1e-13)
    assert d.sample((7,), rng=0).shape == (7, 2)


def test_an_empty_batch() -> None:
    d = D.Categorical(variable(np.zeros((0, 3))))
    for y, shape in (
        (d.log_prob(0), (0,)),
        (d.entropy, (0,)),
        (d.sample(2, rng=0), (2, 0)),
        (d.cdf(1.0), (0,)),
    ):
        assert y.shape == shape
    assert d.log_prob(np.zeros((4, 0), int)).shape == (4, 0)


def test_nan_logits_stay_nan() -> None:
    nan, zeros = variable([np.nan, 0, 1]), variable([0, 0, 0])
    with pdist.using_config("validate", False):
        d, q = D.Categorical(logit=nan), D.Categorical(logit=zeros)
        for y in (d.log_prob(1), d.entropy, kl_divergence(d, q), kl_divergence(q, d)):
            assert np.isnan(y.array)


def test_bad_parameters() -> None:
    with pytest.raises(ValueError, match=r"Categorical: p\[1\] is .*; expected nonnegative numbers of sum 1"):
        D.Categorical(variable([[0.5, 0.5], [0.5, 0.4999]]))
    with pytest.raises(ValueError, match=r"Categorical: p is .*; expected"):
        D.Categorical(variable([1.5, -0.5]))
    with pytest.raises(ValueError, match="Categorical: p has shape"):
        D.Categorical(variable(1.0))
    with pytest.raises(ValueError, match="expected numbers less than inf"):
        D.Categorical(logit=variable([0.0, np.inf]))
    with pytest.raises(ValueError, match="not all of them -inf"):
        D.Categorical(logit=variable([-np.inf, -np.inf]))
    with pytest.raises(ValueError, match="does not broadcast"):
        D.Categorical(variable(np.full((2, 2), 0.5))).log_prob(np.zeros(3))
    with pytest.raises(ValueError, match="kl_divergence: p has 2 classes and q 3"):
        kl_divergence(D.Categorical(logit=variable([0, 0])), D.Categorical(logit=variable([0, 0, 0])))


# Cumulative sums -------------------------------------------------------------------------------------------


@DTYPES
@given(logit=rows)
def test_both_tails_of_the_cdf(dtype: type, logit: list[float]) -> None:
    d = D.Categorical(logit=np.array(logit, dtype))
    k = np.arange(len(logit))
    with mp.workdps(60):
        p = softmax(logit)
        below = [mp.fsum(p[: i + 1]) for i in k]
        above = [mp.fsum(p[i + 1 :]) for i in k]
        require(d.cdf(k), below[:-1] + [mp.mpf(1)], 8)
        require(d.survival_function(k), above, 8)
        if len(k) > 1:
            log_below = [mp.log(b) if b < 0.5 else mp.log1p(-a) for a, b in zip(above, below, strict=True)]
            log_above = [mp.log(a) if a < 0.5 else mp.log1p(-b) for a, b in zip(above, below, strict=True)][
                :-1
            ]
            require(d.log_cdf(k)[:-1], log_below[:-1], 12, beside=float(np.finfo(dtype).eps))
            require(d.log_survival_function(k)[:-1], log_above, 12, beside=float(np.finfo(dtype).eps))


def test_logarithms_of_tails_that_no_probability_can_hold() -> None:
    d = D.Categorical(logit=variable([-2000, 0, -1000, -1500], np.float32))
    np.testing.assert_allclose(d.log_cdf([0, 1, 2, 3]).array, [-2000, 0, 0, 0])
    np.testing.assert_allclose(d.log_survival_function([0, 1, 2, 3]).array, [0, -1000, -1500, -np.inf])


def test_cdf_between_and_outside_labels() -> None:
    x = np.array([-np.inf, -0.5, 0.5, 1.5, 2, 9, np.inf, np.nan])
    d = D.Categorical(variable([0.25, 0.25, 0.5]))
    np.testing.assert_allclose(d.cdf(x).array, [0, 0, 0.25, 0.5, 1, 1, 1, np.nan])
    np.testing.assert_allclose(d.survival_function(x).array, [1, 1, 0.75, 0.5, 0, 0, 0, np.nan])


@DTYPES
@given(seed=st.integers(0, 10**6), k=st.integers(1, 40))
def test_icdf_inverts_the_cdf(dtype: type, seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(k, 0.3), 3).astype(dtype)
    p /= p.sum(axis=-1, keepdims=True)
    d = D.Categorical(p)
    u = rng.random((20, 3)).astype(dtype)
    x = d.icdf(u).array
    assert ((d.cdf(x).array >= u) | (x == k - 1)).all()
    assert ((d.cdf(x - 1).array < u) | (x == 0)).all()
    for label in range(k - 1):
        exact = d.icdf(d.cdf(label)).array
        assert (d.cdf(exact).array == d.cdf(label).array).all()
        assert (exact <= label).all()
    np.testing.assert_array_equal(d.icdf(np.array([-0.5, 1.5, np.nan])[:, None].astype(dtype)).array, np.nan)


@given(k=st.integers(1, 1200), seed=st.integers(0, 99))
def test_running_sums(k: int, seed: int) -> None:
    x = np.random.default_rng(seed).gamma(0.2, size=(2, k)).astype(np.float32)
    got, exact = module.running_sums(x).array, np.cumsum(x, axis=-1, dtype=np.float64)
    assert got.dtype == np.float32
    assert (np.diff(got) >= 0).all()
    np.testing.assert_allclose(got, exact, rtol=1e-6)


def test_shapes_of_quantiles() -> None:
    p = np.random.default_rng(0).dirichlet(np.ones(4), (2, 1, 3))
    for batch in (p, p[0, 0, 0], p[:, :, :0]):
        d = D.Categorical(variable(batch))
        for shape in ((), (1,), (2, 5, 1), (7, 1, 1, 1)):
            u = np.random.default_rng(1).random(shape)
            x = d.icdf(u).array
            assert x.shape == np.broadcast_shapes(shape, d.batch_shape)
            np.testing.assert_array_equal(
                x, (d.cdf(np.arange(3).reshape(3, *[1] * x.ndim)).array < u).sum(axis=0)
            )


# Samples ---------------------------------------------------------------------------------------------------


class Fixed(np.random.Generator):
    """A generator that draws given numbers."""

    def __init__(self, *numbers: float) -> None:
        super().__init__(np.random.PCG64(0))
        self.numbers = np.array(numbers)

    def random(self, shape: tuple[int, ...]) -> np.ndarray:  # type: ignore[override]
        return np.resize(self.numbers, shape)


def test_rare_classes_come_as_often_as_they_should() -> None:
    d = D.Categorical(np.array([1e-9, 1, 1e-9], np.float32))
    # 1 - u is what is inverted
    u = Fixed(0.0, 0.9e-9, 1.1e-9, 3e-8, 0.5, 1 - 1.2e-9, 1 - 0.9e-9, 1 - 2.0**-53)
    np.testing.assert_array_equal(d.sample(8, rng=u).array, [2, 2, 1, 1, 1, 1, 0, 0])


@given(st.lists(st.booleans(), min_size=1, max_size=9).filter(any), st.sampled_from([0.0, 0.5, 1 - 2.0**-53]))
def test_a_class_of_weight_zero_is_never_drawn(positive: list[bool], u: float) -> None:
    weights = np.array(positive, float) * 0.1
    label = module.draw_classes(np, weights, (1,), Fixed(u))[0]
    assert positive[label]
    if u == 0:  # 1 - u is what is inverted
        assert not any(positive[label + 1 :])
    if u > 0.9:
        assert not any(positive[:label])


@DTYPES
@pytest.mark.parametrize("k", [2, 3, 8, 33])
def test_samples(dtype: type, k: int) -> None:
    p = np.random.default_rng(k).dirichlet(np.ones(k), 2).astype(dtype)
    logit = variable(np.log(p) + 3, dtype)
    sample = D.Categorical(logit=logit).sample((20000,), rng=0)
    assert sample.dtype == np.intp
    assert not sample.requires_grad
    counts = np.stack([np.bincount(column, minlength=k) for column in sample.array.T])
    expected = 20000 * p.astype(float)
    assert ((counts - expected) ** 2 / np.maximum(expected, 5)).sum() < 2 * 2 * k + 30
    with pytest.raises(ValueError, match=r"Categorical\.rsample: samples carry no gradient to logit"):
        D.Categorical(logit=logit).rsample()


# Divergences -----------------------------------------------------------------------------------------------


@DTYPES
@given(data=st.data(), size=st.sampled_from([10.0, 1.0, 1e-3, 1e-6]))
def test_divergence_of_logits(dtype: type, data: st.DataObject, size: float) -> None:
    a = data.draw(rows)
    change = data.draw(st.lists(numbers(-2, 2), min_size=len(a), max_size=len(a)))
    b = [float(np.float32(x + size * c)) for x, c in zip(a, change, strict=True)]
    one, other = variable(a, dtype), variable(b, dtype)
    y = kl_divergence(D.Categorical(logit=one), D.Categorical(logit=other))
    with mp.workdps(80):
        p, q = softmax(a), softmax(b)
        kl = mp.fsum(x * mp.log(x / z) for x, z in zip(p, q, strict=True))
        by_p = [x * (mp.log(x / z) - kl) for x, z in zip(p, q, strict=True)]
        by_q = [z - x for x, z in zip(p, q, strict=True)]
    require(y, [kl], 64, beside=1e-36)  # the truth of a 0 is one of 80 digits
    # A component may pass through zero: it counts beside the largest.
    for got, expected in zip(gradients(y, one, other), (by_p, by_q), strict=True):
        require(got, expected, 64, beside=max(1e-36, *[float(abs(v)) for v in expected]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_divergences_that_libraries_get_wrong(dtype: type) -> None:
    a, b = variable([0, 0], dtype), variable([-200, 0], dtype)
    y = kl_divergence(D.Categorical(logit=a), D.Categorical(logit=b))
    np.testing.assert_allclose(y.array, 100 - math.log(2), rtol=2 * np.finfo(dtype).eps)
    for got, expected in zip(gradients(y, a, b), ([50, -50], [-0.5, 0.5]), strict=True):
        np.testing.assert_allclose(got, expected, rtol=4 * np.finfo(dtype).eps)


@given(row=rows, shift=st.integers(-1000, 1000), seed=st.integers(0, 99))
def test_divergence_knows_neither_constants_nor_order(row: list[float], shift: int, seed: int) -> None:
    a = np.round(np.array(row) * 64) / 64  # so that a constant can be added exactly
    b = np.round(np.random.default_rng(seed).standard_normal(len(a)) * 64) / 64
    order = np.random.default_rng(seed).permutation(len(a))
    y = kl_divergence(D.Categorical(logit=variable(a)), D.Categorical(logit=variable(b))).array
    assert y >= 0
    moved = kl_divergence(
        D.Categorical(logit=variable(a + shift)), D.Categorical(logit=variable(b - shift))
    ).array
    np.testing.assert_allclose(moved, y, rtol=1e-14, atol=1e-300)
    mixed = kl_divergence(
        D.Categorical(logit=variable(a[order])), D.Categorical(logit=variable(b[order]))
    ).array
    np.testing.assert_allclose(mixed, y, rtol=1e-13, atol=1e-300)
    assert kl_divergence(D.Categorical(logit=variable(a)), D.Categorical(logit=variable(a))).array == 0


@pytest.mark.parametrize("one", ["p", "logit"])
@pytest.mark.parametrize("other", ["p", "logit"])
def test_divergence_with_classes_without_probability(one: str, other: str) -> None:
    p = np.array([[0.5, 0.5, 0], [0.5, 0.5, 0], [0.5, 0.25, 0.25], [1, 0, 0]])
    q = np.array([[0.5, 0.5, 0], [0.25, 0.25, 0.5], [0.5, 0.5, 0], [0, 0, 1]])
    with np.errstate(divide="ignore"):
        a = variable(p if one == "p" else np.log(p))
        b = variable(q if other == "p" else np.log(q))
    y = kl_divergence(D.Categorical(**{one: a}), D.Categorical(**{other: b}))
    np.testing.assert_allclose(y.array, [0, math.log(2), np.inf, np.inf], rtol=1e-15)
    assert np.isfinite(gradients(y, a, b)).all()


def test_batches_of_divergences_broadcast() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((4, 1, 3)), rng.standard_normal((2, 3))
    y = kl_divergence(D.Categorical(logit=variable(a)), D.Categorical(logit=variable(b)))
    p, q = D.Categorical(logit=variable(a)).p.array, D.Categorical(logit=variable(b)).p.array
    np.testing.assert_allclose(y.array, (p * np.log(p / q)).sum(axis=-1), rtol=1e-12)
    by_p = kl_divergence(D.Categorical(variable(p)), D.Categorical(variable(q)))
    np.testing.assert_allclose(by_p.array, y.array, rtol=1e-12)


# Higher derivatives ----------------------------------------------------------------------------------------


def test_derivatives_to_second_order() -> None:
    rng = np.random.default_rng(0)
    row, table, stack = rng.standard_normal(4), rng.standard_normal((3, 4)), rng.standard_normal((2, 3, 4))
    p = rng.dirichlet(np.ones(4), 3)
    for op in (classes.class_log_probabilities, classes.class_probabilities, classes.class_complements):
        check_gradients(op, [table])
    check_gradients(module.running_sums, [table])
    check_gradients(module.running_sums, [rng.standard_normal((2, 50))])
    check_gradients(classes.class_score, [stack, table])
    check_gradients(classes.class_score, [table, row])
    check_gradients(classes.class_entropy, [table])
    check_gradients(classes.class_entropy_p, [p])
    for a, b in ((table, stack), (row, stack), (stack, row), (table, table + 1e-3 * row)):
        check_gradients(classes.class_kl, [a, b])
    labels = np.array([[0, 3, 1], [2, 2, 2], [1, 0, 0]])
    check_gradients(lambda logit: D.Categorical(logit=logit).log_prob(labels), [table])
    check_gradients(lambda logit: D.Categorical(logit=logit).log_prob(labels), [row])
    x = np.array([[0, 0.5, 1.7], [2, 2.9, 0]])
    with pdist.using_config("validate", False):  # a step of a finite difference leaves the simplex
        check_gradients(lambda p: D.Categorical(p).log_prob(labels), [p])
        for name in ("cdf", "survival_function", "log_cdf", "log_survival_function"):
            check_gradients(lambda logit, name=name: getattr(D.Categorical(logit=logit), name)(x), [table])
            check_gradients(lambda p, name=name: getattr(D.Categorical(p), name)(x), [p])


def test_take_and_put_are_each_other_reversed() -> None:
    rng = np.random.default_rng(0)
    table, x = rng.standard_normal((2, 3, 5)), rng.standard_normal((4, 2, 3))
    label = rng.integers(5, size=(4, 2, 3))
    taken = module.take_class(table, label=label).array
    put = module.put_class(x, label=label, shape=table.shape).array
    np.testing.assert_allclose((taken * x).sum(), (put * table).sum(), rtol=1e-13)


def test_many_rows_are_as_few() -> None:
    rng = np.random.default_rng(0)
    logit = rng.standard_normal((3, 20000, 3))  # more than are computed at a time
    x, part = rng.integers(3, size=(3, 20000)), (slice(1, 3), slice(700, 9000))
    many, few = variable(logit), variable(logit[part])
    y, expected = D.Categorical(logit=many).log_prob(x), D.Categorical(logit=few).log_prob(x[part])
    np.testing.assert_array_equal(y.array[part], expected.array)
    np.testing.assert_array_equal(gradients(y, many)[0][part], gradients(expected, few)[0])
    sample = D.Categorical(logit=many).sample(2, rng=0)
    assert sample.shape == (2, 3, 20000)
    p = D.Categorical(logit=many).p.array
    np.testing.assert_allclose(
        (sample.array[..., None] == [0, 1, 2]).mean(axis=(0, 1, 2)), p.mean(axis=(0, 1)), atol=0.01
    )
    with pdist.using_config("validate", False):
        one = D.Categorical(logit=variable(logit[0, 0]))
        np.testing.assert_array_equal(one.sample(10**5, rng=1).array[:9], one.sample(9, rng=1).array)


# Labels, sums and memory ------------------------------------------------------------------------------------


@DTYPES
@pytest.mark.parametrize("name", ["p", "logit"])
def test_draws_and_the_mode_are_labels(dtype: type, name: str) -> None:
    p = np.array([[0.1, 0.7, 0.2], [0.6, 0.3, 0.1]], dtype)
    d = D.Categorical(**{name: p if name == "p" else np.log(p)})
    x = d.sample(5, rng=0)
    assert x.dtype == d.mode.dtype == np.intp
    assert np.arange(3)[x.array].shape == (5, 2)  # they index
    np.testing.assert_array_equal(np.array(list("abc"))[d.mode.array], ["b", "a"])
    loss = pdist.functions.softmax_cross_entropy(
        variable(np.zeros((2, 3)), dtype), x.array[0]
    )  # and serve here
    np.testing.assert_allclose(loss.array, math.log(3), rtol=1e-6)
    y = d.log_prob(x)
    assert y.dtype == dtype
    np.testing.assert_allclose(y.array, np.take_along_axis(np.log(p), x.array.T, 1).T, rtol=1e-6)
    for other in (d.icdf(0.5), d.median, d.mean, d.variance, d.entropy):  # a quantile may be nan
        assert other.dtype == dtype


def test_more_classes_than_single_precision_counts() -> None:
    """Above 2^24 not every label is a float32."""
    k = 2**24 + 3
    weights = np.zeros((1, k), np.float32)
    weights[0, k - 2] = 1
    assert module.draw_classes(np, weights, (4, 1), np.random.default_rng(0)).max() == k - 2


def test_probabilities_sum_to_one_within_some_roundings_however_many() -> None:
    """The sum is taken in float64, and may be off by 64 units in the last place of 1."""
    rng = np.random.default_rng(0)
    for dtype in (np.float32, np.float64):
        eps = float(np.finfo(dtype).eps)
        for k in (1, 2, 3, 1000, 100_000, 1_000_000):
            honest = [np.full(k, 1 / k, dtype), rng.random(k).astype(dtype), rng.exponential(size=k) ** 8]
            for p in honest:
                p = (p / p.sum()).astype(dtype)
                D.Categorical(p)
                D.OneHotCategorical(p)
                for factor in (1 + 200 * eps, 1 - 200 * eps):
                    wrong = (p.astype(float) * factor).astype(dtype)
                    if abs(wrong.sum(dtype=float) - 1) > 100 * eps:
                        with pytest.raises(ValueError, match="expected nonnegative numbers of sum 1"):
                            D.Categorical(wrong)
    # NumPy adds numbers that do not lie side by side one after the other, which in float32 is too far off.
    columns = rng.random((300_000, 3))
    D.Categorical((columns / columns.sum(axis=0)).astype(np.float32).T)
    for k, total in ((1000, 1.0004), (100_000, 1.04), (1_000_000, 1.4)):
        with pytest.raises(ValueError, match="expected nonnegative numbers of sum 1"):
            D.Categorical(np.full(k, total / k, np.float32))


@pytest.mark.parametrize("shape", [(3000, 1000), (3, 40000), (17, 6000)])
def test_derived_probabilities_of_many_classes_are_accepted(shape: tuple[int, int]) -> None:
    logit = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    p = D.Categorical(logit=logit).p
    assert abs(p.array.sum(axis=-1, dtype=float) - 1).max() < 8 * np.finfo(np.float32).eps
    D.Categorical(p)


@pytest.mark.parametrize("name", ["cdf", "survival_function", "log_cdf", "log_survival_function", "icdf"])
def test_memory_grows_with_the_classes_and_not_their_square(name: str) -> None:
    import tracemalloc

    k = 20_000
    logit = variable(np.zeros(k))
    d = D.Categorical(logit=logit)
    getattr(D.Categorical(logit=np.zeros(3)), name)(0.5)  # what is made once
    tracemalloc.start()
    y = getattr(d, name)(0.5)
    if name != "icdf":
        y.backward()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 * 8 * k, f"{peak / (8 * k):.0f} numbers for each class"


def test_reading_what_was_not_given_warns_of_nothing() -> None:
    for d in (D.Categorical(variable([0.0, 1.0])), D.OneHotCategorical(variable([0.0, 1.0]))):
        np.testing.assert_array_equal(d.logit.array, [-np.inf, 0])
        np.testing.assert_array_equal(d.log_p.array, [-np.inf, 0])
    assert D.Bernoulli(variable(0.0)).logit.array == -np.inf
    np.testing.assert_allclose(D.Bernoulli(variable(1e-300)).logit.array, math.log(1e-300), rtol=1e-15)
    assert D.Bernoulli(logit=variable(-1e4)).p.array == 0


@pytest.mark.parametrize(
    "label", [1, True, np.int8(1), np.uint64(1), np.int64(1), np.bool_(1), np.float32(1)]
)
def test_a_label_of_any_scalar_type(label: object) -> None:
    d = D.Categorical(variable([0.25, 0.75]))
    assert d.log_prob(label).array == np.log(0.75)
    assert d.cdf(label).array == 1


@pytest.mark.parametrize("label", [np.uint64(2**63), np.uint64(2**64 - 1), 2**40, 2**32, -1, np.int8(-128)])
def test_what_would_wrap_around_is_no_label(label: object) -> None:
    assert D.Categorical(variable([0.25, 0.75])).log_prob(label).array == -np.inf


def test_wrappers_draw_labels_too() -> None:
    p = np.array([[0.5, 0.5], [1.0, 0.0]])
    x = D.Independent(D.Categorical(p), 1).sample(3, rng=0)
    assert x.dtype == np.intp
    m = D.MixtureSameFamily(D.Categorical(np.array([0.25, 0.75])), D.Categorical(p))
    x = m.sample(4000, rng=0)
    assert x.dtype == np.intp
    np.testing.assert_allclose(x.array.mean(), 0.125, atol=0.03)
    np.testing.assert_allclose(m.prob([0, 1]).array, [0.875, 0.125], rtol=1e-14)


@pytest.mark.parametrize("name", ["cdf", "survival_function", "log_cdf", "log_survival_function"])
def test_gradients_of_tails_of_one_class(name: str) -> None:
    for parameter in (variable([1.0]), variable([0.0])):
        kind = "p" if parameter.array[0] == 1 else "logit"
        y = getattr(D.Categorical(**{kind: parameter}), name)(np.array([-1.0, 0.0, 3.0]))
        np.testing.assert_array_equal(gradients(y, parameter)[0], 0)
