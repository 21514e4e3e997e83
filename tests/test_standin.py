"""What runs on NumPy runs on another array library, with the same numbers and without leaving it.

The stand-in keeps CuPy's rules (pdist/testing/standin.py), so this guards the GPU's path where there is none.
"""

from __future__ import annotations

import importlib.util
import pickle
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pdist
import pdist.functions as F
from pdist import Variable
from pdist.backend import default_library, special
from pdist.distributions.divergences import find_kl
from pdist.testing import standin
from pdist.testing.catalogue import CATALOGUE, Entry
from pdist.testing.checking import search
from pdist.testing.contracts import answers, arguments, statistics
from pdist.testing.points import anywhere
from pdist.testing.standin import StandIn
from pdist.testing.variants import leaves, remake


def on_standin(value: np.ndarray) -> StandIn:
    return standin.asarray(value)


def moved(dist: Any) -> Any:
    """The same distribution on the stand-in, of fresh leaves."""
    return remake(dist, lambda v: Variable(on_standin(v.array)))


def same(got: Any, expected: Any, rtol: float = 0.0) -> None:
    """Equal to the last digit, by default: the stand-in computes with NumPy's own functions."""
    got, expected = (v.array if isinstance(v, Variable) else v for v in (got, expected))
    assert isinstance(got, StandIn), f"an answer left the library: {type(got)}"
    assert got.dtype == expected.dtype
    np.testing.assert_allclose(got.get(), expected, rtol=rtol, atol=rtol)


# --- The stand-in itself ----------------------------------------------------------------------------


X = on_standin(np.array([[1.0, 2.0], [3.0, 4.0]]))


@pytest.mark.parametrize(
    "forbidden",
    [
        lambda: np.asarray(X),
        lambda: np.exp(X),
        lambda: np.sum(X),
        lambda: np.add(X, 1),
        lambda: np.ones(2) + X,
        lambda: X + np.ones(2),
        lambda: standin.xp.add(X, np.ones(2)),
        lambda: standin.xp.where(np.ones(2, bool), X, X),
        lambda: X[np.array([0])],
        lambda: X.sum(axis=np.array(0)),
        lambda: bool(X.sum() > 0),
        lambda: float(X.sum()),
        lambda: [0, 1, 2][X.sum().astype(int)],
        lambda: 1 if (X > 0).all() else 0,
    ],
)
def test_what_cupy_would_not_do_is_refused(forbidden: Any) -> None:
    with pytest.raises(TypeError):
        forbidden()


def test_what_cupy_does_is_done() -> None:
    assert isinstance(X.sum(), StandIn) and X.sum().shape == ()
    same(X + np.float64(1), X.get() + 1)
    same(1 - X, 1 - X.get())
    same(X @ X, X.get() @ X.get())
    same(abs(-X), X.get())
    same(standin.xp.linalg.inv(X), np.linalg.inv(X.get()))
    same(standin.xp.stack([X, X]), np.stack([X.get()] * 2))
    same(X[on_standin(np.array([1, 0]))], X.get()[[1, 0]])
    same(special(standin.xp).log_ndtr(X), special(np).log_ndtr(X.get()))
    total = on_standin(np.zeros(2))
    standin.xp.add.at(total, on_standin(np.array([0, 0])), 1.0)
    same(total, np.array([2.0, 0.0]))
    total += 1
    same(total, np.array([3.0, 1.0]))
    same(pickle.loads(pickle.dumps(X)), X.get())
    assert repr(X[0]) == "standin([1., 2.])"


def test_what_neither_cupy_nor_pdist_has_is_missing() -> None:
    with pytest.raises(AttributeError, match="'gammasgn_of_nobody'"):
        special(standin.xp).gammasgn_of_nobody(X)
    with pytest.raises(AttributeError, match="'tostring'"):
        _ = X.tostring
    with pytest.raises(AttributeError):
        _ = standin.Generator(0).multivariate_normal


def test_its_streams_are_seeded() -> None:
    with pdist.using_device("standin"):
        pdist.random.seed(0)
        first = pdist.random.generator().random(3)
        pdist.random.seed(0)
        same(pdist.random.generator().random(3), first.get())
        pdist.random.seed(None)


def test_mixing_devices_names_both() -> None:
    with pytest.raises(TypeError, match="add: x1 is on cpu and x2 on standin"):
        F.add(np.ones(2), X)
    with pytest.raises(TypeError, match="Normal: loc is on standin and scale on cpu"):
        pdist.distributions.Normal(X, np.ones(2))
    normal = pdist.distributions.Normal(X, 1.0)
    with pytest.raises(TypeError, match=r"cpu.*standin|standin.*cpu"):
        normal.log_prob(Variable(np.ones(2)))


# --- Every function ----------------------------------------------------------------------------------


def function_table() -> ModuleType:
    """The table of functions, which lies beside their own tests."""
    path = Path(__file__).parent / "functions" / "function_table.py"
    spec = importlib.util.spec_from_file_location("function_table_for_the_standin", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there for their module
    spec.loader.exec_module(module)
    module.F = MovingFunctions()  # type: ignore[attr-defined]
    return module


class MovingFunctions:
    """pdist.functions that bring the indices and labels of a case where its arrays are."""

    def __getattr__(self, name: str) -> Any:
        function = getattr(F, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            if default_library().name != "standin":
                return function(*args, **kwargs)
            return function(*move(args), **{key: move(value) for key, value in kwargs.items()})

        return call


def move(value: Any) -> Any:
    """What holds NumPy arrays, holding the stand-in's."""
    if isinstance(value, (np.ndarray, np.generic)):
        return on_standin(value)
    if isinstance(value, (tuple, list)):
        return type(value)(move(v) for v in value)
    return value


TABLE = function_table().TABLE


def several(outputs: Any) -> list[Any]:
    return list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]


@pytest.mark.parametrize("case", TABLE, ids=str)
@settings(max_examples=6)
@given(data=st.data())
def test_function(case: Any, data: st.DataObject) -> None:
    xs = data.draw(case.inputs)
    results = []
    for inputs in (xs, [on_standin(x) for x in xs]):
        variables = [Variable(x) for x in inputs]
        with pdist.using_device("standin" if inputs is not xs else "cpu"):
            outputs = several(case.f(*variables))
            differentiable = [y for y in outputs if y.requires_grad]
            first = second = []
            if differentiable and case.order:
                first = pdist.grad(differentiable, variables, enable_double_backprop=case.order > 1)
                again = [g for g in first if g is not None and g.requires_grad]
                second = pdist.grad(again, variables) if again and case.order > 1 else []
        results.append([*outputs, *first, *second])
    for expected, got in zip(*results, strict=True):
        assert (got is None) == (expected is None)
        if got is not None:
            same(got, expected, 1e-12)  # triangular systems are solved by SciPy where there is one


# --- Every distribution ------------------------------------------------------------------------------

ENTRIES = [pytest.param(entry, id=entry.name) for entry in CATALOGUE.values()]


@pytest.mark.parametrize("entry", ENTRIES)
def test_distribution(entry: Entry) -> None:
    search(compare_everything, entry.distributions(min_side=1), 4)


def compare_everything(dist: Any, seed: int) -> None:
    other = moved(dist)
    for name, method in answers(dist).items():
        x = arguments(dist, name, 3, seed)
        if name != "icdf":
            x = np.concatenate([x, anywhere(dist, seed)[0]])
        same(getattr(other, name)(on_standin(x)), method(x))
    known = statistics(other)
    for name, answer in statistics(dist).items():
        same(known[name], answer)
    same(other.sample((3,), rng=seed), dist.sample((3,), rng=seed))
    compare_gradients(dist, other, seed)
    assert str(other) == str(dist)
    for value in other.to_cpu().params.values():
        assert type(value.array) is np.ndarray


def compare_gradients(dist: Any, other: Any, seed: int) -> None:
    x = arguments(dist, "log_prob", 3, seed)
    (fresh, of_fresh), (new, of_new) = leaves(dist), leaves(other)
    expected = pdist.grad([fresh.log_prob(x)], of_fresh)
    for got, e in zip(pdist.grad([new.log_prob(on_standin(x))], of_new), expected, strict=True):
        assert (got is None) == (e is None)
        if e is not None:
            same(got, e)


@pytest.mark.parametrize("entry", [p for p in ENTRIES if find_kl(p.values[0].cls, p.values[0].cls)])
def test_divergence(entry: Entry) -> None:
    pair = entry.distributions(min_side=1, size=2, batch_shape=(2,))
    search(
        lambda pair, seed: same(pdist.kl_divergence(*map(moved, pair)), pdist.kl_divergence(*pair)),
        st.tuples(pair, pair),
        4,
    )
