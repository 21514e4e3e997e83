"""Both sides of every choice that the kernels of counts and classes make between two formulas.

Where a kernel says ``where(condition, one, other)``, values on either side of the threshold, and beside it,
are held against truths of many digits: a threshold that was moved shows as a loss of digits on one side.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from exactly import require, truths

import pdist
import pdist.distributions as D
from pdist import Variable, kl_divergence

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def variable(values: object, dtype: Any = np.float64) -> Variable:
    return Variable(np.asarray(values, dtype))


def gradient(y: Variable, x: Variable) -> np.ndarray:
    return pdist.grad([y], [x])[0].array


def around(*thresholds: float, dtype: Any = np.float64) -> np.ndarray:
    """Numbers on both sides of some thresholds: near, nearer, next to them."""
    near = [t * (1 + sign * by) for t in thresholds for by in (0.3, 0.03, 1e-3, 1e-6) for sign in (-1, 1)]
    return np.unique(np.array([*near, *thresholds], dtype))


def exact(f: Callable[..., Any], *columns: Any) -> list[Any]:
    """f at each row, given as mpmath numbers of what the arrays hold."""
    return truths(f, *columns)


# Poisson ---------------------------------------------------------------------------------------------------


def log_pmf(x: Any, lam: Any) -> Any:
    return x * mp.log(lam) - lam - mp.loggamma(x + 1)


def tails(x: float, lam: float) -> tuple[Any, Any]:
    """P(X <= x) and P(X > x) as sums that end when their terms do."""
    with mp.workdps(50):
        lam = mp.mpf(float(lam))
        small = mp.mpf(10) ** -45
        k, term = mp.mpf(int(x)), mp.exp(log_pmf(mp.mpf(int(x)), lam))
        lower, t = term, term
        while k > 0 and (t > lower * small or k > lam):
            t *= k / lam
            k -= 1
            lower += t
        k, t, upper = mp.mpf(int(x)), term, mp.mpf(0)
        while True:
            k += 1
            t *= lam / k
            upper += t
            if k > lam and t < upper * small:
                return lower, upper


# In single standard deviations; the tails change from one formula to another at some 4.5 of them.
DEVIATIONS = (-25, -9, -6, -5, -4.7, -4.53, -4.47, -4.3, -3.5, -3, -2.6, -2.3, -1, -0.2)
DEVIATIONS += tuple(-z for z in DEVIATIONS)


def log_of(tail: Any, other: Any) -> Any:
    return mp.log(tail) if tail < 0.5 else mp.log1p(-other)


@DTYPES
@pytest.mark.parametrize("lam", [1e-8, 0.03, 0.9, 3.7, 17.0, 140.0, 2900.0, 40000.5])
def test_poisson_tails(dtype: Any, lam: float) -> None:
    lam = float(dtype(lam))
    x = np.unique(np.floor([max(0.0, lam + z * math.sqrt(lam)) for z in DEVIATIONS] + [0.0, 1.0, 2.0]))
    d = D.Poisson(variable(lam, dtype))
    pairs = [tails(k, lam) for k in x]
    at = x.astype(dtype)
    far = np.abs(x - lam) > 4.472 * math.sqrt(lam)
    # Within 4.472 deviations these are SciPy's incomplete gamma functions.
    limit = np.where(far, 24, 4 if dtype == np.float32 else 600)
    with mp.workdps(50):
        columns = {
            "cdf": [low for low, _ in pairs],
            "survival_function": [up for _, up in pairs],
            "log_cdf": [log_of(low, up) for low, up in pairs],
            "log_survival_function": [log_of(up, low) for low, up in pairs],
        }
    tiny = float(np.finfo(dtype).tiny)
    for name, expected in columns.items():
        got = getattr(d, name)(at).array
        for i, truth in enumerate(expected):
            what = f"{name} of rate {lam} at {x[i]}, {(x[i] - lam) / math.sqrt(lam):.2f} deviations"
            require(got[i : i + 1], [truth], limit[i], beside=tiny, what=what)


@DTYPES
def test_poisson_density_by_table_and_by_series(dtype: Any) -> None:
    x = np.arange(0.0, 40.0).astype(dtype)  # log x! changes from one to the other at 15
    for factor in (1.0, 0.4, 0.66, 0.68, 1.48, 1.52, 3.0):  # and the deviance at (lam - x)/x = -0.33 and 0.5
        lam = np.maximum(factor * x, 0.25).astype(dtype)
        require(D.Poisson(lam).log_prob(x), exact(log_pmf, x, lam), 6, beside=0.5)


@DTYPES
@pytest.mark.parametrize("lam", [5e-324, 1e-310, 1e-44, 1e-37, 1e-300, 1e-200, 1e-20])
def test_poisson_of_rates_that_may_be_subnormal(dtype: Any, lam: float) -> None:
    rate = float(dtype(lam))
    if rate == 0:
        return
    d = D.Poisson(variable(rate, dtype))
    require(d.survival_function(0), exact(lambda v: -mp.expm1(-v), rate), 2)
    require(d.log_survival_function(0), exact(lambda v: mp.log(-mp.expm1(-v)), rate), 2)
    require(d.log_cdf(0), exact(lambda v: -v, rate), 1)
    require(d.log_survival_function(1), exact(lambda v: 2 * mp.log(v) - mp.log(2), rate), 2)
    require(d.log_prob(np.array([0, 1, 3])), exact(log_pmf, [0, 1, 3], rate), 2)
    assert d.mean.array == rate
    require(d.stddev, exact(mp.sqrt, rate), 1)
    assert d.icdf(0.5).array == 0


def test_poisson_of_rates_that_overflow() -> None:
    lam = np.array([1e160, 1e300, 1.5e308])
    d = D.Poisson(variable(lam))
    np.testing.assert_allclose(d.cdf(lam).array, 0.5, rtol=1e-6)
    np.testing.assert_array_equal(d.cdf(0.5 * lam).array, 0)
    np.testing.assert_array_equal(d.survival_function(0.5 * lam).array, 1)
    np.testing.assert_allclose(
        d.log_prob(lam).array, -0.5 * np.log(lam) - 0.5 * math.log(2 * math.pi), rtol=1e-14
    )
    np.testing.assert_array_equal(d.icdf(0.5).array, lam)
    for y in (d.entropy, d.stddev, d.log_prob(lam)):
        assert np.isfinite(y.array).all()


@pytest.mark.parametrize("lam", [1e13, 6.8e10, 6.9e10, 3e14, 3e15, 1e16, 1e18, 1e19, 1e25, 1e30])
def test_poisson_draws_of_large_rates(lam: float) -> None:
    """On both sides of the rate from which on draws are made in another way, and where integers end."""
    x = D.Poisson(variable(lam)).sample((100000,), rng=1).array
    z = (x - lam) / math.sqrt(lam)
    assert abs(z.mean()) < 0.015
    assert abs(z.std() - 1) < 0.01
    assert abs((z**3).mean()) < 0.05
    assert (x == np.floor(x)).all()
    if lam < 1e15:
        assert abs((x % 2).mean() - 0.5) < 0.01  # odd as often as even


def test_poisson_draws_that_float_cannot_tell_apart() -> None:
    lam = np.array([1e300, 0.0, 4.0, 2.0**60])
    x = D.Poisson(variable(lam)).sample(50, rng=0).array
    assert (x[:, 0] == 1e300).all()
    assert (x[:, 1] == 0).all()
    assert (x[:, 2] < 30).all()
    single = D.Poisson(variable([1e30, 1e-40], np.float32)).sample(5, rng=0)
    assert single.dtype == np.float32
    assert np.isfinite(single.array).all()


# One probability, or its logit -----------------------------------------------------------------------------


@DTYPES
def test_entropy_of_a_logit(dtype: Any) -> None:
    last = 103.0 if dtype == np.float32 else 744.0
    a = np.concatenate([[0, 0.1, 1, 5], around(16, 20, 30, 40, dtype=dtype), [60, 80, 0.95 * last, last]])
    a = np.concatenate([a, -a]).astype(dtype)

    def entropy(v: Any) -> Any:
        v = abs(v)
        return mp.log1p(mp.exp(-v)) + v * mp.exp(-v) / (1 + mp.exp(-v))

    given = variable(a, dtype)
    y = D.Bernoulli(logit=given).entropy
    require(y, exact(entropy, a), 3)
    slope = lambda v: -v * mp.exp(-abs(v)) / (1 + mp.exp(-abs(v))) ** 2
    require(gradient(y, given), exact(slope, a), 4, beside=np.abs(a) * float(np.finfo(dtype).tiny))
    ends = variable([-np.inf, np.inf], dtype)
    y = D.Bernoulli(logit=ends).entropy
    np.testing.assert_array_equal(y.array, 0)
    np.testing.assert_array_equal(gradient(y, ends), 0)


def chance(logit: Any) -> Any:
    return 1 / (1 + mp.exp(-logit))


def coin_kl(p: Any, p_not: Any, q: Any, q_not: Any) -> Any:
    return p * mp.log(p / q) + p_not * mp.log(p_not / q_not)


@DTYPES
def test_divergence_of_logits(dtype: Any) -> None:
    changes = np.concatenate([around(1e-3, 0.5, 1.0, 2.0, 4.0), [8.0, 30.0]])
    for start in (-30.0, -2.0, -0.25, 0.25, 2.0, 30.0):
        a = np.full(2 * len(changes), start, dtype)
        b = (a + np.concatenate([changes, -changes])).astype(dtype)
        one, other = variable(a, dtype), variable(b, dtype)
        y = kl_divergence(D.Bernoulli(logit=one), D.Bernoulli(logit=other))
        require(y, exact(lambda a, b: coin_kl(chance(a), chance(-a), chance(b), chance(-b)), a, b), 12)
        require(gradient(y, one), exact(lambda a, b: chance(a) * chance(-a) * (a - b), a, b), 4)
        require(gradient(y, other), exact(lambda a, b: chance(b) - chance(a), a, b), 6)


@DTYPES
def test_divergence_of_probabilities(dtype: Any) -> None:
    for p in (1e-30, 0.1, 0.5, 0.9):
        q = np.array([p * r for r in (*around(0.67, 1.5), 1e-3, 0.99, 1.001, 1.09) if p * r < 1], dtype)
        a, b = variable(np.full(len(q), p), dtype), variable(q, dtype)
        y = kl_divergence(D.Bernoulli(a), D.Bernoulli(b))
        require(y, exact(lambda p, q: coin_kl(p, 1 - p, q, 1 - q), a.array, q), 16)
        slope = lambda p, q: mp.log(p / q) - mp.log((1 - p) / (1 - q))
        require(gradient(y, a), exact(slope, a.array, q), 4)
        require(gradient(y, b), exact(lambda p, q: (q - p) / (q * (1 - q)), a.array, q), 4)


@DTYPES
def test_log_odds_near_a_half(dtype: Any) -> None:
    p = np.concatenate(
        [0.5 + np.array([0, 1e-6, -1e-3, 0.1, -0.1]), around(1 / 3, 0.6), [1e-30, 0.999]]
    ).astype(dtype)
    require(D.Bernoulli(variable(p, dtype)).logit, exact(lambda p: mp.log(p / (1 - p)), p), 3)


@DTYPES
def test_score_on_both_sides_of_a_half(dtype: Any) -> None:
    logit = np.array([-50, -1, -1e-3, 0, 1e-3, 1, 50], dtype)
    for x in (0.0, 1.0):
        given = variable(logit, dtype)
        y = D.Bernoulli(logit=given).log_prob(x)
        require(y, exact(lambda v, x=x: x * v - (mp.log1p(mp.exp(-abs(v))) + max(v, 0)), logit), 3)
        require(gradient(y, given), exact(lambda v, x=x: -chance(v) if x == 0 else chance(-v), logit), 2)


def test_rare_sides_of_a_coin_in_single_precision() -> None:
    """p = 1 - 2e-9 is 1 in float32; what draws make of it is not."""
    logit = variable(np.full(4, 20.0), np.float32)

    class Fixed(np.random.Generator):
        def random(self, shape: Any) -> Any:  # type: ignore[override]
            return np.resize([0.5, 1 - 1e-9, 1 - 3e-9, 1 - 2.0**-53], shape)

    rng = Fixed(np.random.PCG64(0))
    np.testing.assert_array_equal(D.Bernoulli(logit=logit).sample(rng=rng).array, [1, 0, 1, 0])


# Classes ---------------------------------------------------------------------------------------------------


def softmax(row: Iterable[float]) -> list[Any]:
    e = [mp.exp(mp.mpf(float(v))) for v in row]
    total = mp.fsum(e)
    return [v / total for v in e]


@DTYPES
@pytest.mark.parametrize("k", [1, 2, 31, 32, 33, 127, 128, 129, 257, 1000])
def test_sums_over_few_and_many_classes(dtype: Any, k: int) -> None:
    """Sums are made in another way beyond 31 classes, and beyond 128."""
    logit = np.random.default_rng(k).uniform(-8, 2, k).astype(dtype)
    d = D.Categorical(logit=variable(logit, dtype))
    with mp.workdps(60):
        p = softmax(logit)
        rest = [mp.fsum(p[:i] + p[i + 1 :]) for i in range(0, k, max(1, k // 9))]
        some = np.arange(0, k, max(1, k // 9))
        log_p = [mp.log(p[i]) if p[i] < 0.5 else mp.log1p(-r) for i, r in zip(some, rest, strict=True)]
        require(d.log_prob(some), log_p, 8, beside=1.0)
        require(d.p.array[some], [p[i] for i in some], 6)
        require(d.entropy, [mp.fsum(-v * mp.log(v) for v in p)], 12)
        below = [mp.fsum(p[: i + 1]) for i in some]
        above = [mp.fsum(p[i + 1 :]) for i in some]
        inner = some < k - 1
        require(d.cdf(some)[inner], np.array(below, object)[inner], 12)
        require(d.survival_function(some), above, 12)
        logs = [log_of(b, a) for b, a in zip(below, above, strict=True) if a]
        require(d.log_cdf(some)[inner], logs, 16, beside=float(np.finfo(dtype).eps))
        logs = [log_of(a, b) for b, a in zip(below, above, strict=True) if a]
        require(d.log_survival_function(some)[inner], logs, 16, beside=float(np.finfo(dtype).eps))


@DTYPES
def test_tails_of_classes_beside_a_half(dtype: Any) -> None:
    """The logarithm of a tail changes from one formula to the other at a half."""
    for p in (0.3, 0.49, 0.499999, 0.5, 0.500001, 0.51, 0.7, 1e-6, 1 - 1e-6):
        row = np.array([math.log(p), math.log1p(-p) - 1, math.log1p(-p)], dtype)
        d = D.Categorical(logit=variable(row, dtype))
        with mp.workdps(60):
            q = softmax(row)
            require(d.log_cdf([0, 1]), [log_of(q[0], q[1] + q[2]), log_of(q[0] + q[1], q[2])], 6)
            require(
                d.log_survival_function([0, 1]), [log_of(q[1] + q[2], q[0]), log_of(q[2], q[0] + q[1])], 6
            )


@DTYPES
@pytest.mark.parametrize("cls", [D.Categorical, D.OneHotCategorical])
def test_divergence_of_classes(dtype: Any, cls: Any) -> None:
    """Changes of log p on both sides of 1, 4, 50 and 60, where formulas change."""
    for size in [1e-3, 0.01, 0.05, *around(0.5, 1.0, 4.0), 20.0, *around(50.0, 60.0), 90.0, 300.0]:
        for a in ([0.0, -1.0, 2.0], [0.0, 0.0, -20.0], [5.0, 0.0, -90.0]):
            for way in ([0.0, 0.0, 1.0], [0.0, -1.0, 0.5], [-1.0, 0.0, 0.0]):
                b = np.array([v + size * w for v, w in zip(a, way, strict=True)], dtype)
                one, other = variable(a, dtype), variable(b, dtype)
                y = kl_divergence(cls(logit=one), cls(logit=other))
                with mp.workdps(120):
                    p, q = softmax(one.array), softmax(b)
                    kl = mp.fsum(v * mp.log(v / w) for v, w in zip(p, q, strict=True))
                    by_p = [v * (mp.log(v / w) - kl) for v, w in zip(p, q, strict=True)]
                    by_q = [w - v for v, w in zip(p, q, strict=True)]
                require(y, [kl], 16 + size / 2, what=f"{a} to {b}")
                for got, expected in ((gradient(y, one), by_p), (gradient(y, other), by_q)):
                    beside = max(abs(float(v)) for v in expected)
                    require(got, expected, 16 + size / 2, beside, f"gradient of {a} to {b}")


@DTYPES
def test_deviations_of_classes_outlive_their_variances(dtype: Any) -> None:
    row = np.array([0.0, -1.0, -60.0, -95.0 if dtype == np.float32 else -1200.0, -np.inf], dtype)
    given = variable(row, dtype)
    y = D.OneHotCategorical(logit=given).stddev
    with mp.workdps(60):
        e = [mp.exp(mp.mpf(float(v))) for v in row[:-1]] + [mp.mpf(0)]
        p = [v / mp.fsum(e) for v in e]
        deviations = [mp.sqrt(v * mp.fsum(p[:i] + p[i + 1 :])) for i, v in enumerate(p)]
    require(y, deviations, 4)
    assert np.isfinite(gradient(y, given)).all()
    row[-1] = -3
    pdist.check_gradients(lambda v: D.OneHotCategorical(logit=v).stddev, [np.array([0.0, -1.0, 2.0, -3.0])])
    certain = variable([0.0, -np.inf], dtype)
    y = D.OneHotCategorical(logit=certain).stddev
    np.testing.assert_array_equal(y.array, 0)
    np.testing.assert_array_equal(gradient(y, certain), 0)


@DTYPES
@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 7, 8, 9, 16, 17])
def test_quantiles_of_every_number_of_classes(dtype: Any, k: int) -> None:
    """The search goes over powers of two."""
    d = D.Categorical(logit=variable(np.zeros(k), dtype))
    middle = (np.arange(k) + 0.5) / k
    np.testing.assert_array_equal(d.icdf(middle.astype(dtype)).array, np.arange(k))
    assert d.icdf(0.0).array == 0
    assert d.icdf(1.0).array == k - 1
