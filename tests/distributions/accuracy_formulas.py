"""What distributions are, in mpmath: the formulas that their results are compared with."""

from __future__ import annotations

from typing import Any

import mpmath as mp

import pdist.distributions as D

DIGITS = 40


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
