"""Runs of training that several tests share."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

import pdist
import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L
from pdist_nn import optimizers, training

X = np.linspace(-1, 1, 20, dtype=np.float32)[:, None]


class Regression(nn.Chain):
    """A model with its loss, at the top of a module: it can be pickled."""

    def __init__(self):
        super().__init__()
        with self.init_scope():
            self.layer = L.Linear(1, 1)

    def forward(self, x, y):
        loss = F.mean_squared_error(self.layer(x), y)
        nn.report({"loss": loss}, self)
        return loss


def make_trainer(out, n, *added, unit="iteration"):
    pdist.random.seed(0)
    optimizer = optimizers.Adam(0.05).setup(Regression())
    iterator = nn.iterators.SerialIterator(nn.datasets.TupleDataset(X, 2 * X), 6, seed=3)
    trainer = training.Trainer(training.StandardUpdater(iterator, optimizer), (n, unit), out=out)
    for extension in added:
        trainer.extend(extension, trigger=(1, "iteration"))
    return trainer


def ask(trigger, iteration, **observation):
    updater = SimpleNamespace(
        iteration=iteration, epoch_detail=iteration, previous_epoch_detail=iteration - 1
    )
    return trigger(SimpleNamespace(updater=updater, observation=observation))


def paths(link):
    return [path for path, _ in link.namedparams()]


class Bag(nn.Link):
    """Parameters of given shapes."""

    def __init__(self, shapes, dtype=np.float64, seed=0):
        super().__init__()
        rng = np.random.default_rng(seed)
        with self.init_scope():
            for i, shape in enumerate(shapes):
                setattr(self, f"p{i}", nn.Parameter(np.asarray(rng.standard_normal(shape), dtype), shape))
