"""The problems and models of the example on mixture density networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import pdist
import pdist.distributions as D
import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L

# --- The problems: the true distribution of y at x --------------------------------------------------


def problem_a(x: np.ndarray) -> D.Distribution:
    """One Normal whose mean and standard deviation grow with x."""
    return D.Normal(x, x)


def problem_b(x: np.ndarray) -> D.Distribution:
    """Half of the points lie close to the line y = x, half are spread widely about y = -x."""
    loc, scale = np.stack([x, -x], axis=-1), np.stack([np.full_like(x, 0.01), x], axis=-1)
    return D.MixtureSameFamily(D.Categorical(np.full_like(loc, 0.5)), D.Normal(loc, scale))


def draw(
    problem: Callable[..., D.Distribution], n: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """n points: x uniform on (0.1, 1), y drawn from the problem's distribution."""
    x = rng.uniform(0.1, 1.0, n)
    return x[:, None].astype(np.float32), problem(x).sample(rng=rng).array.astype(np.float32)


# --- The models: 1-64-64 and a head -----------------------------------------------------------------


def regressor() -> nn.Sequential:
    """Predicts a number."""
    return nn.Sequential(L.Linear(1, 64), F.relu, L.Linear(64, 64), F.relu, L.Linear(64, 1))


def one_normal() -> nn.Sequential:
    """Predicts a Normal."""
    head = nn.heads.IndependentNormal()
    return nn.Sequential(
        L.Linear(1, 64), F.relu, L.Linear(64, 64), F.relu, L.Linear(64, head.params_size()), head
    )


def mixture_of_two() -> nn.Sequential:
    """Predicts a mixture of two Normals."""
    head = nn.heads.MixtureNormal(2)
    return nn.Sequential(
        L.Linear(1, 64), F.relu, L.Linear(64, 64), F.relu, L.Linear(64, head.params_size(2)), head
    )


def squared_error(prediction: pdist.Variable, y: Any) -> pdist.Variable:
    """The loss of the regressor."""
    return F.mean((prediction[:, 0] - y) ** 2)


def negative_log_likelihood(q: D.Distribution, y: Any) -> pdist.Variable:
    """The loss of the other models."""
    return -F.mean(q.log_prob(y))


MODELS = {
    "regressor": (regressor, squared_error),
    "one Normal": (one_normal, negative_log_likelihood),
    "mixture of two": (mixture_of_two, negative_log_likelihood),
}
PROBLEMS = {"a": problem_a, "b": problem_b}
KINDS = ("one Normal", "mixture of two")
