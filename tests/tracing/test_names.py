"""What a function reads by name is what it is at each call, not what it was in the recorded one."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import pdist
import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L
from pdist.tracing.traced import MOST_IN_A_ROW

NUMBER, ARRAY, LISTED = 2.0, np.ones(2), [1.0]
SETTINGS = SimpleNamespace(rate=1.0, inner=SimpleNamespace(rates={"a": 1.0}))
X = np.array([0.01, 0.02])


def set_global(name: str, value: Any) -> None:
    globals()[name] = value


def helper(x: Any) -> Any:
    return x * NUMBER


def by_default(x: Any, factors: Any = [1.0], *, power: Any = (1.0,)) -> Any:  # noqa: B006 - on purpose
    return x * factors[0] * power[0]


class Model:
    scale = 1.0

    def __init__(self) -> None:
        self.shift = 0.0
        self.parts = [SimpleNamespace(a=1.0)]

    def __call__(self, x: Any) -> Any:
        return self.shifted(x) * self.scale

    def shifted(self, x: Any) -> Any:
        return x + self.shift


class Layer(nn.Link):
    gain = 1.0

    def forward(self, x: Any) -> Any:
        return x * self.gain


def closure() -> tuple[Callable[[Any], Any], Callable[[], None]]:
    factor, array = 1.0, np.ones(2)

    def change() -> None:
        nonlocal factor, array
        factor, array = factor + 1.0, array + 1.0

    return (lambda x: F.sin(x) * factor + array), change


def cases() -> dict[str, tuple[Callable[[Any], Any], Callable[[], None]]]:
    model, of_class, layer, held = Model(), Model(), Layer(), Model()

    def class_attribute() -> None:
        type(of_class).scale += 1.0

    return {
        "a number": (lambda x: F.sin(x) * NUMBER, lambda: set_global("NUMBER", NUMBER + 1.0)),
        "an array": (lambda x: F.sin(x) * ARRAY, lambda: set_global("ARRAY", ARRAY + 1.0)),
        "a list": (lambda x: F.sin(x) * LISTED[0], lambda: LISTED.__setitem__(0, LISTED[0] + 1.0)),
        "a helper's": (lambda x: helper(F.sin(x)), lambda: set_global("NUMBER", NUMBER + 1.0)),
        "a setting": (lambda x: x * SETTINGS.rate, lambda: setattr(SETTINGS, "rate", SETTINGS.rate + 1.0)),
        "settings within": (
            lambda x: x * SETTINGS.inner.rates["a"],
            lambda: SETTINGS.inner.rates.update(a=SETTINGS.inner.rates["a"] + 1.0),
        ),
        "cells": closure(),
        "a default": (by_default, lambda: by_default.__defaults__[0].__setitem__(0, 7.0)),
        "an attribute": (model, lambda: setattr(model, "shift", model.shift + 1.0)),
        "a method's": (model.shifted, lambda: setattr(model, "shift", model.shift + 1.0)),
        "a held model's": (lambda x: held(x), lambda: setattr(held, "shift", held.shift + 1.0)),
        "a class attribute": (lambda x: of_class(x), class_attribute),
        "one of the class, then its own": (lambda x: held(x), lambda: setattr(held, "scale", 5.0)),
        "a link's class": (lambda x: layer(x), lambda: setattr(Layer, "gain", Layer.gain + 1.0)),
        "a link's own instead": (lambda x: layer(x), lambda: setattr(layer, "gain", 9.0)),
    }


@pytest.mark.parametrize("name", cases())
def test_what_is_changed_is_seen(name: str) -> None:
    function, change = cases()[name]
    traced = pdist.trace(lambda x: F.tanh(function(x)).array)
    for _ in range(3):
        for x in (X, X / 2, X / 3):
            assert np.array_equal(traced(x), F.tanh(function(x)).array)
        change()


def test_equal_numbers_do_not_record_again() -> None:
    box = SimpleNamespace(rate=float("1.5"))
    traced = pdist.trace(lambda x: F.exp(x) * box.rate)
    traced(X)
    last = traced.last
    for _ in range(3):
        box.rate = float("1.5")
        traced(X)
    assert traced.last is last
    box.rate = 2.5
    traced(X)
    assert traced.last is not last
    box.rate = 1.5  # the recording of then is still there
    traced(X)
    assert traced.last is last


def test_what_the_function_counts_does_not_record_again() -> None:
    box = SimpleNamespace(calls=0)

    def function(x: Any) -> Any:
        box.calls += 1
        return F.exp(x)

    traced = pdist.trace(function)
    for _ in range(4):
        traced(X)
    assert box.calls == 1


def test_what_changes_at_each_call_runs_untraced() -> None:
    box = SimpleNamespace(rate=0.0)
    traced = pdist.trace(lambda x: F.exp(x) * box.rate)
    with pytest.warns(UserWarning, match=r"runs untraced: 'rate' changed at each .* argument"):
        for k in range(MOST_IN_A_ROW + 3):
            box.rate = float(k)
            assert np.array_equal(traced(X).array, np.exp(X) * k)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        box.rate = -1.0
        assert np.array_equal(traced(X).array, -np.exp(X))
        traced.forget()
        traced(X)
        assert traced.last is not None


class Keeping:
    """An object that is not a link and keeps what it computes."""

    def __init__(self, reads: bool) -> None:
        self.reads, self.h = reads, None
        self.box = SimpleNamespace()

    def __call__(self, x: Any) -> Any:
        self.h = F.tanh(self.h + x) if self.reads and self.h is not None else F.tanh(x)
        self.box.raw = self.h.array
        return self.h * 2.0


@pytest.mark.parametrize("reads", [True, False])
def test_arrays_that_objects_are_given_are_those_of_each_call(reads: bool) -> None:
    model, eager = Keeping(reads), Keeping(reads)
    traced = pdist.trace(model)
    for k in range(6):
        x = X + k
        assert np.array_equal(traced(x).array, eager(x).array)
        assert np.array_equal(model.h.array, eager.h.array)
        assert type(model.box.raw) is np.ndarray
        assert np.array_equal(model.box.raw, eager.box.raw)
    if not reads:
        last = traced.last
        traced(X)
        assert traced.last is last


def test_an_error_leaves_no_traced_array_in_an_object() -> None:
    model = Keeping(False)

    def function(x: Any) -> Any:
        model(x)
        raise KeyError("on purpose")

    with pytest.raises(KeyError):
        pdist.trace(function)(X)
    assert np.array_equal(F.exp(model.h).array, np.exp(np.tanh(X)))


class OwnHook:
    rate = 0.5

    def __call__(self, optimizer: Any) -> None:
        for parameter in optimizer.target.params():
            parameter.grad = parameter.grad + self.rate * parameter.array


@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        (lambda: nn.optimizers.WeightDecay(0.5), "rate", 0.0),
        (lambda: nn.optimizers.Lasso(0.5), "rate", 0.0),
        (lambda: nn.optimizers.GradientClipping(0.01), "threshold", 10.0),
        (lambda: nn.optimizers.GradientHardClipping(-0.01, 0.01), "upper_bound", 5.0),
        (OwnHook, "rate", 0.25),
    ],
)
def test_numbers_of_hooks(make: Any, name: str, value: float) -> None:
    found = []
    for wrap in (lambda f: f, pdist.trace):
        layer, hook = L.Linear(1, 1, initialW=0.5), make()
        optimizer = nn.optimizers.SGD(0.1).setup(layer)
        optimizer.add_hook(hook)

        def function(x: Any, layer: Any = layer, optimizer: Any = optimizer) -> Any:
            loss = F.sum(layer(x) ** 2)
            layer.cleargrads()
            loss.backward()
            optimizer.update()
            return loss

        step = wrap(function)
        for k in range(5):
            step(np.full((3, 1), 0.5, np.float32))
            if k == 2:
                setattr(hook, name, value)
        found.append(layer.W.array.copy())
    assert np.array_equal(found[0], found[1])
