"""What a traced function assigns to a link's attribute is there after each call."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pdist
import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L


class Keeping(nn.Chain):
    """Assigns what nobody reads."""

    def __init__(self) -> None:
        super().__init__()
        self.h: Any = None
        with self.init_scope():
            self.linear = L.Linear(2, 3, initialW=0.5)

    def forward(self, x: Any) -> Any:
        self.h = F.tanh(self.linear(x))
        self.raw = self.h.array
        return self.h * 2.0


class Recurrent(nn.Chain):
    """Reads what the call before assigned."""

    def __init__(self) -> None:
        super().__init__()
        self.h: Any = None

    def forward(self, x: Any) -> Any:
        self.h = F.exp(x) if self.h is None else F.tanh(self.h + x)
        return self.h * 2.0


class Counting(nn.Chain):
    """Reads and changes a number."""

    def __init__(self) -> None:
        super().__init__()
        self.n = 0

    def forward(self, x: Any) -> Any:
        self.n += 1
        return F.exp(x) * float(self.n)


@pytest.mark.parametrize("cls", [Keeping, Recurrent, Counting])
def test_as_without_a_trace(cls: Any) -> None:
    model, eager = cls(), cls()
    traced = pdist.trace(model)
    for seed in range(6):
        x = np.random.default_rng(seed).standard_normal((1, 2))
        assert np.array_equal(traced(x).array, eager(x).array)
        for name in ("h", "raw", "n"):
            if hasattr(eager, name):
                mine, others = (getattr(getattr(m, name), "array", getattr(m, name)) for m in (model, eager))
                assert np.array_equal(mine, others)


def test_what_nobody_reads_does_not_record_again() -> None:
    model = Keeping()
    traced = pdist.trace(model)
    for _ in range(2):
        traced(np.zeros((1, 2), np.float32))
    last = traced.last
    for k in range(3):
        traced(np.full((1, 2), k, np.float32))
        assert traced.last is last
        assert np.array_equal(model.h.array, np.tanh(np.full((1, 3), k, np.float32)))


def test_an_array_is_the_caller_s_own() -> None:
    model = Keeping()
    traced = pdist.trace(model)
    kept = []
    for k in range(4):
        traced(np.full((1, 2), k, np.float32))
        kept.append(model.h.array)
    assert len({float(h[0, 0]) for h in kept}) == 4


def test_an_error_while_recording_leaves_no_traced_array_behind() -> None:
    class Failing(Keeping):
        def forward(self, x: Any) -> Any:
            super().forward(x)
            raise KeyError("on purpose")

    model = Failing()
    with pytest.raises(KeyError):
        pdist.trace(model)(np.zeros((1, 2), np.float32))
    assert type(model.raw) is np.ndarray
    assert np.array_equal(F.exp(model.h).array, np.ones((1, 3)))
