"""A model to save, and what two of them have in common."""

from __future__ import annotations

import numpy as np

import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L
from pdist_nn import serializers


class Model(nn.Chain):
    """A model with layers, a persistent array, a persistent number."""

    def __init__(self, n=4, width=3):
        super().__init__()
        with self.init_scope():
            self.layers = nn.Sequential(L.Linear(width, n), F.tanh, L.Linear(n, 1))
        self.add_persistent("mean", np.zeros(3))
        self.add_persistent("seen", 0)

    def forward(self, x):
        return self.layers(x)


def state(*objects):
    """All values of some objects, copied."""
    saver = serializers.DictionarySerializer()
    for i, found in enumerate(objects):
        found.serialize(saver[str(i)])
    return {name: value.copy() if hasattr(value, "copy") else value for name, value in saver.target.items()}


def assert_same(one, two):
    assert one.keys() == two.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, two[name], err_msg=name)
        assert getattr(value, "dtype", None) == getattr(two[name], "dtype", None)


def train(model, optimizer, steps=3):
    x = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
    for _ in range(steps):
        optimizer.update(lambda: (model(x) ** 2).sum())
