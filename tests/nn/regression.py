"""A line to fit, and the runs that fit it."""

from __future__ import annotations

import numpy as np

import pdist
import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L
from pdist_nn import optimizers, reporter, serializers, training


def line(n=20, seed=0):
    """Points about a line."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (n, 1))
    return x, 3 * x + 1 + 0.1 * rng.standard_normal((n, 1))


class Regressor(nn.Chain):
    """A network that drops inputs at random while it trains, and reports."""

    def __init__(self, n=None):
        super().__init__()
        with self.init_scope():
            self.hidden = L.Linear(n, 8)
            self.out = L.Linear(8, 1)

    def forward(self, x):
        return self.out(F.dropout(F.tanh(self.hidden(x)), 0.25))

    def loss(self, x, y):
        loss = F.mean((self(x) - y) ** 2)
        reporter.report({"loss": loss, "half": loss.array / 2}, self)
        return loss


def make_trainer(
    out=None, stop=(4, "epoch"), batch_size=6, seed=0, optimizer=None, data=None, model=None, **fit
):
    """A trainer whose run the seed determines."""
    pdist.random.seed(seed)
    model = model or Regressor()
    optimizer = (optimizer or optimizers.Adam(0.01)).setup(model)
    iterator = nn.iterators.SerialIterator(nn.datasets.TupleDataset(*(data or line())), batch_size)
    updater = training.StandardUpdater(iterator, optimizer, loss_func=getattr(model, "loss", None), **fit)
    return training.Trainer(updater, stop, out=out)


def values(trainer):
    saver = serializers.DictionarySerializer()
    trainer.updater.serialize(saver)
    return {name: np.array(value) for name, value in saver.target.items() if not isinstance(value, dict)}


def assert_same_run(one, two):
    a, b = values(one), values(two)
    assert a.keys() == b.keys()
    for name, value in a.items():
        np.testing.assert_array_equal(value, b[name], err_msg=name)
    assert pdist.random.get_state() is not None
