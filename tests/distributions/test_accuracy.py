"""Every distribution against mpmath at random values, in units in the last place, in both dtypes.

A case states its formulas a second time, in mpmath and in their plainest form: what is compared keeps
its digits by its own devices. An error counts beside the largest term that the truth is composed of.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from exactly import numbers, scales, ulps
from hypothesis import given
from hypothesis import strategies as st

import pdist
import pdist.distributions as D
from benchmarks.accuracy import cases as references
from pdist import Variable, kl_divergence

ROWS = 6  # cases at once: a batch
CLASSES = 3
DIGITS = 40

# Units in the last place that a quantity may be off by.
LIMITS = {
    "log_prob": 8,
    "gradient": 16,
    "cdf": 8,
    "survival_function": 8,
    "log_cdf": 12,
    "log_survival_function": 12,
    "icdf": 8,
    "entropy": 8,
    "mean": 8,
    "variance": 8,
    "responsibilities": 16,
    "kl": 16,
    "kl gradient": 32,
}
CDFS = ("cdf", "survival_function")


@dataclass(frozen=True, eq=False)
class Case:
    """How one distribution is compared.

    Args:
        make: makes it of arrays by parameter name.
        parameters: strategies of one row's parameters: of a number, or of a tuple for a vector.
        value: a strategy of what ``place`` makes a value of.
        place: a value of what was drawn and of the parameters.
        log_prob: its formula, of the value and the parameters; also of KL where the value is summed over.
        truths: the formulas of other quantities: those of CDFS of value and parameters, icdf of p and
            parameters, the rest of the parameters.
        sizes: of the largest term of a quantity (or of ``"d_x"``), a formula of value and parameters; 1 for
            log_prob and entropy, the largest component of the row for a gradient, else the truth itself.
        kl: the formula of KL from the parameters of p and of q.
        free: the parameters whose gradients are compared; all by default.
        continuous: whether values have gradients.
        limits: of single quantities, in place of LIMITS.
        amplified: the quantities whose limit grows with the logarithm of the truth: an exponential of it.
    """

    name: str
    make: Callable[..., Any]
    parameters: dict[str, Any]
    value: Any
    place: Callable[..., Any]
    log_prob: Callable[..., Any]
    truths: dict[str, Callable[..., Any]] = field(default_factory=dict)
    sizes: dict[str, Callable[..., Any]] = field(default_factory=dict)
    kl: Callable[..., Any] | None = None
    free: tuple[str, ...] | None = None
    continuous: bool = True
    limits: dict[str, float] = field(default_factory=dict)
    amplified: tuple[str, ...] = ()

    def limit(self, quantity: str) -> float:
        return self.limits.get(quantity, LIMITS[quantity])

    def __str__(self) -> str:
        return self.name


# Formulas --------------------------------------------------------------------------------------------------


def phi_log(x: Any, loc: Any, scale: Any) -> Any:
    return -(((x - loc) / scale) ** 2) / 2 - mp.log(scale) - mp.log(2 * mp.pi) / 2


def phi_cdf(x: Any, loc: Any, scale: Any) -> Any:
    return mp.erfc((loc - x) / scale / mp.sqrt(2)) / 2


def phi_icdf(p: Any) -> Any:
    return mp.sqrt(2) * mp.erfinv(2 * p - 1)


def phi_kl(a: Any, s: Any, b: Any, t: Any) -> Any:
    return mp.log(t / s) + (s**2 + (a - b) ** 2) / (2 * t**2) - mp.mpf(1) / 2


def logsumexp(terms: list[Any]) -> Any:
    return mp.log(mp.fsum(mp.exp(t) for t in terms))


def softmax(logit: Any) -> list[Any]:
    total = mp.fsum(mp.exp(t) for t in logit)
    return [mp.exp(t) / total for t in logit]


def xlogx(p: Any) -> Any:
    return p * mp.log(p) if p else mp.mpf(0)


def kl_of_probabilities(p: Any, q: Any) -> Any:
    return mp.fsum(a * mp.log(a / b) for a, b in zip(p, q, strict=True) if a)


def two(p: Any) -> tuple[Any, Any]:
    return 1 - p, p


def sigmoid(logit: Any) -> Any:
    return 1 / (1 + mp.exp(-logit))


def log_logistic(z: Any) -> Any:
    return -abs(z) - 2 * mp.log1p(mp.exp(-abs(z)))


def gamma_log(z: Any, k: Any) -> Any:
    return (k - 1) * mp.log(z) - z - mp.loggamma(k)


def weibull_log(x: Any, scale: Any, shape: Any) -> Any:
    return mp.log(shape / scale) + (shape - 1) * mp.log(x / scale) - (x / scale) ** shape


def weibull_kl(s: Any, a: Any, t: Any, b: Any) -> Any:
    slopes_of_logs = mp.log(a / b) - a * mp.log(s) + b * mp.log(t) + (a - b) * (mp.log(s) - mp.euler / a)
    return slopes_of_logs + (s / t) ** b * mp.gamma(1 + b / a) - 1


def chi_mean(k: Any) -> Any:
    return mp.sqrt(2) * mp.gamma((k + 1) / 2) / mp.gamma(k / 2)


def inverse_gaussian_log(x: Any, loc: Any, shape: Any) -> Any:
    return mp.log(shape / (2 * mp.pi * x**3)) / 2 - shape * (x - loc) ** 2 / (2 * loc**2 * x)


def inverse_gaussian_cdf(x: Any, loc: Any, shape: Any) -> Any:
    r = mp.sqrt(shape / x)
    return phi_cdf(r * (x / loc - 1), 0, 1) + mp.exp(2 * shape / loc) * phi_cdf(-r * (x / loc + 1), 0, 1)


def inverse_gaussian_sf(x: Any, loc: Any, shape: Any) -> Any:
    with mp.workdps(8 * DIGITS):
        return 1 - inverse_gaussian_cdf(x, loc, shape)


def inverse_gaussian_entropy(loc: Any, shape: Any) -> Any:
    w = 2 * shape / loc
    return mp.log(2 * mp.pi * mp.e * loc**3 / shape) / 2 - 3 * mp.exp(w) * mp.e1(w) / 2


def generalized_normal_cdf(x: Any, loc: Any, scale: Any, power: Any) -> Any:
    tail = mp.gammainc(1 / power, (abs(x - loc) / scale) ** power, regularized=True) / 2
    return tail if x < loc else 1 - tail


def t_log(z: Any, df: Any) -> Any:
    half = mp.loggamma((df + 1) / 2) - mp.loggamma(df / 2) - mp.log(mp.pi * df) / 2
    return half - (df + 1) / 2 * mp.log1p(z * z / df)


def t_cdf(z: Any, df: Any) -> Any:
    tail = mp.betainc(df / 2, mp.mpf(1) / 2, 0, df / (df + z * z), regularized=True) / 2
    return tail if z < 0 else 1 - tail


def poisson_entropy(lam: Any) -> Any:
    last = int(lam + 40 * mp.sqrt(lam) + 60)
    logs = [x * mp.log(lam) - lam - mp.loggamma(x + 1) for x in range(last)]
    return -mp.fsum(mp.exp(t) * t for t in logs)


def shifted(z: float, loc: float, scale: float) -> float:
    return loc + scale * z


def mixture(logit: Any, loc: Any, scale: Any) -> Any:
    return D.MixtureSameFamily(D.Categorical(logit=logit), D.Normal(loc, scale))


def mixture_log(x: Any, logit: Any, loc: Any, scale: Any) -> Any:
    return logsumexp([a + phi_log(x, b, c) for a, b, c in zip(logit, loc, scale, strict=True)]) - logsumexp(
        logit
    )


def mixture_mean(logit: Any, loc: Any, scale: Any) -> Any:
    return mp.fsum(p * m for p, m in zip(softmax(logit), loc, strict=True))


def mixture_variance(logit: Any, loc: Any, scale: Any) -> Any:
    mean = mixture_mean(logit, loc, scale)
    return mp.fsum(p * (s**2 + (m - mean) ** 2) for p, m, s in zip(softmax(logit), loc, scale, strict=True))


def mixture_cdf(x: Any, logit: Any, loc: Any, scale: Any) -> Any:
    return mp.fsum(p * phi_cdf(x, m, s) for p, m, s in zip(softmax(logit), loc, scale, strict=True))


SCALE_LOG = {
    "entropy": lambda loc, scale: 1 + abs(mp.log(scale)),
    "log_prob": lambda x, loc, scale: 1 + abs(mp.log(scale)),
}
LOCATION = {"icdf": lambda p, loc, scale: loc}

# Strategies ------------------------------------------------------------------------------------------------


def places(low: float, high: float) -> st.SearchStrategy[float]:
    """Multiples of 2^-20: two of them are equal, or far enough apart for the truth to have its digits."""
    return numbers(low, high).map(lambda v: float(np.float32(np.rint(v * 2**20) / 2**20)))


probabilities = st.one_of(numbers(0.001, 0.999), numbers(1e-20, 1e-10))
# Multiples of 1/1024 that sum to one exactly in both dtypes.
simplices = st.lists(st.integers(1, 300), min_size=CLASSES - 1, max_size=CLASSES - 1).map(
    lambda k: (*[i / 1024 for i in k], 1 - sum(k) / 1024)
)
labels = st.integers(0, CLASSES - 1)


def vectors(elements: Any) -> Any:
    return st.tuples(*[elements] * CLASSES)


# The table -------------------------------------------------------------------------------------------------

CASES = [
    Case(
        "Normal",
        D.Normal,
        {"loc": places(-4, 4), "scale": scales()},
        places(-8, 8),
        shifted,
        phi_log,
        {
            "cdf": phi_cdf,
            "survival_function": lambda x, loc, scale: phi_cdf(-x, -loc, scale),
            "icdf": lambda p, loc, scale: loc + scale * phi_icdf(p),
            "entropy": lambda loc, scale: mp.log(scale) + mp.log(2 * mp.pi * mp.e) / 2,
            "mean": lambda loc, scale: loc,
            "variance": lambda loc, scale: scale**2,
        },
        {**SCALE_LOG, **LOCATION},
        phi_kl,
        amplified=CDFS,  # by ndtr, for speed
    ),
    Case(
        "Normal of log_scale",
        D.Normal,
        {"loc": places(-4, 4), "log_scale": places(-6, 6)},
        places(-8, 8),
        lambda z, loc, log_scale: loc + np.exp(log_scale) * z,
        lambda x, loc, log_scale: phi_log(x, loc, mp.exp(log_scale)),
        {
            "cdf": lambda x, loc, log_scale: phi_cdf(x, loc, mp.exp(log_scale)),
            "survival_function": lambda x, loc, log_scale: phi_cdf(-x, -loc, mp.exp(log_scale)),
            "icdf": lambda p, loc, log_scale: loc + mp.exp(log_scale) * phi_icdf(p),
            "entropy": lambda loc, log_scale: log_scale + mp.log(2 * mp.pi * mp.e) / 2,
            "mean": lambda loc, log_scale: loc,
            "variance": lambda loc, log_scale: mp.exp(2 * log_scale),
        },
        {
            "entropy": lambda loc, log_scale: 1 + abs(log_scale),
            "log_prob": lambda x, loc, log_scale: 1 + abs(log_scale),
            "d_log_scale": lambda x, loc, log_scale: 1,  # z^2 - 1
            "icdf": lambda p, loc, log_scale: loc,
        },
        lambda a, s, b, t: phi_kl(a, mp.exp(s), b, mp.exp(t)),
        amplified=CDFS,
    ),
    Case(
        "LogNormal",
        D.LogNormal,
        {"mu": places(-4, 4), "sigma": scales(2)},
        places(-8, 8),
        lambda z, mu, sigma: np.exp(mu + sigma * z),
        lambda x, mu, sigma: phi_log(mp.log(x), mu, sigma) - mp.log(x),
        {
            "cdf": lambda x, mu, sigma: phi_cdf(mp.log(x), mu, sigma),
            "survival_function": lambda x, mu, sigma: phi_cdf(-mp.log(x), -mu, sigma),
            "icdf": lambda p, mu, sigma: mp.exp(mu + sigma * phi_icdf(p)),
            "entropy": lambda mu, sigma: mu + mp.log(sigma) + mp.log(2 * mp.pi * mp.e) / 2,
            "mean": lambda mu, sigma: mp.exp(mu + sigma**2 / 2),
            "variance": lambda mu, sigma: mp.expm1(sigma**2) * mp.exp(2 * mu + sigma**2),
        },
        {
            "entropy": lambda mu, sigma: 1 + abs(mu),
            "log_prob": lambda x, mu, sigma: 1 + abs(mp.log(x)),
            "d_x": lambda x, mu, sigma: 1 / x,
        },
        phi_kl,
        limits={"icdf": 40, "gradient": 64},
    ),
    Case(
        "Laplace",
        D.Laplace,
        {"loc": places(-4, 4), "scale": scales()},
        places(-30, 30),
        shifted,
        lambda x, loc, scale: -abs(x - loc) / scale - mp.log(2 * scale),
        {
            "cdf": lambda x, loc, scale: (
                mp.exp((x - loc) / scale) / 2 if x < loc else 1 - mp.exp((loc - x) / scale) / 2
            ),
            "survival_function": lambda x, loc, scale: (
                mp.exp((loc - x) / scale) / 2 if x > loc else 1 - mp.exp((x - loc) / scale) / 2
            ),
            "icdf": lambda p, loc, scale: (
                loc + scale * (mp.log(2 * p) if p < mp.mpf(1) / 2 else -mp.log(2 - 2 * p))
            ),
            "entropy": lambda loc, scale: 1 + mp.log(2 * scale),
            "mean": lambda loc, scale: loc,
            "variance": lambda loc, scale: 2 * scale**2,
        },
        {**SCALE_LOG, **LOCATION},
        lambda a, s, b, t: mp.log(t / s) + (abs(a - b) + s * mp.exp(-abs(a - b) / s)) / t - 1,
    ),
    Case(
        "Logistic",
        D.Logistic,
        {"loc": places(-4, 4), "scale": scales()},
        places(-30, 30),
        shifted,
        lambda x, loc, scale: log_logistic((x - loc) / scale) - mp.log(scale),
        {
            "cdf": lambda x, loc, scale: sigmoid((x - loc) / scale),
            "survival_function": lambda x, loc, scale: sigmoid((loc - x) / scale),
            "icdf": lambda p, loc, scale: loc + scale * mp.log(p / (1 - p)),
            "entropy": lambda loc, scale: mp.log(scale) + 2,
            "mean": lambda loc, scale: loc,
            "variance": lambda loc, scale: (mp.pi * scale) ** 2 / 3,
        },
        {"mean": lambda loc, scale: loc, "icdf": lambda p, loc, scale: loc},
    ),
    Case(
        "Cauchy",
        D.Cauchy,
        {"loc": places(-4, 4), "scale": scales()},
        places(-1e6, 1e6),
        shifted,
        lambda x, loc, scale: -mp.log1p(((x - loc) / scale) ** 2) - mp.log(mp.pi * scale),
        {
            "cdf": lambda x, loc, scale: mp.atan2(scale, loc - x) / mp.pi,
            "survival_function": lambda x, loc, scale: mp.atan2(scale, x - loc) / mp.pi,
            "icdf": lambda p, loc, scale: loc - scale * mp.cot(mp.pi * p),
            "entropy": lambda loc, scale: mp.log(4 * mp.pi * scale),
        },
        {"icdf": lambda p, loc, scale: loc},
        lambda a, s, b, t: mp.log(((s + t) ** 2 + (a - b) ** 2) / (4 * s * t)),
    ),
    Case(
        "Gumbel",
        D.Gumbel,
        {"loc": places(-4, 4), "scale": scales()},
        places(-5, 30),
        shifted,
        lambda x, loc, scale: -(x - loc) / scale - mp.exp((loc - x) / scale) - mp.log(scale),
        {
            "cdf": lambda x, loc, scale: mp.exp(-mp.exp((loc - x) / scale)),
            "survival_function": lambda x, loc, scale: -mp.expm1(-mp.exp((loc - x) / scale)),
            "icdf": lambda p, loc, scale: loc - scale * mp.log(-mp.log(p)),
            "entropy": lambda loc, scale: mp.log(scale) + 1 + mp.euler,
            "mean": lambda loc, scale: loc + scale * mp.euler,
            "variance": lambda loc, scale: (mp.pi * scale) ** 2 / 6,
        },
        {"mean": lambda loc, scale: loc, "icdf": lambda p, loc, scale: loc},
    ),
    Case(
        "Exponential",
        D.Exponential,
        {"lam": scales()},
        numbers(1e-6, 40),
        lambda z, lam: z / lam,
        lambda x, lam: mp.log(lam) - lam * x,
        {
            "cdf": lambda x, lam: -mp.expm1(-lam * x),
            "survival_function": lambda x, lam: mp.exp(-lam * x),
            "icdf": lambda p, lam: -mp.log1p(-p) / lam,
            "entropy": lambda lam: 1 - mp.log(lam),
            "mean": lambda lam: 1 / lam,
            "variance": lambda lam: 1 / lam**2,
        },
        {},
        lambda a, b: b / a - 1 - mp.log(b / a),
    ),
    Case(
        "StudentT",
        D.StudentT,
        {"df": scales(3), "loc": places(-4, 4), "scale": scales(3)},
        places(-50, 50),
        lambda z, df, loc, scale: loc + scale * z,
        lambda x, df, loc, scale: t_log((x - loc) / scale, df) - mp.log(scale),
        {
            "cdf": lambda x, df, loc, scale: t_cdf((x - loc) / scale, df),
            "survival_function": lambda x, df, loc, scale: t_cdf((loc - x) / scale, df),
        },
    ),
    Case(
        "Gamma",
        D.Gamma,
        {"k": scales(3), "theta": scales(3)},
        numbers(0.125, 4),
        lambda t, k, theta: t * k * theta,
        lambda x, k, theta: gamma_log(x / theta, k) - mp.log(theta),
        {
            "cdf": lambda x, k, theta: mp.gammainc(k, 0, x / theta, regularized=True),
            "survival_function": lambda x, k, theta: mp.gammainc(k, x / theta, regularized=True),
            "mean": lambda k, theta: k * theta,
            "variance": lambda k, theta: k * theta**2,
        },
    ),
    Case(
        "Chisquare",
        D.Chisquare,
        {"k": scales(3)},
        numbers(0.125, 4),
        lambda t, k: t * k,
        lambda x, k: gamma_log(x / 2, k / 2) - mp.log(2),
        {"mean": lambda k: k, "variance": lambda k: 2 * k},
    ),
    Case(
        "Weibull",
        D.Weibull,
        {"scale": scales(), "shape": scales(3)},
        numbers(0.01, 30),
        lambda u, scale, shape: scale * u ** (1 / shape),
        weibull_log,
        {
            "cdf": lambda x, scale, shape: -mp.expm1(-((x / scale) ** shape)),
            "survival_function": lambda x, scale, shape: mp.exp(-((x / scale) ** shape)),
            "icdf": lambda p, scale, shape: scale * (-mp.log1p(-p)) ** (1 / shape),
            "entropy": lambda scale, shape: mp.euler * (1 - 1 / shape) + mp.log(scale / shape) + 1,
            "mean": lambda scale, shape: scale * mp.gamma(1 + 1 / shape),
            "variance": lambda scale, shape: (
                scale**2 * (mp.gamma(1 + 2 / shape) - mp.gamma(1 + 1 / shape) ** 2)
            ),
        },
        {"entropy": lambda scale, shape: 1 + abs(mp.log(scale)) + 1 / shape},
        weibull_kl,
        limits={"kl": 64, "kl gradient": 256},
    ),
    Case(
        "InverseGamma",
        D.InverseGamma,
        {"k": scales(3), "theta": scales(3)},
        numbers(0.125, 4),
        lambda t, k, theta: t * theta / k,
        lambda x, k, theta: gamma_log(theta / x, k) + mp.log(theta / x) - mp.log(x),
        {
            "cdf": lambda x, k, theta: mp.gammainc(k, theta / x, regularized=True),
            "survival_function": lambda x, k, theta: mp.gammainc(k, 0, theta / x, regularized=True),
            "mean": lambda k, theta: theta / (k - 1) if k > 1 else mp.inf,
            "entropy": lambda k, theta: k + mp.log(theta) + mp.loggamma(k) - (1 + k) * mp.digamma(k),
        },
        {"entropy": lambda k, theta: 1 + abs(mp.log(theta)) + 1 / k},
    ),
    Case(
        "Chi",
        D.Chi,
        {"k": scales(3)},
        numbers(0.125, 2),
        lambda t, k: t * np.sqrt(k),
        lambda x, k: gamma_log(x * x / 2, k / 2) + mp.log(x),
        {
            "cdf": lambda x, k: mp.gammainc(k / 2, 0, x * x / 2, regularized=True),
            "survival_function": lambda x, k: mp.gammainc(k / 2, x * x / 2, regularized=True),
            "mean": chi_mean,
            "variance": lambda k: k - chi_mean(k) ** 2,
        },
    ),
    Case(
        "HalfStudentT",
        D.HalfStudentT,
        {"df": scales(3), "scale": scales(3)},
        numbers(0.01, 50),
        lambda z, df, scale: scale * z,
        lambda x, df, scale: t_log(x / scale, df) - mp.log(scale / 2),
        {
            "cdf": lambda x, df, scale: 1 - 2 * t_cdf(-x / scale, df),
            "survival_function": lambda x, df, scale: 2 * t_cdf(-x / scale, df),
        },
    ),
    Case(
        "Gompertz",
        D.Gompertz,
        {"shape": scales(3), "rate": scales(3)},
        numbers(0.01, 30),
        lambda u, shape, rate: np.log1p(u / shape) / rate,
        lambda x, shape, rate: mp.log(shape * rate) + rate * x - shape * mp.expm1(rate * x),
        {
            "cdf": lambda x, shape, rate: -mp.expm1(-shape * mp.expm1(rate * x)),
            "survival_function": lambda x, shape, rate: mp.exp(-shape * mp.expm1(rate * x)),
            "icdf": lambda p, shape, rate: mp.log1p(-mp.log1p(-p) / shape) / rate,
            "mean": lambda shape, rate: mp.exp(shape) * mp.e1(shape) / rate,
            "entropy": lambda shape, rate: 1 - mp.log(shape * rate) - mp.exp(shape) * mp.e1(shape),
        },
        {"entropy": lambda shape, rate: 1 + abs(mp.log(shape * rate))},
    ),
    Case(
        "InverseGaussian",
        D.InverseGaussian,
        {"loc": scales(3), "shape": scales(3)},
        numbers(0.125, 8),
        lambda t, loc, shape: t * loc,
        inverse_gaussian_log,
        {
            "cdf": inverse_gaussian_cdf,
            "survival_function": inverse_gaussian_sf,
            "mean": lambda loc, shape: loc,
            "variance": lambda loc, shape: loc**3 / shape,
            "entropy": inverse_gaussian_entropy,
        },
        {
            "log_prob": lambda x, loc, shape: 1 + abs(mp.log(x)) + abs(mp.log(shape)),
            "entropy": lambda loc, shape: 1 + abs(mp.log(loc)) + abs(mp.log(shape)),
        },
        lambda a, s, b, t: (t / s - 1 - mp.log(t / s)) / 2 + t * (a - b) ** 2 / (2 * b**2 * a),
    ),
    Case(
        "GeneralizedNormal",
        lambda loc, scale, power: D.GeneralizedNormal(loc, scale, power),
        {"loc": places(-4, 4), "scale": scales(3), "power": scales(2)},
        # nearer to the kink the slopes of the truth, which are differences, would be taken across it
        numbers(-100, 100).filter(lambda u: u == 0 or abs(u) > 1e-6),
        lambda u, loc, scale, power: loc + scale * np.sign(u) * abs(u) ** (1 / power),
        lambda x, loc, scale, power: (
            -((abs(x - loc) / scale) ** power) - mp.log(2 * scale * mp.gamma(1 + 1 / power))
        ),
        {
            "cdf": generalized_normal_cdf,
            "survival_function": lambda x, loc, scale, power: generalized_normal_cdf(-x, -loc, scale, power),
            "mean": lambda loc, scale, power: loc,
            "variance": lambda loc, scale, power: scale**2 * mp.gamma(3 / power) / mp.gamma(1 / power),
            "entropy": lambda loc, scale, power: 1 / power + mp.log(2 * scale * mp.gamma(1 + 1 / power)),
        },
        {"entropy": lambda loc, scale, power: 1 + abs(mp.log(scale))},
    ),
    Case(
        "Uniform",
        lambda low, high: D.Uniform(low, high),
        {"low": places(-8, 0), "high": numbers(1, 9)},
        numbers(0, 1),
        lambda t, low, high: low + t * (high - low),
        lambda x, low, high: -mp.log(high - low),
        {
            "cdf": lambda x, low, high: (x - low) / (high - low),
            "survival_function": lambda x, low, high: (high - x) / (high - low),
            "icdf": lambda p, low, high: low + p * (high - low),
            "entropy": lambda low, high: mp.log(high - low),
            "mean": lambda low, high: (low + high) / 2,
            "variance": lambda low, high: (high - low) ** 2 / 12,
        },
        {
            "icdf": lambda p, low, high: max(abs(low), high),
            "mean": lambda low, high: max(abs(low), high),
        },
        lambda a, b, c, d: mp.log((d - c) / (b - a)) if c <= a and b <= d else mp.inf,
    ),
    Case(
        "Arcsine",
        D.Arcsine,
        {"low": places(-8, 0), "high": numbers(1, 9)},
        numbers(0.125, 0.875),
        lambda t, low, high: low + t * (high - low),
        lambda x, low, high: -mp.log(mp.pi) - mp.log((x - low) * (high - x)) / 2,
        {
            "cdf": lambda x, low, high: 2 / mp.pi * mp.asin(mp.sqrt((x - low) / (high - low))),
            "survival_function": lambda x, low, high: 2 / mp.pi * mp.asin(mp.sqrt((high - x) / (high - low))),
            "icdf": lambda p, low, high: low + mp.sin(mp.pi * p / 2) ** 2 * (high - low),
            "entropy": lambda low, high: mp.log(mp.pi * (high - low) / 4),
            "mean": lambda low, high: (low + high) / 2,
            "variance": lambda low, high: (high - low) ** 2 / 8,
        },
        {
            "icdf": lambda p, low, high: max(abs(low), high),
            "mean": lambda low, high: max(abs(low), high),
        },
    ),
    Case(
        "Uniform of loc and scale",
        D.Uniform,
        {"loc": places(-8, 8), "scale": scales(3)},
        numbers(0.125, 0.875),
        lambda t, loc, scale: loc + t * scale,
        lambda x, loc, scale: -mp.log(scale),
        {
            "entropy": lambda loc, scale: mp.log(scale),
            "mean": lambda loc, scale: loc + scale / 2,
            "variance": lambda loc, scale: scale**2 / 12,
        },
        {"mean": lambda loc, scale: loc},
    ),
    Case(
        "Bernoulli",
        D.Bernoulli,
        {"p": probabilities},
        st.integers(0, 1),
        lambda x, p: x,
        lambda x, p: mp.log(two(p)[int(x)]),
        {
            "cdf": lambda x, p: 1 - p if x < 1 else mp.mpf(1),
            "survival_function": lambda x, p: p if x < 1 else mp.mpf(0),
            "entropy": lambda p: -xlogx(p) - xlogx(1 - p),
            "mean": lambda p: p,
            "variance": lambda p: p * (1 - p),
        },
        {"log_prob": lambda x, p: 0, "entropy": lambda p: 0},
        lambda p, q: kl_of_probabilities(two(p), two(q)),
        continuous=False,
    ),
    Case(
        "Bernoulli of logit",
        D.Bernoulli,
        {"logit": places(-60, 60)},
        st.integers(0, 1),
        lambda x, logit: x,
        lambda x, logit: -mp.log1p(mp.exp(-logit if x else logit)),
        {
            "entropy": lambda logit: -xlogx(sigmoid(logit)) - xlogx(sigmoid(-logit)),
            "mean": sigmoid,
            "variance": lambda logit: sigmoid(logit) * sigmoid(-logit),
        },
        {"log_prob": lambda x, logit: 0, "entropy": lambda logit: 0},
        lambda a, b: kl_of_probabilities([sigmoid(a), sigmoid(-a)], [sigmoid(b), sigmoid(-b)]),
        continuous=False,
    ),
    Case(
        "Categorical",
        D.Categorical,
        {"p": simplices},
        labels,
        lambda x, p: x,
        lambda x, p: mp.log(p[int(x)]),
        {"entropy": lambda p: -mp.fsum(map(xlogx, p))},
        {"log_prob": lambda x, p: 0, "entropy": lambda p: 0},
        kl_of_probabilities,
        free=(),
        continuous=False,
    ),
    Case(
        "Categorical of logit",
        D.Categorical,
        {"logit": vectors(places(-20, 20))},
        labels,
        lambda x, logit: x,
        lambda x, logit: logit[int(x)] - logsumexp(logit),
        {"entropy": lambda logit: -mp.fsum(map(xlogx, softmax(logit)))},
        {"log_prob": lambda x, logit: 0, "entropy": lambda logit: 0},
        lambda a, b: kl_of_probabilities(softmax(a), softmax(b)),
        continuous=False,
        limits={"log_prob": 32},  # the largest logit is taken off with a rounding
    ),
    Case(
        "OneHotCategorical of logit",
        D.OneHotCategorical,
        {"logit": vectors(places(-20, 20))},
        labels,
        lambda x, logit: tuple(float(i == x) for i in range(CLASSES)),
        lambda x, logit: mp.fsum(i * t for i, t in zip(x, logit, strict=True)) - logsumexp(logit),
        {
            "entropy": lambda logit: -mp.fsum(map(xlogx, softmax(logit))),
            "mean": softmax,
            "variance": lambda logit: [p * (1 - p) for p in softmax(logit)],
        },
        {"log_prob": lambda x, logit: 0, "entropy": lambda logit: 0},
        lambda a, b: kl_of_probabilities(softmax(a), softmax(b)),
        continuous=False,
        limits={"log_prob": 32},  # the largest logit is taken off with a rounding
    ),
    Case(
        "Poisson",
        D.Poisson,
        {"lam": scales(8)},
        places(-5, 8),
        lambda z, lam: float(max(np.rint(lam + np.sqrt(lam) * z), 0)),
        lambda x, lam: x * mp.log(lam) - lam - mp.loggamma(x + 1),
        {
            "cdf": lambda x, lam: mp.gammainc(x + 1, lam, mp.inf, regularized=True),
            "survival_function": lambda x, lam: mp.gammainc(x + 1, 0, lam, regularized=True),
            "entropy": poisson_entropy,
            "mean": lambda lam: lam,
            "variance": lambda lam: lam,
        },
        {},
        lambda a, b: a * mp.log(a / b) - a + b,
        continuous=False,
        amplified=CDFS,  # an exponential of log_prob in the tails
        limits={"cdf": 32, "survival_function": 32, "log_cdf": 64, "log_survival_function": 64},
    ),
    Case(
        "Independent",
        lambda loc, scale: D.Independent(D.Normal(loc, scale), 1),
        {"loc": vectors(places(-4, 4)), "scale": vectors(scales(2))},
        vectors(places(-8, 8)),
        lambda z, loc, scale: tuple(a + b * c for a, b, c in zip(loc, scale, z, strict=True)),
        lambda x, loc, scale: mp.fsum(map(phi_log, x, loc, scale)),
        {
            "entropy": lambda loc, scale: mp.fsum(mp.log(s) + mp.log(2 * mp.pi * mp.e) / 2 for s in scale),
            "mean": lambda loc, scale: loc,
            "variance": lambda loc, scale: [s**2 for s in scale],
        },
        {"log_prob": lambda x, loc, scale: 8, "entropy": lambda loc, scale: 4},
        lambda a, s, b, t: mp.fsum(map(phi_kl, a, s, b, t)),
    ),
    Case(
        "MixtureSameFamily",
        mixture,
        {"logit": vectors(places(-8, 8)), "loc": vectors(places(-8, 8)), "scale": vectors(scales(2))},
        places(-6, 6),
        lambda z, logit, loc, scale: loc[0] + scale[0] * z,
        mixture_log,
        {
            "cdf": mixture_cdf,
            "survival_function": lambda x, logit, loc, scale: mixture_cdf(
                -x, logit, [-m for m in loc], scale
            ),
            "mean": mixture_mean,
            "variance": mixture_variance,
            "responsibilities": lambda x, logit, loc, scale: softmax(
                [a + phi_log(x, b, c) for a, b, c in zip(logit, loc, scale, strict=True)]
            ),
        },
        {
            "log_prob": lambda x, logit, loc, scale: 1 + max(abs(t) for t in logit),
            "mean": lambda logit, loc, scale: max(abs(m) for m in loc),
        },
        limits={"gradient": 64, "responsibilities": 64, "log_cdf": 64, "log_survival_function": 64},
        amplified=(*CDFS, "log_cdf", "log_survival_function"),
    ),
]

# The comparison --------------------------------------------------------------------------------------------


def exact(value: Any) -> Any:
    """A drawn number or tuple in mpmath's numbers, as float32 holds it."""
    if isinstance(value, tuple):
        return [exact(v) for v in value]
    return mp.mpf(float(np.float32(value)))


def variable(rows: list[Any], dtype: Any) -> Variable:
    """Drawn numbers or tuples, one per row."""
    return Variable(np.array(rows, np.float32).astype(dtype))


def flat(nested: Any) -> list[Any]:
    return [v for part in nested for v in flat(part)] if isinstance(nested, (list, tuple)) else [nested]


def compare(
    case: Case, quantity: str, got: Any, expected: list[Any], sizes: list[Any], label: str = ""
) -> None:
    """Hold answers to their limit; ``sizes`` has the largest term behind each of them."""
    expected, sizes, got = flat(expected), flat(sizes), np.ravel(got)
    defined = [i for i, t in enumerate(expected) if not mp.isnan(t)]
    if not defined:
        return
    expected, sizes, got = [expected[i] for i in defined], [sizes[i] for i in defined], got[defined]
    errors = ulps(got, expected, [float(abs(s)) for s in sizes])
    limits = np.full(errors.shape, float(case.limit(quantity)))
    if quantity in case.amplified:
        limits *= [1 + float(abs(mp.log(abs(t)))) if t else 1 for t in expected]
    worst = int(np.argmax(errors / limits))
    assert errors[worst] <= limits[worst], (
        f"{case.name}: {label or quantity}[{defined[worst]}] is {got[worst]!r}, expected "
        f"{mp.nstr(expected[worst], 20)}: {errors[worst]:.3g} ulps, allowed are {limits[worst]:.3g}"
    )


def slopes(formula: Callable[..., Any], row: list[Any], by: int) -> list[Any]:
    """The derivatives of ``formula`` by the elements of one argument."""
    vector = isinstance(row[by], list)
    elements = row[by] if vector else [row[by]]

    def at(i: int, t: Any) -> Any:
        moved = [*elements[:i], t, *elements[i + 1 :]]
        return formula(*row[:by], moved if vector else moved[0], *row[by + 1 :])

    found = []
    for i, v in enumerate(elements):
        with mp.workdps(4 * DIGITS):
            h = (abs(v) or 1) * mp.mpf(10) ** -DIGITS
            slope = (at(i, v + h) - at(i, v - h)) / (2 * h)
        # What is left of a slope of zero is noise; at an end of where the formula holds there is none.
        found.append(mp.nan if not mp.isfinite(slope) else slope if abs(slope) > 1e-60 else mp.mpf(0))
    return found


def compare_gradients(
    case: Case,
    quantity: str,
    formula: Callable[..., Any],
    rows: list[list[Any]],
    inputs: dict[int, tuple[str, Variable]],
) -> None:
    """Gradients of what ``formula`` states, each beside the largest component of its row's."""
    truths = {by: [slopes(formula, row, by) for row in rows] for by in inputs}
    found = [[v for by in inputs for v in truths[by][i] if not mp.isnan(v)] for i in range(len(rows))]
    largest = [max(map(abs, row), default=0) for row in found]
    for by, (name, leaf) in inputs.items():
        sizes = [[largest[i]] * len(truths[by][i]) for i in range(len(rows))]
        if name in case.sizes:
            sizes = [[max(largest[i], abs(case.sizes[name](*row)))] for i, row in enumerate(rows)]
        got = np.zeros(leaf.shape, leaf.dtype) if leaf.grad is None else leaf.grad
        compare(case, quantity, got, truths[by], sizes, f"{quantity} {name}")


def rows_of(case: Case) -> Any:
    """Some rows of parameters with a value and a probability each."""
    row = st.tuples(st.fixed_dictionaries(case.parameters), case.value, probabilities)
    return st.lists(row, min_size=ROWS, max_size=ROWS)


def draw(case: Case, drawn: Any, dtype: Any) -> tuple[dict[str, Variable], list[list[Any]]]:
    """The parameters as Variables, and as mpmath's numbers by row."""
    names = list(case.parameters)
    leaves = {name: variable([row[0][name] for row in drawn], dtype) for name in names}
    return leaves, [[exact(row[0][name]) for name in names] for row in drawn]


every_case = pytest.mark.parametrize("case", CASES, ids=str)
each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@each_dtype
@every_case
def test_values_and_gradients(case: Case, dtype: type) -> None:
    @given(rows_of(case))
    def check(drawn: Any) -> None:
        with mp.workdps(DIGITS):
            leaves, rows = draw(case, drawn, dtype)
            at = [case.place(row[1], **row[0]) for row in drawn]
            x = variable(at, dtype)
            rows = [[exact(v), *row] for v, row in zip(at, rows, strict=True)]
            y = case.make(**leaves).log_prob(x)
            size = case.sizes.get("log_prob", lambda *row: 1)
            sizes = [size(*row) for row in rows]
            compare(case, "log_prob", y.array, [case.log_prob(*row) for row in rows], sizes)
            names = list(case.parameters)
            free = names if case.free is None else case.free
            inputs = {1 + names.index(name): ("d_" + name, leaves[name]) for name in free}
            if case.continuous:
                inputs[0] = ("d_x", x)
            if inputs:
                y.grad = np.ones_like(y.array)
                y.backward()
                compare_gradients(case, "gradient", case.log_prob, rows, inputs)

    check()


@each_dtype
@every_case
def test_tails_and_quantiles(case: Case, dtype: type) -> None:
    @given(rows_of(case))
    def check(drawn: Any) -> None:
        with mp.workdps(2 * DIGITS):
            leaves, rows = draw(case, drawn, dtype)
            dist = case.make(**leaves)
            at = [case.place(row[1], **row[0]) for row in drawn]
            x = variable(at, dtype)
            full = [[exact(v), *row] for v, row in zip(at, rows, strict=True)]
            for name in CDFS + ("responsibilities",):
                if name not in case.truths:
                    continue
                truth = [case.truths[name](*row) for row in full]
                compare(case, name, getattr(dist, name)(x).array, truth, [0] * len(flat(truth)))
                if name in CDFS:
                    logs = [mp.log(t) if t else -mp.inf for t in truth]
                    finite = [i for i, t in enumerate(logs) if mp.isfinite(t)]
                    got = getattr(dist, f"log_{name}")(x).array
                    compare(case, f"log_{name}", got[finite], [logs[i] for i in finite], [0] * len(finite))
            if "icdf" in case.truths:
                p = [row[2] for row in drawn]
                full = [[exact(v), *row] for v, row in zip(p, rows, strict=True)]
                sizes = [case.sizes.get("icdf", lambda *row: 0)(*row) for row in full]
                got = dist.icdf(variable(p, dtype)).array
                compare(case, "icdf", got, [case.truths["icdf"](*row) for row in full], sizes)

    check()


@each_dtype
@every_case
def test_moments(case: Case, dtype: type) -> None:
    @given(rows_of(case))
    def check(drawn: Any) -> None:
        with mp.workdps(DIGITS):
            leaves, rows = draw(case, drawn, dtype)
            dist = case.make(**leaves)
            for name in ("entropy", "mean", "variance"):
                if name in case.truths:
                    truth = [case.truths[name](*row) for row in rows]
                    size = case.sizes.get(name, lambda *row, name=name: int(name == "entropy"))
                    sizes = [[abs(size(*row))] * len(flat(t)) for row, t in zip(rows, truth, strict=True)]
                    compare(case, name, getattr(dist, name).array, truth, sizes)

    check()


@each_dtype
@pytest.mark.parametrize("case", [case for case in CASES if case.kl is not None], ids=str)
def test_divergences(case: Case, dtype: type) -> None:
    @given(rows_of(case), rows_of(case))
    def check(of_p: Any, of_q: Any) -> None:
        with mp.workdps(4 * DIGITS):  # the squares of tiny differences
            (p, p_rows), (q, q_rows) = draw(case, of_p, dtype), draw(case, of_q, dtype)
            rows = [a + b for a, b in zip(p_rows, q_rows, strict=True)]
            y = kl_divergence(case.make(**p), case.make(**q))
            truth = [case.kl(*row) for row in rows]
            compare(case, "kl", y.array, truth, [0] * ROWS)
            finite = [i for i, t in enumerate(truth) if mp.isfinite(t)]
            leaves = [*p.items(), *q.items()]
            names = [name for name, _ in leaves]
            if case.free is None and len(finite) == ROWS:
                y.grad = np.ones_like(y.array)
                y.backward()
                inputs = {i: (f"{'pq'[i >= len(p)]}.{names[i]}", leaf) for i, (_, leaf) in enumerate(leaves)}
                compare_gradients(case, "kl gradient", case.kl, rows, inputs)

    check()


# Those with neither a case here nor stored references, and where they are compared with mpmath.
ELSEWHERE = {
    "WrappedNormal": "test_circular.py",
    "DiscreteUniform": "test_discrete_uniform.py",
    "Deterministic": "test_finite_discrete.py",
    "Empirical": "test_empirical.py",
    "Lomax": "test_lomax_and_pert.py",
    "PERT": "test_lomax_and_pert.py",
    "FiniteDiscrete": "test_finite_discrete.py",
    "BetaBinomial": "test_beta_binomial.py",
    "Censored": "test_bounded.py",
    "Truncated": "test_bounded.py",
    "ZeroInflated": "test_zero_counts.py",
    "ZeroTruncated": "test_zero_counts.py",
}


def test_no_distribution_is_left_out() -> None:
    covered = {part for case in CASES for part in case.name.split()}
    covered |= {name.partition("-")[0] for name in references.available()}
    for name, cls in vars(D).items():
        if inspect.isclass(cls) and issubclass(cls, D.Distribution) and cls is not D.Distribution:
            if name in ELSEWHERE:
                assert name in (Path(__file__).parent / ELSEWHERE[name]).read_text()
            else:
                assert name in covered, f"{name} has no case in {__file__}, and no references"


def test_pdist_is_what_is_measured() -> None:
    """float32 in, float32 out: no detour is hidden in what the cases compare."""
    assert D.Normal(np.float32(0), np.float32(1)).log_prob(np.float32(1)).dtype == np.float32
    assert pdist.config.dtype == np.float32
