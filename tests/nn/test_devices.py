"""Models, optimizers and training on another array library than NumPy, with the same numbers.

The stand-in keeps CuPy's rules, so that this guards the GPU's path where there is none. With
``--device cuda`` the tests of the other files that take a device run on one.
"""

from __future__ import annotations

import numpy as np
import pytest

import pdist
import pdist.distributions as D
import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L
from pdist.testing import standin
from pdist.testing.standin import StandIn
from pdist_nn import optimizers, serializers, training
from pdist_nn.training import extensions


def moved(link):
    """A copy of a model on the stand-in."""
    other = link.copy("copy")
    return other._move(standin.asarray, _move)


def _move(thing):
    if isinstance(thing, D.Distribution):
        return thing._map(
            lambda value, n: _move(value) if isinstance(value, D.Distribution) else fresh(value)
        )
    thing._move(standin.asarray)


def fresh(value):
    return nn.Variable(standin.asarray(value.array), requires_grad=False)


def assert_same(there, here):
    for a, b in zip(there.params(), here.params(), strict=True):
        assert isinstance(a.array, StandIn)
        np.testing.assert_allclose(a.array.get(), b.array, rtol=1e-6, atol=1e-7)


def mixture_net():
    return nn.Sequential(L.Linear(1, 8), F.relu, L.Linear(8, 6), nn.heads.MixtureNormal(2))


def points(n=12):
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (n, 1)).astype(np.float32)
    return x, rng.normal(x[:, 0], 0.3).astype(np.float32)


@pytest.mark.parametrize("name", ["SGD", "MomentumSGD", "RMSprop", "Adam", "AdamW"])
def test_optimizers_make_the_same_steps(name):
    here = mixture_net()
    there = moved(here)
    x, y = points()
    pairs = [
        (here, getattr(optimizers, name)(0.01).setup(here), x, y),
        (there, getattr(optimizers, name)(0.01).setup(there), standin.asarray(x), standin.asarray(y)),
    ]
    for model, optimizer, x_, y_ in pairs:
        optimizer.add_hook(optimizers.WeightDecay(1e-2)).add_hook(optimizers.GradientClipping(0.5))
        optimizer.add_hook(optimizers.Lasso(1e-3)).add_hook(optimizers.GradientHardClipping(-0.1, 0.1))
        model[0].disable_update()
        for step in range(4):
            if step == 2:
                model[0].enable_update()
            optimizer.update(lambda model=model, x_=x_, y_=y_: -F.mean(model(x_).log_prob(y_)))
        assert optimizer.buffers[0].counts() == [2, 2, 4, 4]
    assert_same(there, here)


def test_layers_compute_the_same():
    here = nn.Sequential(
        L.DenseReparameterization(2, 4, prior=D.Normal(0.0, 2.0)), F.tanh, L.DenseReparameterization(4, 1)
    )
    there = moved(here)
    x = np.random.default_rng(0).standard_normal((5, 2)).astype(np.float32)
    with L.mean_weights():
        np.testing.assert_allclose(there(standin.asarray(x)).array.get(), here(x).array, rtol=1e-6)
    np.testing.assert_allclose(there.kl_divergence().array.get(), here.kl_divergence().array, rtol=1e-6)
    loss = F.sum(there(standin.asarray(x))) + there.kl_divergence()
    loss.backward()
    assert all(isinstance(p.grad, StandIn) for p in there.params())


def test_new_parameters_are_made_on_the_device():
    with pdist.using_device("standin"):
        model = nn.Sequential(
            L.Linear(None, 3, initialW=np.ones((3, 2)), initial_bias=nn.initializers.Normal(1.0))
        )
        model(standin.asarray(np.ones((1, 2), np.float32)))
        orthogonal = nn.Parameter(nn.initializers.Orthogonal(), (3, 3))
    for p in [*model.params(), orthogonal]:
        assert isinstance(p.array, StandIn)


def test_a_run_on_a_device_is_saved_and_goes_on(tmp_path):
    def make(out):
        pdist.random.seed(0)
        model = moved(nn.Sequential(L.Linear(1, 8), lambda h: F.dropout(F.tanh(h), 0.2), L.Linear(8, 1)))
        x, y = points()
        iterator = nn.iterators.SerialIterator(
            nn.datasets.TupleDataset(*map(standin.asarray, (x, y[:, None]))), 5
        )
        optimizer = optimizers.Adam(0.01).setup(model)
        updater = training.StandardUpdater(
            iterator, optimizer, loss_func=lambda x, y: F.mean((model(x) - y) ** 2)
        )
        trainer = training.Trainer(updater, (6, "iteration"), out=out)
        trainer.extend(extensions.FailOnNonNumber())
        trainer.extend(extensions.LogReport(trigger=(2, "iteration")))
        return trainer, model

    whole, model = make(tmp_path)
    whole.extend(extensions.snapshot(), trigger=(2, "iteration"))
    whole.run()
    again, other = make(None)
    extensions.resume(again, tmp_path / "snapshot_iter_2.npz")
    again.run()
    for a, b in zip(model.params(), other.params(), strict=True):
        assert isinstance(b.array, StandIn)
        np.testing.assert_array_equal(a.array.get(), b.array.get())
    on_host = nn.Sequential(L.Linear(1, 8), F.tanh, L.Linear(8, 1))
    serializers.load_npz(tmp_path / "snapshot_iter_6.npz", on_host, path="updater/model:main/")
    np.testing.assert_array_equal(on_host[0].W.array, model[0].W.array.get())


def test_mixing_devices_is_an_error():
    model = moved(mixture_net())
    with pytest.raises(TypeError, match=r"is on"):
        model(np.ones((1, 1), np.float32))
