"""The jobs in JAX: NumPyro's distributions, Optax's Adam, the whole step compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as D
import optax
from numpyro.distributions import kl_divergence

from . import data
from .training import Training

jax.config.update("jax_default_matmul_precision", "highest")  # full float32, as in all other libraries


def training(loss: Callable[..., Any], parameters: list[np.ndarray]) -> Training:
    """A compiled step of Adam with the gradient of ``loss(parameters, key, *arrays)``."""
    numpyro.enable_validation(False)
    optimizer = optax.adam(1e-3)

    def advance(state: Any, *arrays: Any) -> Any:
        p, moments, key = state
        key, now = jax.random.split(key)
        found, g = jax.value_and_grad(loss)(p, now, *arrays)
        changes, moments = optimizer.update(g, moments)
        return found, (optax.apply_updates(p, changes), moments, key)

    compiled = jax.jit(advance, donate_argnums=0)
    p = [jnp.asarray(a) for a in parameters]
    state = (p, optimizer.init(p), jax.random.key(0))

    def step(*arrays: Any) -> Any:
        nonlocal state
        found, state = compiled(state, *arrays)
        return jax.block_until_ready(found)

    return Training(step, lambda: [np.asarray(a) for a in state[0]], jnp.asarray)


def mdn(batch: int, hidden: int, components: int) -> Training:
    """A mixture density network."""
    k = components

    def loss(p: Any, _key: Any, x: Any, y: Any) -> Any:
        W1, b1, W2, b2, W3, b3 = p
        h = jax.nn.relu(x @ W1.T + b1)
        h = jax.nn.relu(h @ W2.T + b2)
        h = h @ W3.T + b3
        normals = D.Normal(h[:, k : 2 * k], jax.nn.softplus(h[:, 2 * k :]))
        return -D.MixtureSameFamily(D.Categorical(logits=h[:, :k]), normals).log_prob(y).mean()

    return training(loss, data.mdn_parameters(hidden, components))


def bbb(batch: int) -> Training:
    """Bayes by backprop."""
    prior = D.Normal(0.0, 1.0)

    def loss(p: Any, key: Any, x: Any, t: Any) -> Any:
        first, second = D.Normal(p[0], jnp.exp(p[1])), D.Normal(p[3], jnp.exp(p[4]))
        key1, key2 = jax.random.split(key)
        h = jnp.tanh(x @ first.sample(key1).T + p[2])
        logits = h @ second.sample(key2).T + p[5]
        divergence = kl_divergence(first, prior).sum() + kl_divergence(second, prior).sum()
        return -D.Bernoulli(logits=logits).log_prob(t).mean() + divergence / batch

    return training(loss, data.bbb_parameters())


def vae(batch: int) -> Training:
    """A variational autoencoder."""
    prior = D.Normal(0.0, 1.0)

    def loss(p: Any, key: Any, x: Any) -> Any:
        W1, b1, W2, b2, W3, b3, W4, b4, W5, b5 = p
        h = jnp.tanh(x @ W1.T + b1)
        q = D.Normal(h @ W2.T + b2, jnp.exp(h @ W3.T + b3))
        h = jnp.tanh(q.sample(key) @ W4.T + b4)
        coins = D.Bernoulli(logits=h @ W5.T + b5)
        return (kl_divergence(q, prior).sum() - coins.log_prob(x).sum()) / batch

    return training(loss, data.vae_parameters())
