"""A program written for Chainer: a variational autoencoder made of links whose outputs are distributions.

Only the imports name this library. It keeps to the calls that Chainer's own example makes, which is what a
person with Chainer code at hand will try first.
"""

from __future__ import annotations

import numpy as np
import pytest

import pdist
import pdist_nn as chainer
import pdist_nn.links as L
from pdist_nn import reporter, training
from pdist_nn.training import extensions

D = chainer.distributions
F = chainer.functions


class AvgELBOLoss(chainer.Chain):
    """The negative evidence lower bound, averaged over images and k draws."""

    def __init__(self, encoder, decoder, prior, beta=1.0, k=1):
        super(AvgELBOLoss, self).__init__()  # noqa: UP008 - as programs of Chainer's time are written
        self.beta = beta
        self.k = k
        with self.init_scope():
            self.encoder = encoder
            self.decoder = decoder
            self.prior = prior

    def __call__(self, x):
        q_z = self.encoder(x)
        z = q_z.sample(self.k)
        p_x = self.decoder(z)
        p_z = self.prior()
        copies = F.broadcast_to(x[None, :], (self.k,) + x.shape)
        reconstr = F.mean(F.sum(p_x.log_prob(copies), axis=-1))
        kl_penalty = F.mean(F.sum(chainer.kl_divergence(q_z, p_z), axis=-1))
        loss = -(reconstr - self.beta * kl_penalty)
        reporter.report({"loss": loss}, self)
        reporter.report({"reconstr": reconstr}, self)
        reporter.report({"kl_penalty": kl_penalty}, self)
        return loss


class Encoder(chainer.Chain):
    def __init__(self, n_in, n_latent, n_h):
        super(Encoder, self).__init__()  # noqa: UP008
        with self.init_scope():
            self.linear = L.Linear(n_in, n_h)
            self.mu = L.Linear(n_h, n_latent)
            self.ln_sigma = L.Linear(n_h, n_latent)

    def forward(self, x):
        h = F.tanh(self.linear(x))
        return D.Normal(loc=self.mu(h), log_scale=self.ln_sigma(h))


class Decoder(chainer.Chain):
    def __init__(self, n_in, n_latent, n_h, binary_check=False):
        super(Decoder, self).__init__()  # noqa: UP008
        self.binary_check = binary_check
        with self.init_scope():
            self.linear = L.Linear(n_latent, n_h)
            self.output = L.Linear(n_h, n_in)

    def forward(self, z, inference=False):
        n_batch_axes = 1 if inference else 2
        h = F.tanh(self.linear(z, n_batch_axes=n_batch_axes))
        h = self.output(h, n_batch_axes=n_batch_axes)
        return D.Bernoulli(logit=h, binary_check=self.binary_check)


class Prior(chainer.Link):
    def __init__(self, n_latent):
        super(Prior, self).__init__()  # noqa: UP008
        dtype = chainer.get_dtype()
        self.loc = np.zeros(n_latent, dtype)
        self.scale = np.ones(n_latent, dtype)
        self.register_persistent("loc")
        self.register_persistent("scale")

    def forward(self):
        return D.Normal(self.loc, scale=self.scale)


def patterns(n):
    """Grey pictures of 16 pixels that lie near a curve."""
    t = np.random.default_rng(0).uniform(0, np.pi, (n, 1))
    return (0.5 + 0.45 * np.cos(np.arange(16) / 3 - 2 * t)).astype(np.float32)


@pytest.mark.parametrize(("beta", "k"), [(1.0, 1), (0.5, 3)])
def test_the_program_trains(tmp_path, beta, k):
    chainer.random.seed(0)
    model = AvgELBOLoss(Encoder(16, 2, 20), Decoder(16, 2, 20), Prior(2), beta=beta, k=k)
    optimizer = chainer.optimizers.Adam()
    optimizer.alpha = 0.01
    optimizer.setup(model)
    train, test = chainer.datasets.split_dataset(patterns(120), 100)
    train_iter = chainer.iterators.SerialIterator(train, 20)
    test_iter = chainer.iterators.SerialIterator(test, 20, repeat=False, shuffle=False)
    updater = training.updaters.StandardUpdater(train_iter, optimizer, loss_func=model)
    trainer = training.Trainer(updater, (20, "epoch"), out=tmp_path)
    trainer.extend(extensions.Evaluator(test_iter, model))
    trainer.extend(extensions.snapshot(), trigger=(20, "epoch"))
    trainer.extend(extensions.LogReport())
    trainer.run()
    log = trainer.get_extension("LogReport").log
    names = {"loss", "reconstr", "kl_penalty"}
    assert {f"main/{n}" for n in names} | {f"validation/main/{n}" for n in names} <= log[0].keys()
    for entry in log:
        expected = -(entry["main/reconstr"] - beta * entry["main/kl_penalty"])
        assert entry["main/loss"] == pytest.approx(expected, rel=1e-5)
    assert log[-1]["validation/main/loss"] < log[0]["validation/main/loss"] - 0.3
    with chainer.using_config("train", False), chainer.no_backprop_mode():
        x = chainer.Variable(patterns(5))
        mean = model.decoder(model.encoder(x).mean, inference=True).mean
        z = model.prior().sample(9)
        assert mean.shape == (5, 16)
        assert model.decoder(z, inference=True).mean.shape == (9, 16)


def test_the_model_is_saved_with_its_prior(tmp_path):
    def make():
        return AvgELBOLoss(Encoder(16, 2, 20), Decoder(16, 2, 20), Prior(2))

    model, other = make(), make()
    model.prior.loc += 3
    chainer.serializers.save_npz(tmp_path / "model.npz", model)
    chainer.serializers.load_npz(tmp_path / "model.npz", other)
    np.testing.assert_array_equal(other.prior.loc, 3)
    np.testing.assert_array_equal(other.encoder.mu.W.array, model.encoder.mu.W.array)
    assert model.count_params() == 16 * 20 + 20 + 2 * (20 * 2 + 2) + 2 * 20 + 20 + 20 * 16 + 16


def test_a_classifier_trains(tmp_path):
    chainer.random.seed(0)
    x = np.random.default_rng(0).standard_normal((90, 2)).astype(np.float32)
    t = (x[:, 0] > 0) + (x[:, 1] > 0).astype(np.int32)

    class MLP(chainer.Chain):
        def __init__(self, n_units, n_out):
            super(MLP, self).__init__()  # noqa: UP008
            with self.init_scope():
                self.l1 = L.Linear(None, n_units)
                self.l2 = L.Linear(n_units, n_out)

        def forward(self, x):
            return self.l2(F.relu(self.l1(x)))

    model = L.Classifier(MLP(16, 3))
    optimizer = chainer.optimizers.Adam(0.02)
    optimizer.setup(model)
    optimizer.add_hook(chainer.optimizer_hooks.WeightDecay(1e-4))
    data = chainer.datasets.TupleDataset(x, t)
    updater = training.updaters.StandardUpdater(chainer.iterators.SerialIterator(data, 30), optimizer)
    trainer = training.Trainer(updater, (30, "epoch"), out=str(tmp_path))
    trainer.extend(extensions.LogReport())
    trainer.run()
    assert trainer.get_extension("LogReport").log[-1]["main/accuracy"] > 0.9


def test_it_has_chainer_s_names():
    names = """
    Chain ChainList Link Parameter Reporter Sequential Variable as_variable backend config cross_entropy
    datasets distributions functions get_array_module get_dtype grad initializers iterators kl_divergence
    links no_backprop_mode optimizers register_kl report report_scope reporter serializers training
    using_config
    """
    for name in [*names.split(), *pdist.__all__]:
        assert hasattr(chainer, name), name
    assert chainer.get_dtype() == np.float32
    assert chainer.get_dtype("float64") == np.float64
