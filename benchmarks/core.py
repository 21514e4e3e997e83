"""The engine on small arrays, and the distributions on large ones.

Small: the building blocks of a step of a small model, against PyTorch, in float32. A Normal is constructed
from two Variables, and its log-density of 32 numbers is summed and differentiated; so is a chain of add,
multiply, exp and sum on 32 numbers.

Large: log_prob, cdf and draws of a million numbers by Normal, Bernoulli, Categorical (10 classes) and a
mixture of three Normals, against SciPy and PyTorch where they have equivalents. Categorical is compared with
SciPy's discrete distribution of given probabilities, and its draws with ``numpy.random.Generator.choice``. No
graph is recorded. Validation is off wherever it exists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .timing import Comparison, Step

SMALL, LARGE = 32, 1_000_000


def comparisons() -> Iterator[Comparison]:
    """All comparisons, those with a target first."""
    yield Comparison("Normal log_prob, backward", {"pdist": pdist_normal, "torch": torch_normal}, asked=0.5)
    yield Comparison(
        "add multiply exp sum, backward", {"pdist": pdist_chain, "torch": torch_chain}, asked=0.5
    )
    for dtype in ("float32", "float64"):
        for name, makers in FAMILIES.items():
            for method in ("log_prob", "cdf", "sample"):
                sides = {side: _bind(make, method, dtype) for side, make in makers.items()}
                yield Comparison(f"{name} {method} {dtype}", sides, asked=1.0)


def _bind(make: Callable[[str, str], Step], method: str, dtype: str) -> Callable[[], Step]:
    return lambda: make(method, dtype)


class Lacking(ImportError):
    """The library has no such function."""


def small_numbers() -> tuple[np.ndarray, ...]:
    """Values, locations and scales."""
    rng = np.random.default_rng(0)
    x, loc = rng.normal(size=(2, SMALL)).astype(np.float32)
    return x, loc, rng.uniform(0.5, 2, SMALL).astype(np.float32)


# Small -------------------------------------------------------------------------------------------


def pdist_normal() -> Step:
    """Construct, evaluate, differentiate with pdist."""
    import pdist
    import pdist.distributions as D
    import pdist.functions as F

    pdist.config.validate = False
    x, *parameters = small_numbers()
    loc, scale = (pdist.Variable(p) for p in parameters)

    def step() -> None:
        loc.cleargrad()
        scale.cleargrad()
        F.sum(D.Normal(loc, scale).log_prob(x)).backward()

    return step


def torch_normal() -> Step:
    """The same by PyTorch."""
    import torch
    from torch.distributions import Normal

    x, loc, scale = (torch.tensor(a) for a in small_numbers())
    loc.requires_grad_()
    scale.requires_grad_()

    def step() -> None:
        loc.grad = scale.grad = None
        Normal(loc, scale, validate_args=False).log_prob(x).sum().backward()

    return step


def pdist_chain() -> Step:
    """sum(exp((x + a) x)) and its gradients with pdist."""
    import pdist
    import pdist.functions as F

    x, a = pdist.Variable(small_numbers()[0]), pdist.Variable(np.float32(2))

    def step() -> None:
        x.cleargrad()
        a.cleargrad()
        F.sum(F.exp(F.multiply(F.add(x, a), x))).backward()

    return step


def torch_chain() -> Step:
    """The same by PyTorch."""
    import torch

    x, a = torch.tensor(small_numbers()[0], requires_grad=True), torch.tensor(2.0, requires_grad=True)

    def step() -> None:
        x.grad = a.grad = None
        torch.sum(torch.exp(torch.mul(torch.add(x, a), x))).backward()

    return step


# Large -------------------------------------------------------------------------------------------

LOC, SCALE, P = 0.3, 1.7, 0.3
CLASSES = np.arange(1, 11) / 55.0
WEIGHTS, LOCS, SCALES = np.array([0.2, 0.3, 0.5]), np.array([-2.0, 0.0, 3.0]), np.array([0.5, 1.0, 2.0])


def values(family: str, dtype: str) -> np.ndarray:
    """A million points in the support."""
    rng = np.random.default_rng(0)
    if family == "Bernoulli":
        return (rng.random(LARGE) < P).astype(dtype)
    if family == "Categorical":
        return rng.integers(len(CLASSES), size=LARGE).astype(dtype)
    return (3 * rng.standard_normal(LARGE)).astype(dtype)


def _pdist(family: str) -> Callable[[str, str], Step]:
    def make(method: str, dtype: str) -> Step:
        import pdist
        import pdist.distributions as D

        def array(numbers: Any) -> np.ndarray:
            return np.asarray(numbers, dtype)

        if family == "Normal":
            d: Any = D.Normal(array(LOC), array(SCALE))
        elif family == "Bernoulli":
            d = D.Bernoulli(array(P))
        elif family == "Categorical":
            d = D.Categorical(array(CLASSES / CLASSES.sum(dtype=dtype)))
        else:
            d = D.MixtureSameFamily(D.Categorical(array(WEIGHTS)), D.Normal(array(LOCS), array(SCALES)))
        pdist.config.validate = False
        if method == "sample":
            return lambda: d.sample(LARGE)
        x, function = values(family, dtype), getattr(d, method)
        return lambda: function(x)

    return make


def _torch(family: str) -> Callable[[str, str], Step]:
    def make(method: str, dtype: str) -> Step:
        import torch
        from torch import distributions as T

        def tensor(numbers: Any) -> Any:
            return torch.tensor(numbers, dtype=getattr(torch, dtype))

        off = {"validate_args": False}
        if family == "Normal":
            d: Any = T.Normal(tensor(LOC), tensor(SCALE), **off)
        elif family == "Bernoulli":
            d = T.Bernoulli(tensor(P), **off)
        elif family == "Categorical":
            d = T.Categorical(tensor(CLASSES), **off)
        else:
            d = T.MixtureSameFamily(
                T.Categorical(tensor(WEIGHTS), **off), T.Normal(tensor(LOCS), tensor(SCALES), **off), **off
            )
        if method == "sample":
            return lambda: d.sample((LARGE,))
        if method == "cdf" and family in ("Bernoulli", "Categorical"):
            raise Lacking
        x, function = torch.from_numpy(values(family, dtype)), getattr(d, method)
        return lambda: function(x)

    return make


def _scipy(family: str) -> Callable[[str, str], Step]:
    names = {"log_prob": "logpdf" if family in ("Normal", "mixture") else "logpmf", "cdf": "cdf"}

    def make(method: str, dtype: str) -> Step:
        from scipy import stats

        number = np.dtype(dtype).type
        rng = np.random.default_rng(0)
        if family == "mixture":
            if not hasattr(stats, "Mixture"):
                raise Lacking
            parts = [stats.Normal(mu=loc, sigma=scale) for loc, scale in zip(LOCS, SCALES, strict=True)]
            d: Any = stats.Mixture(parts, weights=WEIGHTS)
            draw: Step = lambda: d.sample(LARGE, rng=rng)
        elif family == "Categorical":
            d = stats.rv_discrete(values=(np.arange(len(CLASSES)), CLASSES))()
            draw = lambda: rng.choice(len(CLASSES), LARGE, p=CLASSES)
        else:
            d = stats.norm(number(LOC), number(SCALE)) if family == "Normal" else stats.bernoulli(number(P))
            draw = lambda: d.rvs(LARGE, random_state=rng)
        if method == "sample":
            return draw
        x, function = values(family, dtype), getattr(d, names[method])
        return lambda: function(x)

    return make


FAMILIES = {
    name: {"pdist": _pdist(name), "scipy": _scipy(name), "torch": _torch(name)}
    for name in ("Normal", "Bernoulli", "Categorical", "mixture")
}
