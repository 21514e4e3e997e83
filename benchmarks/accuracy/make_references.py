"""Generates references with mpmath: ``python -m benchmarks.accuracy.make_references``.

They cover further parametrizations, and methods that the other references leave out. They are
added to the files of ``references``; every run generates the same. A true value is a formula
in its plainest form, evaluated with enough digits that 60 remain after any cancellation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import mpmath as mp
import numpy as np

from .cases import REFERENCES

DIGITS = 60
Row = dict[str, Any]


# Standard forms: log density, lower and upper tail, quantile of a z and of the shape parameters ------------


def t_tail(z: Any, df: Any) -> Any:
    half = mp.betainc(df / 2, mp.mpf(1) / 2, 0, df / (df + z * z), regularized=True) / 2
    return 1 - half if z < 0 else half


def t_norm(df: Any) -> Any:
    return mp.loggamma((df + 1) / 2) - mp.loggamma(df / 2) - mp.log(mp.pi * df) / 2


def t_entropy(df: Any) -> Any:
    return (df + 1) / 2 * (mp.digamma((df + 1) / 2) - mp.digamma(df / 2)) - t_norm(df)


STANDARD: dict[str, dict[str, Callable[..., Any]]] = {
    "Normal": {
        "log_prob": lambda z: -z * z / 2 - mp.log(2 * mp.pi) / 2,
        "sf": lambda z: mp.erfc(z / mp.sqrt(2)) / 2,
        "cdf": lambda z: mp.erfc(-z / mp.sqrt(2)) / 2,
        "icdf": lambda p: mp.sqrt(2) * mp.erfinv(2 * p - 1),
        "entropy": lambda: mp.log(2 * mp.pi * mp.e) / 2,
        "mean": lambda: mp.mpf(0),
        "variance": lambda: mp.mpf(1),
    },
    "Laplace": {
        "log_prob": lambda z: -abs(z) - mp.log(2),
        "sf": lambda z: mp.exp(-z) / 2 if z > 0 else 1 - mp.exp(z) / 2,
        "cdf": lambda z: mp.exp(z) / 2 if z < 0 else 1 - mp.exp(-z) / 2,
        "icdf": lambda p: mp.log(2 * p) if p < mp.mpf(1) / 2 else -mp.log(2 - 2 * p),
        "entropy": lambda: 1 + mp.log(2),
        "mean": lambda: mp.mpf(0),
        "variance": lambda: mp.mpf(2),
    },
    "Logistic": {
        "log_prob": lambda z: -abs(z) - 2 * mp.log(1 + mp.exp(-abs(z))),
        "sf": lambda z: 1 / (1 + mp.exp(z)),
        "cdf": lambda z: 1 / (1 + mp.exp(-z)),
        "icdf": lambda p: mp.log(p / (1 - p)),
        "entropy": lambda: mp.mpf(2),
        "mean": lambda: mp.mpf(0),
        "variance": lambda: mp.pi**2 / 3,
    },
    "Cauchy": {
        "log_prob": lambda z: -mp.log(1 + z * z) - mp.log(mp.pi),
        "sf": lambda z: mp.atan2(1, z) / mp.pi,
        "cdf": lambda z: mp.atan2(1, -z) / mp.pi,
        "icdf": lambda p: -mp.cot(mp.pi * p),
        "entropy": lambda: mp.log(4 * mp.pi),
    },
    "Gumbel": {
        "log_prob": lambda z: -z - mp.exp(-z),
        "sf": lambda z: 1 - mp.exp(-mp.exp(-z)),
        "cdf": lambda z: mp.exp(-mp.exp(-z)),
        "icdf": lambda p: -mp.log(-mp.log(p)),
        "entropy": lambda: 1 + mp.euler,
        "mean": lambda: +mp.euler,
        "variance": lambda: mp.pi**2 / 6,
    },
    "StudentT": {
        "log_prob": lambda z, df: t_norm(df) - (df + 1) / 2 * mp.log(1 + z * z / df),
        "sf": t_tail,
        "cdf": lambda z, df: t_tail(-z, df),
        "entropy": t_entropy,
    },
}
SHAPES = {"StudentT": ("df",)}
SCALES = {"log_scale": mp.exp, "raw_scale": lambda raw: mp.log(1 + mp.exp(raw))}


# Groups ---------------------------------------------------------------------------------------------------


def single(value: float) -> float:
    """A number that is exact in float32."""
    return float(np.float32(value))


def location_scale(rng: np.random.Generator, name: str, scale_name: str, n: int) -> dict[str, list[Row]]:
    """Rows by kind: values on both sides, some far out, and scales over many octaves."""
    rows: dict[str, list[Row]] = {"x": [], "p": [], "m": []}
    far = 12.0 if name in ("Normal", "Gumbel") else 1e5 if name in ("Cauchy", "StudentT") else 60.0
    for i in range(n):
        raw = single(rng.uniform(-6, 6))
        scale = float(SCALES[scale_name](mp.mpf(raw)))
        shapes = {"df": single(2 ** rng.uniform(-2, 9))} if name == "StudentT" else {}
        loc = single(rng.choice([0.0, rng.normal(), 100 * rng.normal()]))
        reach = far ** rng.uniform(0, 1) if i % 3 == 0 else 2 * rng.uniform()
        z = reach * (1 if i % 2 else -1) * (0.3 if name == "Gumbel" and i % 2 == 0 else 1)
        given = {**shapes, "loc": loc, scale_name: raw}
        rows["x"].append({**given, "x": single(loc + scale * z)})
        p = single(rng.uniform() if i % 3 else 10 ** rng.uniform(-30, -1))
        rows["p"].append({**given, "p": p})
        rows["m"].append(given)
    rows["m"] = rows["m"][: n // 3]
    return rows


def of_location_scale(name: str, scale_name: str) -> dict[str, Callable[[Row], Any]]:
    """The quantities as formulas of a row."""
    form, shape_names, scale_of = STANDARD[name], SHAPES.get(name, ()), SCALES[scale_name]

    def shapes(row: Row) -> list[Any]:
        return [row[shape] for shape in shape_names]

    def at(quantity: str) -> Callable[[Row], Any]:
        return lambda row: form[quantity]((row["x"] - row["loc"]) / scale_of(row[scale_name]), *shapes(row))

    out = {
        "log_prob": lambda row: at("log_prob")(row) - mp.log(scale_of(row[scale_name])),
        "cdf": at("cdf"),
        "sf": at("sf"),
        "log_cdf": lambda row: mp.log(at("cdf")(row)),
        "log_sf": lambda row: mp.log(at("sf")(row)),
        "entropy": lambda row: form["entropy"](*shapes(row)) + mp.log(scale_of(row[scale_name])),
    }
    if "icdf" in form:
        out["icdf"] = lambda row: row["loc"] + scale_of(row[scale_name]) * form["icdf"](row["p"])
    if "mean" in form:
        out["mean"] = lambda row: row["loc"] + scale_of(row[scale_name]) * form["mean"]()
        out["variance"] = lambda row: scale_of(row[scale_name]) ** 2 * form["variance"]()
    return out


def gamma_rate(rng: np.random.Generator, n: int) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = {"x": [], "m": []}
    for i in range(n):
        k, rate = single(10 ** rng.uniform(-2, 3)), single(10 ** rng.uniform(-3, 3))
        spread = 10 ** rng.uniform(-2, 0.5) if i % 3 == 0 else rng.uniform(0.3, 2)
        rows["x"].append({"k": k, "rate": rate, "x": single(k / rate * spread)})
        rows["m"].append({"k": k, "rate": rate})
    rows["m"] = rows["m"][: n // 3]
    return rows


OF_GAMMA: dict[str, Callable[[Row], Any]] = {
    "log_prob": lambda r: (
        r["k"] * mp.log(r["rate"]) + (r["k"] - 1) * mp.log(r["x"]) - r["rate"] * r["x"] - mp.loggamma(r["k"])
    ),
    "cdf": lambda r: mp.gammainc(r["k"], 0, r["rate"] * r["x"], regularized=True),
    "sf": lambda r: mp.gammainc(r["k"], r["rate"] * r["x"], mp.inf, regularized=True),
    "log_cdf": lambda r: mp.log(OF_GAMMA["cdf"](r)),
    "log_sf": lambda r: mp.log(OF_GAMMA["sf"](r)),
    "entropy": lambda r: r["k"] - mp.log(r["rate"]) + mp.loggamma(r["k"]) + (1 - r["k"]) * mp.digamma(r["k"]),
    "mean": lambda r: r["k"] / r["rate"],
    "variance": lambda r: r["k"] / r["rate"] ** 2,
}


def uniform(rng: np.random.Generator, n: int) -> dict[str, list[Row]]:
    """Points inside, where the gradients are those of -log(scale)."""
    rows: dict[str, list[Row]] = {"x": [], "p": [], "m": []}
    for _ in range(n):
        given = {"loc": single(10 * rng.normal()), "scale": single(10 ** rng.uniform(-3, 3))}
        rows["x"].append({**given, "x": single(given["loc"] + given["scale"] * rng.uniform(0.01, 0.99))})
        rows["p"].append({**given, "p": single(rng.uniform())})
        rows["m"].append(given)
    return rows


OF_UNIFORM: dict[str, Callable[[Row], Any]] = {
    "log_prob": lambda r: -mp.log(r["scale"]),
    "cdf": lambda r: (r["x"] - r["loc"]) / r["scale"],
    "sf": lambda r: 1 - (r["x"] - r["loc"]) / r["scale"],
    "log_cdf": lambda r: mp.log(OF_UNIFORM["cdf"](r)),
    "log_sf": lambda r: mp.log(OF_UNIFORM["sf"](r)),
    "icdf": lambda r: r["loc"] + r["p"] * r["scale"],
    "entropy": lambda r: mp.log(r["scale"]),
    "mean": lambda r: r["loc"] + r["scale"] / 2,
    "variance": lambda r: r["scale"] ** 2 / 12,
}


def independent(rng: np.random.Generator, n: int) -> dict[str, list[Row]]:
    """Three Normals as one event."""
    rows: dict[str, list[Row]] = {"x": [], "m": []}
    for _ in range(n):
        loc, scale, z = rng.normal(size=3), 10 ** rng.uniform(-2, 2, 3), 3 * rng.normal(size=3)
        given = {"loc": [*map(single, loc)], "scale": [*map(single, scale)]}
        rows["x"].append({**given, "x": [*map(single, loc + scale * z)]})
        rows["m"].append(given)
    return rows


def normals(x: Any, loc: Any, scale: Any) -> Any:
    return mp.fsum(
        STANDARD["Normal"]["log_prob"]((a - b) / c) - mp.log(c) for a, b, c in zip(x, loc, scale, strict=True)
    )


OF_INDEPENDENT: dict[str, Callable[[Row], Any]] = {
    "log_prob": lambda r: normals(r["x"], r["loc"], r["scale"]),
    "entropy": lambda r: mp.fsum(mp.log(s) + mp.log(2 * mp.pi * mp.e) / 2 for s in r["scale"]),
    "mean": lambda r: r["loc"],
    "variance": lambda r: [s**2 for s in r["scale"]],
}


def steps(rng: np.random.Generator, n: int) -> dict[str, list[Row]]:
    """Probabilities for a Poisson's quantiles."""
    rows = []
    for i in range(n):
        p = single(rng.uniform() if i % 3 else 10 ** rng.uniform(-20, -1))
        rows.append({"lam": single(10 ** rng.uniform(-1, 2.5)), "p": p})
    return {"p": rows}


def count_at(row: Row) -> Any:
    """The least count whose cdf reaches p."""
    total, term, count = mp.exp(-row["lam"]), mp.exp(-row["lam"]), 0
    while total < row["p"]:
        count += 1
        term *= row["lam"] / count
        total += term
    return mp.mpf(count)


def coins(parameter: str) -> dict[str, list[Row]]:
    values = [1e-30, 1e-6, 0.25, 0.5, 0.75, 1 - 2**-20] if parameter == "p" else [-80, -3, -0.1, 0, 2, 15, 80]
    return {"x": [{parameter: single(v), "x": float(x)} for v in values for x in (0, 1)]}


def of_coin(probability: Callable[[Row], Any]) -> dict[str, Callable[[Row], Any]]:
    """The tails at 0; at 1 everything is below."""
    return {
        "cdf": lambda r: 1 - probability(r) if r["x"] < 1 else mp.mpf(1),
        "sf": lambda r: probability(r) if r["x"] < 1 else mp.mpf(0),
        "log_cdf": lambda r: mp.log(1 - probability(r)) if r["x"] < 1 else mp.mpf(0),
        "log_sf": lambda r: mp.log(probability(r)) if r["x"] < 1 else -mp.inf,
    }


OF_COIN_QUANTILE = {"icdf": lambda r: mp.mpf(int(r["p"] > 1 - 1 / (1 + mp.exp(-r["logit"]))))}


def coin_quantiles(rng: np.random.Generator, n: int) -> dict[str, list[Row]]:
    return {"p": [{"logit": single(rng.normal() * 3), "p": single(rng.uniform())} for _ in range(n)]}


def softmax(logit: list[Any]) -> list[Any]:
    total = mp.fsum(map(mp.exp, logit))
    return [mp.exp(t) / total for t in logit]


def labels(rng: np.random.Generator, parameter: str, n: int) -> dict[str, list[Row]]:
    """Labels of four classes; the probabilities are multiples of 1/1024 that sum to one exactly."""
    rows: dict[str, list[Row]] = {"x": [], "m": []}
    if parameter == "logit":  # p is the parameter's own name
        rows["p"] = []
    for i in range(n):
        parts = rng.multinomial(1020, [0.1, 0.2, 0.3, 0.4]) + 1
        value = [v / 1024 for v in parts] if parameter == "p" else [*map(single, rng.normal(0, 8, 4))]
        rows["x"].append({parameter: value, "x": float(i % 4)})
        rows["m"].append({parameter: value})
        if parameter == "logit":
            rows["p"].append({parameter: value, "p": single(rng.uniform())})
    return rows


def of_labels(parameter: str) -> dict[str, Callable[[Row], Any]]:
    def weights(row: Row) -> list[Any]:
        return row["p"] if parameter == "p" else softmax(row["logit"])

    def below(row: Row) -> Any:
        return mp.fsum(weights(row)[: int(row["x"]) + 1])

    def above(row: Row) -> Any:
        return mp.fsum(weights(row)[int(row["x"]) + 1 :])

    def mean(row: Row) -> Any:
        return mp.fsum(i * p for i, p in enumerate(weights(row)))

    return {
        "icdf": lambda row: min(mp.mpf(k) for k in range(4) if below({**row, "x": k}) >= row["p"]),
        "cdf": lambda row: below(row) if above(row) else mp.mpf(1),
        "sf": above,
        "log_cdf": lambda row: mp.log(1 - above(row)),
        "log_sf": lambda row: mp.log(above(row)) if above(row) else -mp.inf,
        "mean": mean,
        "variance": lambda row: mp.fsum(p * (i - mean(row)) ** 2 for i, p in enumerate(weights(row))),
    }


def mixtures(rng: np.random.Generator, components: int, n: int) -> dict[str, list[Row]]:
    rows = []
    for i in range(n):
        loc, scale = rng.normal(0, 4, components), 10 ** rng.uniform(-1, 1, components)
        p = single(rng.uniform() if i % 3 else 10 ** rng.uniform(-20, -1))
        given = {"logit": rng.normal(0, 2, components), "loc": loc, "scale": scale}
        rows.append({**{name: [*map(single, values)] for name, values in given.items()}, "p": p})
    return {"p": rows}


def mixture_quantile(row: Row) -> Any:
    """The root of cdf - p, between the components' own quantiles."""
    normal, weights = STANDARD["Normal"], softmax(row["logit"])
    ends = [m + s * normal["icdf"](row["p"]) for m, s in zip(row["loc"], row["scale"], strict=True)]
    low, high = min(ends), max(ends)
    for _ in range(4 * DIGITS):
        middle = (low + high) / 2
        terms = zip(weights, row["loc"], row["scale"], strict=True)
        below = mp.fsum(w * normal["cdf"]((middle - m) / s) for w, m, s in terms) < row["p"]
        low, high = (middle, high) if below else (low, middle)
    return (low + high) / 2


# Truths ---------------------------------------------------------------------------------------------------


def exact(value: Any) -> Any:
    return [mp.mpf(v) for v in value] if isinstance(value, list) else mp.mpf(value)


def slope(formula: Callable[[Row], Any], row: Row, name: str) -> Any:
    """The derivative of a formula in an input, for each element of a vector."""

    def by(i: int | None) -> Any:
        value = row[name] if i is None else row[name][i]
        step = (abs(value) or mp.mpf(1)) * mp.mpf(10) ** -DIGITS

        def at(moved: Any) -> Any:
            vector = row[name]
            return formula({**row, name: moved if i is None else [*vector[:i], moved, *vector[i + 1 :]]})

        with mp.workdps(4 * DIGITS):
            found = (at(value + step) - at(value - step)) / (2 * step)
        return found if abs(found) > mp.mpf(10) ** (-DIGITS + 10) else mp.mpf(0)

    return [by(i) for i in range(len(row[name]))] if isinstance(row[name], list) else by(None)


def words(values: list[Any]) -> tuple[np.ndarray, np.ndarray]:
    """True values as the float64 numbers nearest to them and to the remainders."""
    flat = [v for value in values for v in (value if isinstance(value, list) else [value])]
    hi = [float(v) for v in flat]
    lo = [float(v - mp.mpf(h)) if np.isfinite(h) else 0.0 for v, h in zip(flat, hi, strict=True)]
    shape = (len(values), len(values[0])) if isinstance(values[0], list) else (len(values),)
    return np.reshape(hi, shape), np.reshape(lo, shape)


KINDS = {"icdf": "p", "entropy": "m", "mean": "m", "variance": "m"}


def group(
    name: str,
    rows: dict[str, list[Row]],
    formulas: dict[str, Callable[[Row], Any]],
    slopes: Iterable[str] = (),
) -> dict[str, np.ndarray]:
    """The arrays of the groups of all kinds, as described in ``references/README.md``."""
    out = {}
    for kind, given in rows.items():
        for key in given[0]:
            out[f"{name}:{kind}|in|{key}"] = np.array([row[key] for row in given])
        exactly = [{key: exact(v) for key, v in row.items()} for row in given]
        truths = {q: [f(row) for row in exactly] for q, f in formulas.items() if KINDS.get(q, "x") == kind}
        if kind == "x":
            log_prob = formulas.get("log_prob", lambda row: mp.mpf(0))
            truths |= {f"d_{by}": [slope(log_prob, row, by) for row in exactly] for by in slopes}
        for quantity, values in truths.items():
            hi, lo = words(values)
            out[f"{name}:{kind}|hi|{quantity}"], out[f"{name}:{kind}|lo|{quantity}"] = hi, lo
    return out


def groups() -> dict[str, dict[str, np.ndarray]]:
    """Everything that this module generates, by distribution."""
    rng, out = np.random.default_rng(7), {}
    for name in STANDARD:
        arrays: dict[str, np.ndarray] = {}
        for scale_name in SCALES:
            if name == "Normal" and scale_name == "log_scale":
                continue  # it is there
            rows = location_scale(rng, name, scale_name, 24)
            inputs = [*SHAPES.get(name, ()), "loc", scale_name, "x"]
            if name == "StudentT":
                del rows["p"]
            arrays |= group(f"{name}.{scale_name}", rows, of_location_scale(name, scale_name), inputs)
        out[name] = arrays
    out["Gamma"] = group("Gamma.k_rate", gamma_rate(rng, 30), OF_GAMMA, ("k", "rate", "x"))
    out["Uniform"] = group("Uniform.loc_scale", uniform(rng, 20), OF_UNIFORM, ("loc", "scale", "x"))
    out["Independent"] = group("Independent.3", independent(rng, 20), OF_INDEPENDENT, ("loc", "scale", "x"))
    out["Poisson"] = group("Poisson.lam", steps(rng, 30), {"icdf": count_at})
    out["Bernoulli"] = group("Bernoulli.p.tails", coins("p"), of_coin(lambda r: r["p"]))
    out["MixtureNormal"] = {}
    for components in (2, 5):
        rows = mixtures(rng, components, 12)
        out["MixtureNormal"] |= group(f"MixtureNormal.logit.{components}", rows, {"icdf": mixture_quantile})
    out["Categorical"] = group("Categorical.p.4.tails", labels(rng, "p", 12), of_labels("p"))
    out["Categorical"] |= group("Categorical.logit.4.tails", labels(rng, "logit", 20), of_labels("logit"))
    sigmoid = of_coin(lambda r: 1 / (1 + mp.exp(-r["logit"])))
    out["Bernoulli"] |= group("Bernoulli.logit.tails", coins("logit"), sigmoid)
    out["Bernoulli"] |= group("Bernoulli.logit", coin_quantiles(rng, 12), OF_COIN_QUANTILE)
    return out


def main() -> None:
    with mp.workdps(3 * DIGITS):
        for name, arrays in groups().items():
            path, kept = REFERENCES / f"{name}.npz", {}
            if path.exists():
                with np.load(path) as stored:
                    kept = {key: stored[key] for key in stored.files}
            np.savez_compressed(path, **{**kept, **arrays})
            print(f"{name}: {len(arrays)} arrays")


if __name__ == "__main__":
    main()
