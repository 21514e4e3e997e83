"""The distributions that are timed, as each library calls them, and their formulas by mpmath.

A maker takes a library's module and ``a``, which makes an array of a parameter's number: so one line serves
for numbers, for arrays, and for leaves whose gradients are wanted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Maker = Callable[[Any, Callable[[Any], Any]], Any]


class Family(NamedTuple):
    """One distribution.

    Args:
        values: x of a size, by a random stream.
        pdist: of ``pdist.distributions`` and ``a``, the distribution.
        scipy: of ``scipy.stats``, the frozen one.
        torch: of ``torch.distributions``.
        jax: of ``jax.scipy.stats``, the module of the distribution and its keyword arguments.
        draw: of ``jax.random``, ``a``, a key and a shape, draws.
        numbers: its parameters, in the order in which the makers ask for them.
        log_prob: of mpmath, x and the parameters.
        cdf: likewise; None if the digits are not known.
        discrete: whether it is one of counts.
    """

    values: Callable[[np.random.Generator, int], np.ndarray]
    pdist: Maker
    scipy: Maker | None = None
    torch: Maker | None = None
    jax: Maker | None = None
    draw: Callable[[Any, Any, Any, Any], Any] | None = None
    numbers: tuple[float, ...] = ()
    log_prob: Callable[..., Any] | None = None
    cdf: Callable[..., Any] | None = None
    discrete: bool = False


def line(rng: np.random.Generator, n: int) -> np.ndarray:
    """Far into both tails."""
    return 0.3 + 5 * rng.standard_normal(n)


def half_line(rng: np.random.Generator, n: int) -> np.ndarray:
    """From small to large."""
    return 3 * np.exp(1.5 * rng.standard_normal(n))


def unit(rng: np.random.Generator, n: int) -> np.ndarray:
    """Near both ends too."""
    return np.clip(1 / (1 + np.exp(-2 * rng.standard_normal(n))), 1e-6, 1 - 1e-6)


def counts(rng: np.random.Generator, n: int) -> np.ndarray:
    """Few and many."""
    return rng.poisson(7.5 * np.exp(0.7 * rng.standard_normal(n)))


def _gamma_cdf(mp: Any, x: Any, k: Any, theta: Any) -> Any:
    return mp.gammainc(k, 0, x / theta, regularized=True)


def _poisson_cdf(mp: Any, x: Any, lam: Any) -> Any:
    return mp.gammainc(mp.floor(x) + 1, lam, mp.inf, regularized=True)


def _student_cdf(mp: Any, x: Any, df: Any, loc: Any, scale: Any) -> Any:
    z = (x - loc) / scale
    tail = mp.betainc(df / 2, 0.5, 0, df / (df + z * z), regularized=True) / 2
    return tail if z < 0 else 1 - tail


def _normal(mp: Any, z: Any) -> Any:
    return mp.erfc(-z / mp.sqrt(2)) / 2


def _log_truncated_density(mp: Any, x: Any, loc: Any, scale: Any, low: Any, high: Any) -> Any:
    whole = _normal(mp, (high - loc) / scale) - _normal(mp, (low - loc) / scale)
    return _log_normal_density(mp, x, loc, scale) - mp.log(whole)


def _truncated_cdf(mp: Any, x: Any, loc: Any, scale: Any, low: Any, high: Any) -> Any:
    a, b, c = (_normal(mp, (v - loc) / scale) for v in (low, x, high))
    return (b - a) / (c - a)


def _log_choose(mp: Any, n: Any, k: Any) -> Any:
    return mp.loggamma(n + 1) - mp.loggamma(k + 1) - mp.loggamma(n - k + 1)


def _log_normal_density(mp: Any, x: Any, loc: Any, scale: Any) -> Any:
    return -(((x - loc) / scale) ** 2) / 2 - mp.log(scale) - mp.log(2 * mp.pi) / 2


CLASSES = np.arange(1, 11) / 55.0
WEIGHTS, LOCS, SCALES = [0.2, 0.3, 0.5], [-2.0, 0.0, 3.0], [0.5, 1.0, 2.0]

FAMILIES = {
    "Normal": Family(
        line,
        lambda D, a: D.Normal(a(0.3), a(1.7)),
        lambda S, a: S.norm(a(0.3), a(1.7)),
        lambda T, a: T.Normal(a(0.3), a(1.7)),
        lambda J, a: (J.norm, {"loc": a(0.3), "scale": a(1.7)}),
        lambda R, a, key, like: a(0.3) + a(1.7) * R.normal(key, **like),
        (0.3, 1.7),
        _log_normal_density,
        lambda mp, x, loc, scale: _normal(mp, (x - loc) / scale),
    ),
    "Logistic": Family(
        line,
        lambda D, a: D.Logistic(a(0.3), a(1.7)),
        lambda S, a: S.logistic(a(0.3), a(1.7)),
        None,
        lambda J, a: (J.logistic, {"loc": a(0.3), "scale": a(1.7)}),
        lambda R, a, key, like: a(0.3) + a(1.7) * R.logistic(key, **like),
        (0.3, 1.7),
        lambda mp, x, m, s: -(x - m) / s - 2 * mp.log1p(mp.exp(-(x - m) / s)) - mp.log(s),
        lambda mp, x, m, s: 1 / (1 + mp.exp(-(x - m) / s)),
    ),
    "Gumbel": Family(
        line,
        lambda D, a: D.Gumbel(a(0.3), a(1.7)),
        lambda S, a: S.gumbel_r(a(0.3), a(1.7)),
        lambda T, a: T.Gumbel(a(0.3), a(1.7)),
        lambda J, a: (J.gumbel_r, {"loc": a(0.3), "scale": a(1.7)}),
        lambda R, a, key, like: a(0.3) + a(1.7) * R.gumbel(key, **like),
        (0.3, 1.7),
        lambda mp, x, m, s: -(x - m) / s - mp.exp(-(x - m) / s) - mp.log(s),
        lambda mp, x, m, s: mp.exp(-mp.exp(-(x - m) / s)),
    ),
    "StudentT": Family(
        line,
        lambda D, a: D.StudentT(a(4.5), a(0.3), a(1.7)),
        lambda S, a: S.t(a(4.5), a(0.3), a(1.7)),
        lambda T, a: T.StudentT(a(4.5), a(0.3), a(1.7)),
        lambda J, a: (J.t, {"df": a(4.5), "loc": a(0.3), "scale": a(1.7)}),
        lambda R, a, key, like: a(0.3) + a(1.7) * R.t(key, a(4.5), **like),
        (4.5, 0.3, 1.7),
        lambda mp, x, df, m, s: (
            mp.loggamma((df + 1) / 2)
            - mp.loggamma(df / 2)
            - mp.log(df * mp.pi) / 2
            - mp.log(s)
            - (df + 1) / 2 * mp.log1p(((x - m) / s) ** 2 / df)
        ),
        _student_cdf,
    ),
    "Gamma": Family(
        half_line,
        lambda D, a: D.Gamma(a(2.5), a(1.3)),
        lambda S, a: S.gamma(a(2.5), scale=a(1.3)),
        lambda T, a: T.Gamma(a(2.5), 1 / a(1.3)),
        lambda J, a: (J.gamma, {"a": a(2.5), "scale": a(1.3)}),
        lambda R, a, key, like: R.gamma(key, a(2.5), **like) * a(1.3),
        (2.5, 1.3),
        lambda mp, x, k, t: (k - 1) * mp.log(x / t) - x / t - mp.loggamma(k) - mp.log(t),
        _gamma_cdf,
    ),
    "Beta": Family(
        unit,
        lambda D, a: D.Beta(a(2.5), a(1.5)),
        lambda S, a: S.beta(a(2.5), a(1.5)),
        lambda T, a: T.Beta(a(2.5), a(1.5)),
        lambda J, a: (J.beta, {"a": a(2.5), "b": a(1.5)}),
        lambda R, a, key, like: R.beta(key, a(2.5), a(1.5), **like),
        (2.5, 1.5),
        lambda mp, x, p, q: (p - 1) * mp.log(x) + (q - 1) * mp.log1p(-x) - mp.log(mp.beta(p, q)),
        lambda mp, x, p, q: mp.betainc(p, q, 0, x, regularized=True),
    ),
    "TruncatedNormal": Family(
        lambda rng, n: rng.uniform(-1, 3, n),
        lambda D, a: D.TruncatedNormal(a(0.3), a(1.7), a(-1.0), a(3.0)),
        lambda S, a: _scipy_truncated(S.truncnorm, *map(a, (0.3, 1.7, -1.0, 3.0))),
        None,
        lambda J, a: _jax_truncated(J.truncnorm, *map(a, (0.3, 1.7, -1.0, 3.0))),
        lambda R, a, key, like: _jax_truncated_draws(R, key, like, *map(a, (0.3, 1.7, -1.0, 3.0))),
        (0.3, 1.7, -1.0, 3.0),
        _log_truncated_density,
        _truncated_cdf,
    ),
    "Poisson": Family(
        counts,
        lambda D, a: D.Poisson(a(7.5)),
        lambda S, a: S.poisson(a(7.5)),
        lambda T, a: T.Poisson(a(7.5)),
        lambda J, a: (J.poisson, {"mu": a(7.5)}),
        lambda R, a, key, like: R.poisson(key, a(7.5), like["shape"]),
        (7.5,),
        lambda mp, x, lam: x * mp.log(lam) - lam - mp.loggamma(x + 1),
        _poisson_cdf,
        discrete=True,
    ),
    "Binomial": Family(
        lambda rng, n: rng.integers(0, 21, n),
        lambda D, a: D.Binomial(20, a(0.3)),
        lambda S, a: S.binom(20, a(0.3)),
        lambda T, a: T.Binomial(20, a(0.3)),
        lambda J, a: (J.binom, {"n": 20, "p": a(0.3)}),
        lambda R, a, key, like: R.binomial(key, 20.0, a(0.3), **like),
        (0.3,),
        lambda mp, x, p: _log_choose(mp, 20, x) + x * mp.log(p) + (20 - x) * mp.log1p(-p),
        lambda mp, x, p: 1 if x >= 20 else mp.betainc(20 - x, x + 1, 0, 1 - p, regularized=True),
        discrete=True,
    ),
    "NegativeBinomial": Family(
        counts,
        lambda D, a: D.NegativeBinomial(a(5.0), a(0.4)),
        lambda S, a: S.nbinom(a(5.0), 1 - a(0.4)),
        lambda T, a: T.NegativeBinomial(a(5.0), a(0.4)),
        lambda J, a: (J.nbinom, {"n": a(5.0), "p": 1 - a(0.4)}),
        None,
        (5.0, 0.4),
        lambda mp, x, n, p: (
            mp.loggamma(n + x) - mp.loggamma(x + 1) - mp.loggamma(n) + x * mp.log(p) + n * mp.log1p(-p)
        ),
        lambda mp, x, n, p: mp.betainc(n, x + 1, 0, 1 - p, regularized=True),
        discrete=True,
    ),
    "Bernoulli": Family(
        lambda rng, n: rng.random(n) < 0.3,
        lambda D, a: D.Bernoulli(a(0.3)),
        lambda S, a: S.bernoulli(a(0.3)),
        lambda T, a: T.Bernoulli(a(0.3)),
        lambda J, a: (J.bernoulli, {"p": a(0.3)}),
        discrete=True,
    ),
    "Categorical": Family(
        lambda rng, n: rng.integers(10, size=n),
        lambda D, a: D.Categorical(a(CLASSES)),
        lambda S, a: S.rv_discrete(values=(np.arange(10), CLASSES))(),
        lambda T, a: T.Categorical(a(CLASSES)),
        discrete=True,
    ),
    "mixture": Family(
        line,
        lambda D, a: D.MixtureSameFamily(D.Categorical(a(WEIGHTS)), D.Normal(a(LOCS), a(SCALES))),
        None,
        lambda T, a: T.MixtureSameFamily(T.Categorical(a(WEIGHTS)), T.Normal(a(LOCS), a(SCALES))),
    ),
}


def _scipy_truncated(truncnorm: Any, loc: Any, scale: Any, low: Any, high: Any) -> Any:
    return truncnorm((low - loc) / scale, (high - loc) / scale, loc, scale)


def _jax_truncated(truncnorm: Any, loc: Any, scale: Any, low: Any, high: Any) -> Any:
    return truncnorm, {"a": (low - loc) / scale, "b": (high - loc) / scale, "loc": loc, "scale": scale}


def _jax_truncated_draws(R: Any, key: Any, like: Any, loc: Any, scale: Any, low: Any, high: Any) -> Any:
    return loc + scale * R.truncated_normal(key, (low - loc) / scale, (high - loc) / scale, **like)
