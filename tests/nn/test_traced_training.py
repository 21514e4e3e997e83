"""Traced training steps: the numbers of eager ones, whatever happens between and inside the steps."""

from __future__ import annotations

import numpy as np
import pytest

import pdist
import pdist.distributions as D
import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L
from examples import bayes_by_backprop, mdn, vae
from pdist_nn import optimizers, training


def parameters(model):
    return {name: p.array.copy() for name, p in model.namedparams()}


def assert_same(one, two):
    log, values = one
    other_log, other = two
    for name, series in log.items():
        if name != "elapsed_time":
            assert series == other_log[name], name
    assert values.keys() == other.keys()
    for name, value in values.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


def assert_traced_equals_eager(run):
    """``run(trace)`` returns a log and parameters."""
    traced, eager = run(True), run(False)
    assert_same(traced, eager)
    return traced


# The numbers ---------------------------------------------------------------------------------------------


def mdn_run(trace):
    pdist.random.seed(0)
    model = mdn.mixture_of_two()
    data = mdn.draw(mdn.problem_b, 320, np.random.default_rng(0))
    log = nn.fit(model, mdn.negative_log_likelihood, data, epochs=5, validation_data=data, seed=0, trace=trace)
    return log, parameters(model)


def bbb_run(trace):
    pdist.random.seed(0)
    model = bayes_by_backprop.probabilistic()
    data = bayes_by_backprop.data(np.random.default_rng(0))

    def loss(logit, y):
        return bayes_by_backprop.cross_entropy(logit, y) + model.kl_divergence() / 200

    log = nn.fit(model, loss, data, epochs=20, batch_size=64, seed=0, trace=trace)
    return log, parameters(model)


def vae_run(trace):
    pdist.random.seed(0)
    x = np.random.default_rng(0).random((60, 20), np.float32)
    model = vae.AvgELBOLoss(vae.Encoder(20, 2, 16), vae.Decoder(20, 2, 16), vae.Prior(2))
    log = nn.fit(model, None, x, epochs=5, batch_size=20, validation_data=x, seed=0, trace=trace)
    return log, parameters(model)


@pytest.mark.parametrize("run", [mdn_run, bbb_run, vae_run])
def test_fit_gives_the_same_numbers_traced(run):
    assert_traced_equals_eager(run)
