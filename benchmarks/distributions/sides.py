"""How each library makes a step of a family's method."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..timing import Step
from .families import Family


class Lacking(ImportError):
    """The library has no such function."""


def values(family: Family, method: str, dtype: str, size: int) -> np.ndarray:
    """What the method is called with: probabilities for quantiles, else numbers in the support."""
    rng = np.random.default_rng(0)
    x = rng.random(size) if method == "icdf" else family.values(rng, size)
    return np.asarray(x).astype(dtype)


def of_pdist(family: Family, method: str, dtype: str, size: int) -> Step:
    """By pdist, eagerly."""
    import pdist
    import pdist.distributions as D
    import pdist.functions as F

    pdist.config.validate = False
    array: Callable[[Any], np.ndarray] = lambda number: np.asarray(number, dtype)
    x = values(family, method, dtype, size)
    if method == "gradient":
        leaves: list[Any] = []

        def leaf(number: Any) -> Any:
            leaves.append(pdist.Variable(np.broadcast_to(array(number), (size, *np.shape(number))).copy()))
            return leaves[-1]

        family.pdist(D, leaf)
        at: Any = x if family.discrete else pdist.Variable(x)
        inputs = leaves if family.discrete else [*leaves, at]

        def step() -> Any:
            for v in inputs:
                v.cleargrad()
            ready = iter(leaves)
            F.sum(family.pdist(D, lambda _: next(ready)).log_prob(at)).backward()
            return [v.grad for v in inputs]

        return step
    d = family.pdist(D, array)
    if method == "sample":
        return lambda: d.sample(size)
    function = getattr(d, method)
    if method == "icdf" and "icdf" not in d._formulas:
        raise Lacking
    return lambda: function(x).array


def of_scipy(family: Family, method: str, dtype: str, size: int) -> Step | None:
    """By SciPy's frozen distributions."""
    from scipy import stats

    if family.scipy is None or method == "gradient":
        return None
    d = family.scipy(stats, np.dtype(dtype).type)
    if method == "sample":
        rng = np.random.default_rng(0)
        return lambda: d.rvs(size, random_state=rng)
    x = values(family, method, dtype, size)
    names = {"log_prob": "logpmf" if family.discrete else "logpdf", "cdf": "cdf", "icdf": "ppf"}
    function = getattr(d, names[method])
    return lambda: function(x)


def of_torch(family: Family, method: str, dtype: str, size: int) -> Step | None:
    """By PyTorch's distributions."""
    import torch
    from torch import distributions as T

    if family.torch is None:
        return None
    make = family.torch
    tensor: Callable[[Any], Any] = lambda number: torch.tensor(number, dtype=getattr(torch, dtype))
    x = torch.from_numpy(values(family, method, dtype, size))
    if method == "gradient":
        leaves: list[Any] = []

        def leaf(number: Any) -> Any:
            whole = np.broadcast_to(np.asarray(number, dtype), (size, *np.shape(number))).copy()
            leaves.append(torch.from_numpy(whole).requires_grad_())
            return leaves[-1]

        make(T, leaf)
        inputs = leaves if family.discrete else [*leaves, x.requires_grad_()]

        def step() -> Any:
            for v in inputs:
                v.grad = None
            ready = iter(leaves)
            make(T, lambda _: next(ready)).log_prob(x).sum().backward()
            return [v.grad.numpy() for v in inputs]

        return step
    d = make(T, tensor)
    if method == "sample":
        return lambda: d.sample((size,))
    function = getattr(d, method)
    function(x[:2])  # raises NotImplementedError if there is none
    return lambda: function(x).numpy()


def of_jax(family: Family, method: str, dtype: str, size: int) -> Step | None:
    """By JAX, jitted."""
    import jax

    jax.config.update("jax_enable_x64", dtype == "float64")
    from jax import numpy as jnp

    array: Callable[[Any], Any] = lambda number: jnp.asarray(number, dtype)
    if method == "sample":
        return _jax_draws(jax, family, array, {"shape": (size,), "dtype": dtype})
    if family.jax is None:
        return None
    make = family.jax
    module, _ = make(jax.scipy.stats, array)
    name = {"cdf": "cdf", "icdf": "ppf"}.get(method) or ("logpmf" if family.discrete else "logpdf")
    function = getattr(module, name)
    x = array(values(family, method, dtype, size))
    if method != "gradient":
        run = jax.jit(lambda x: function(x, **make(jax.scipy.stats, array)[1]))
        return lambda: np.asarray(run(x))

    leaves: list[Any] = []

    def leaf(number: Any) -> Any:
        leaves.append(jnp.broadcast_to(array(number), (size, *np.shape(number))))
        return leaves[-1]

    make(jax.scipy.stats, leaf)

    def total(x: Any, *parameters: Any) -> Any:
        ready = iter(parameters)
        return function(x, **make(jax.scipy.stats, lambda _: next(ready))[1]).sum()

    by = tuple(range(1, len(leaves) + 1)) + (() if family.discrete else (0,))
    slopes = jax.jit(jax.grad(total, by))
    return lambda: [np.asarray(g) for g in slopes(x, *leaves)]


def _jax_draws(jax: Any, family: Family, array: Any, like: Any) -> Step | None:
    if family.draw is None:
        return None
    draw, keys = family.draw, [jax.random.key(0)]
    run = jax.jit(lambda key: draw(jax.random, array, key, like))

    def step() -> Any:
        keys[0], key = jax.random.split(keys[0])
        return run(key).block_until_ready()

    return step


SIDES = {"pdist": of_pdist, "scipy": of_scipy, "torch": of_torch, "jax": of_jax}
