"""References of more distributions with shapes: ``python -m benchmarks.accuracy.shape_references``.

They are made as those of :mod:`make_references` are, whose words they use.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np

from .cases import REFERENCES
from .make_references import DIGITS, SCALES, Row, group, single, t_entropy, t_norm, t_tail

Formulas = dict[str, Callable[[Row], Any]]


def root(tail: Callable[[Any], Any], target: Any, sign: int) -> Any:
    """The x > 0 at which a tail that rises (or falls, if ``sign`` is -1) has a value."""

    def error(t: Any) -> Any:
        return sign * (mp.log(tail(mp.exp(t))) - mp.log(target))

    low, high = mp.mpf(-900), mp.mpf(900)
    with mp.workdps(30):
        while high - low > 1e-6:
            middle = (low + high) / 2
            low, high = (middle, high) if error(middle) < 0 else (low, middle)
    for _ in range(9):  # secants: each has 1.6 times the digits of the one before
        rise = error(high) - error(low)
        if abs(high - low) < mp.mpf(10) ** (-1.5 * DIGITS) or not rise:
            break
        low, high = high, high - error(high) * (high - low) / rise
    return mp.exp(high)


def tails(lower: Callable[[Row], Any], upper: Callable[[Row], Any]) -> Formulas:
    """The four of them, and the quantile: the root of whichever tail is the smaller one."""

    def quantile(row: Row) -> Any:
        p = row["p"]
        tail, target, sign = (lower, p, 1) if p < 0.5 else (upper, 1 - p, -1)
        return root(lambda x: tail({**row, "x": x}), target, sign)

    return {
        "cdf": lower,
        "sf": upper,
        "log_cdf": lambda row: mp.log(lower(row)),
        "log_sf": lambda row: mp.log(upper(row)),
        "icdf": quantile,
    }


def gamma_log(u: Any, k: Any) -> Any:
    return k * mp.log(u) - u - mp.loggamma(k)  # of the density by log u


def below(k: Any, u: Any) -> Any:
    return mp.gammainc(k, 0, u, regularized=True)


def above(k: Any, u: Any) -> Any:
    return mp.gammainc(k, u, mp.inf, regularized=True)


def weibull_power(r: Row) -> Any:
    return (r["x"] / r["scale"]) ** r["shape"]


def weibull_moment(r: Row, n: int) -> Any:
    return mp.gamma(1 + n / r["shape"])


WEIBULL: Formulas = {
    "log_prob": lambda r: mp.log(r["shape"] / r["x"]) + mp.log(weibull_power(r)) - weibull_power(r),
    **tails(lambda r: -mp.expm1(-weibull_power(r)), lambda r: mp.exp(-weibull_power(r))),
    "icdf": lambda r: r["scale"] * (-mp.log(1 - r["p"])) ** (1 / r["shape"]),
    "entropy": lambda r: mp.euler * (1 - 1 / r["shape"]) + mp.log(r["scale"] / r["shape"]) + 1,
    "mean": lambda r: r["scale"] * weibull_moment(r, 1),
    "variance": lambda r: r["scale"] ** 2 * (weibull_moment(r, 2) - weibull_moment(r, 1) ** 2),
}


def inverse_gamma_entropy(r: Row) -> Any:
    k = r["k"]
    return k + mp.log(r["theta"]) + mp.loggamma(k) - (1 + k) * mp.digamma(k)


INVERSE_GAMMA: Formulas = {
    "log_prob": lambda r: gamma_log(r["theta"] / r["x"], r["k"]) - mp.log(r["x"]),
    **tails(lambda r: above(r["k"], r["theta"] / r["x"]), lambda r: below(r["k"], r["theta"] / r["x"])),
    "entropy": inverse_gamma_entropy,
    "mean": lambda r: r["theta"] / (r["k"] - 1) if r["k"] > 1 else mp.inf,
    "variance": lambda r: (
        r["theta"] ** 2 / (r["k"] - 1) ** 2 / (r["k"] - 2) if r["k"] > 2 else mp.inf if r["k"] > 1 else mp.nan
    ),
}


def chi_mean(r: Row) -> Any:
    return mp.sqrt(2) * mp.exp(mp.loggamma((r["k"] + 1) / 2) - mp.loggamma(r["k"] / 2))


def chi_entropy(r: Row) -> Any:
    h = r["k"] / 2
    return mp.loggamma(h) + h - mp.log(2) / 2 - (h - mp.mpf(1) / 2) * mp.digamma(h)


CHI: Formulas = {
    "log_prob": lambda r: gamma_log(r["x"] ** 2 / 2, r["k"] / 2) + mp.log(2 / r["x"]),
    **tails(lambda r: below(r["k"] / 2, r["x"] ** 2 / 2), lambda r: above(r["k"] / 2, r["x"] ** 2 / 2)),
    "entropy": chi_entropy,
    "mean": chi_mean,
    "variance": lambda r: r["k"] - chi_mean(r) ** 2,
}


def half_t_mean(r: Row) -> Any:
    df = r["df"]
    if df <= 1:
        return mp.inf
    return r["scale"] * 2 * mp.exp(t_norm(df)) * df / (df - 1)


def half_t_variance(r: Row) -> Any:
    df = r["df"]
    if df <= 2:
        return mp.inf if df > 1 else mp.nan
    return r["scale"] ** 2 * df / (df - 2) - half_t_mean(r) ** 2


def half_t_log(r: Row) -> Any:
    z, df = r["x"] / r["scale"], r["df"]
    return mp.log(2 / r["scale"]) + t_norm(df) - (df + 1) / 2 * mp.log(1 + z * z / df)


HALF_T: Formulas = {
    "log_prob": half_t_log,
    **tails(
        lambda r: 1 - 2 * t_tail(r["x"] / r["scale"], r["df"]),
        lambda r: 2 * t_tail(r["x"] / r["scale"], r["df"]),
    ),
    "entropy": lambda r: t_entropy(r["df"]) + mp.log(r["scale"] / 2),
    "mean": half_t_mean,
    "variance": half_t_variance,
}


def growth(r: Row) -> Any:
    return r["shape"] * mp.expm1(r["rate"] * r["x"])


def gompertz_mean(r: Row) -> Any:
    return mp.exp(r["shape"]) * mp.e1(r["shape"]) / r["rate"]


def gompertz_variance(r: Row) -> Any:
    c, mean = r["shape"], gompertz_mean(r) * r["rate"]
    with mp.workdps(40):
        ends = [0, c, *[mp.mpf(2) ** i for i in range(-4, 7) if mp.mpf(2) ** i > c], 110]
        second = mp.quad(lambda u: (mp.log1p(u / c) - mean) ** 2 * mp.exp(-u), ends)
    return second / r["rate"] ** 2


GOMPERTZ: Formulas = {
    "log_prob": lambda r: mp.log(r["shape"] * r["rate"]) + r["rate"] * r["x"] - growth(r),
    **tails(lambda r: -mp.expm1(-growth(r)), lambda r: mp.exp(-growth(r))),
    "icdf": lambda r: mp.log1p(-mp.log(1 - r["p"]) / r["shape"]) / r["rate"],
    "entropy": lambda r: 1 - mp.log(r["shape"] * r["rate"]) - gompertz_mean(r) * r["rate"],
    "mean": gompertz_mean,
    "variance": gompertz_variance,
}


def normal_tail(z: Any) -> Any:
    return mp.erfc(z / mp.sqrt(2)) / 2


def wald_tail(r: Row, sign: int) -> Any:
    root, m = mp.sqrt(r["shape"] / r["x"]), r["loc"]
    again = mp.exp(2 * r["shape"] / m) * normal_tail(root * (r["x"] / m + 1))
    return normal_tail(sign * root * (r["x"] / m - 1)) - sign * again


def wald_entropy(r: Row) -> Any:
    w = 2 * r["shape"] / r["loc"]
    return (mp.log(2 * mp.pi * mp.e * r["loc"] ** 3 / r["shape"]) - 3 * mp.exp(w) * mp.e1(w)) / 2


WALD: Formulas = {
    "log_prob": lambda r: (
        mp.log(r["shape"] / (2 * mp.pi * r["x"] ** 3)) / 2
        - r["shape"] * (r["x"] - r["loc"]) ** 2 / (2 * r["loc"] ** 2 * r["x"])
    ),
    **tails(lambda r: wald_tail(r, -1), lambda r: wald_tail(r, 1)),
    "entropy": wald_entropy,
    "mean": lambda r: r["loc"],
    "variance": lambda r: r["loc"] ** 3 / r["shape"],
}


def of_generalized_normal(scale_name: str) -> Formulas:
    scale_of = SCALES.get(scale_name, lambda s: s)

    def tail(r: Row, sign: int) -> Any:
        z, k = (r["x"] - r["loc"]) / scale_of(r[scale_name]), 1 / r["power"]
        half = above(k, abs(z) ** r["power"]) / 2
        return half if sign * z > 0 else 1 - half

    def log_norm(r: Row) -> Any:
        return mp.log(2 * scale_of(r[scale_name])) + mp.loggamma(1 + 1 / r["power"])

    def log_prob(r: Row) -> Any:
        return -((abs(r["x"] - r["loc"]) / scale_of(r[scale_name])) ** r["power"]) - log_norm(r)

    def quantile(r: Row) -> Any:
        smaller, k = 2 * min(r["p"], 1 - r["p"]), 1 / r["power"]
        z = root(lambda b: above(k, b ** r["power"]), smaller, -1)
        return r["loc"] + scale_of(r[scale_name]) * (z if r["p"] > 0.5 else -z)

    return {
        "log_prob": log_prob,
        **tails(lambda r: tail(r, -1), lambda r: tail(r, 1)),
        "icdf": quantile,
        "entropy": lambda r: 1 / r["power"] + log_norm(r),
        "mean": lambda r: r["loc"],
        "variance": lambda r: (
            scale_of(r[scale_name]) ** 2 * mp.exp(mp.loggamma(3 / r["power"]) - mp.loggamma(1 / r["power"]))
        ),
    }


def noncentral_log(r: Row) -> Any:
    order, root = r["k"] / 2 - 1, mp.sqrt(r["nc"] * r["x"])
    h = mp.log(mp.besseli(order, root)) + order / 2 * mp.log(r["x"] / r["nc"])
    return h - (r["x"] + r["nc"]) / 2 - mp.log(2)


def noncentral_tail(r: Row, upper: bool) -> Any:
    """The mixture of Gammas by a Poisson count, each from the one before by the density between them."""
    a, z, rate = r["k"] / 2, r["x"] / 2, r["nc"] / 2
    if z > 100 * (a + rate + 100):  # a search for a quantile passes here: any value on the right side will do
        return mp.exp(-z / 2) if upper else mp.mpf(1)
    step, weight = mp.exp(a * mp.log(z) - z - mp.loggamma(a + 1)), mp.exp(-rate)
    part, total, j = (above(a, z), mp.mpf(0), 0) if upper else (weight, mp.mpf(0), 0)
    while True:
        term = weight * part if upper else step * part
        total, j = total + term, j + 1
        if j > rate + z and term < total * mp.mpf(10) ** -mp.mp.dps:
            return total
        weight *= rate / j
        part += step if upper else weight
        step *= z / (a + j)


NONCENTRAL: Formulas = {
    "log_prob": noncentral_log,
    **tails(lambda r: noncentral_tail(r, False), lambda r: noncentral_tail(r, True)),
    "mean": lambda r: r["k"] + r["nc"],
    "variance": lambda r: 2 * (r["k"] + 2 * r["nc"]),
}


# Rows: parameters over some decades, and values of all places by U of a Gamma variable, or of z


def decades(rng: np.random.Generator, low: float, high: float) -> float:
    return single(10 ** rng.uniform(low, high))


def rows(
    rng: np.random.Generator, n: int, given: Callable[[], dict[str, float]], value: Callable[..., float]
) -> dict[str, list[Row]]:
    """Rows of all kinds; ``value`` is of an i that tells where, and of the parameters."""
    found: dict[str, list[Row]] = {"x": [], "p": [], "m": []}
    for i in range(n):
        parameters = given()
        found["x"].append({**parameters, "x": single(value(i, **parameters))})
        if i % 2:
            p = rng.uniform(0.02, 0.98) if i % 3 else 10 ** rng.uniform(-25, -1)
            found["p"].append({**parameters, "p": single(p)})
            found["m"].append(parameters)
    return found


def groups() -> dict[str, dict[str, np.ndarray]]:
    """All that this module makes, by distribution."""
    rng, out = np.random.default_rng(11), {}
    here = lambda i: 10 ** rng.uniform(-4, 2) if i % 3 == 0 else rng.uniform(0.2, 2.5)
    of: dict[str, tuple[Any, Any, Any]] = {
        "Weibull": (
            lambda: {"scale": decades(rng, -6, 6), "shape": decades(rng, -1, 2)},
            lambda i, scale, shape: scale * here(i) ** (1 / shape),
            WEIBULL,
        ),
        "InverseGamma": (
            lambda: {"k": decades(rng, -0.5, 3), "theta": decades(rng, -3, 3)},
            lambda i, k, theta: theta / k * 10 ** rng.uniform(-1, 1) if i % 3 == 0 else theta / (k + 0.5),
            INVERSE_GAMMA,
        ),
        "Chi": (
            lambda: {"k": decades(rng, -0.5, 3)},
            lambda i, k: np.sqrt(k) * (10 ** rng.uniform(-1, 0.4) if i % 3 == 0 else rng.uniform(0.8, 1.2)),
            CHI,
        ),
        "HalfStudentT": (
            lambda: {"df": decades(rng, -0.5, 3), "scale": decades(rng, -6, 6)},
            lambda i, df, scale: scale * here(i),
            HALF_T,
        ),
        "Gompertz": (
            lambda: {"shape": decades(rng, -4, 1.5), "rate": decades(rng, -3, 3)},
            lambda i, shape, rate: np.log1p(here(i) / shape) / rate,
            GOMPERTZ,
        ),
        "InverseGaussian": (
            lambda: {"loc": decades(rng, -2, 2), "shape": decades(rng, -2, 2)},
            lambda i, loc, shape: loc * (10 ** rng.uniform(-1, 1) if i % 3 == 0 else rng.uniform(0.5, 2)),
            WALD,
        ),
    }
    for name, (given, value, formulas) in of.items():
        made = rows(rng, 18, given, value)
        inputs = list(made["m"][0])
        out[name] = group(f"{name}.{'_'.join(inputs)}", made, formulas, (*inputs, "x"))
        print(name, flush=True)
    arrays: dict[str, np.ndarray] = {}
    for scale_name in ("scale", *SCALES):

        def given(scale_name: str = scale_name) -> dict[str, float]:
            scale = decades(rng, -2, 2) if scale_name == "scale" else single(rng.uniform(-4, 4))
            return {"loc": single(3 * rng.normal()), scale_name: scale, "power": decades(rng, -0.5, 1)}

        def value(i: int, loc: float, power: float, **scale: float) -> float:
            name, number = next(iter(scale.items()))
            size = float(SCALES[name](mp.mpf(number))) if name in SCALES else number
            return loc + size * (1 if i % 2 else -1) * here(i) ** (1 / power)

        made = rows(rng, 12, given, value)
        inputs = list(made["m"][0])
        arrays |= group(
            f"GeneralizedNormal.{scale_name}", made, of_generalized_normal(scale_name), (*inputs, "x")
        )
    out["GeneralizedNormal"] = arrays
    rng = np.random.default_rng(12)
    made = rows(
        rng,
        30,
        lambda: {"k": decades(rng, -1, 2.5), "nc": decades(rng, -2, 2.5)},
        lambda i, k, nc: (k + nc) * (10 ** rng.uniform(-1.5, 0.7) if i % 3 == 0 else rng.uniform(0.7, 1.4)),
    )
    out["NoncentralChisquare"] = group("NoncentralChisquare.k_nc", made, NONCENTRAL, ("k", "nc", "x"))
    return out


def main() -> None:
    with mp.workdps(3 * DIGITS):
        for name, arrays in groups().items():
            np.savez_compressed(REFERENCES / f"{name}.npz", **arrays)


if __name__ == "__main__":
    main()
