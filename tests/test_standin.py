"""What runs on NumPy runs on another array library, with the same numbers and without leaving it.

The stand-in keeps CuPy's rules (pdist/testing/standin.py), so this guards the GPU's path where there is none.
With --device cuda functions and distributions are compared on CuPy instead.
"""

from __future__ import annotations

import functools
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
import pdist.distributions as D
import pdist.functions as F
from pdist import Variable
from pdist.backend import default_library, numpy_library, special
from pdist.backend.libraries import named_library
from pdist.distributions.divergences.registry import find_kl
from pdist.testing import standin
from pdist.testing.catalogue import CATALOGUE, Entry
from pdist.testing.checking import search
from pdist.testing.contracts import answers, arguments, statistics
from pdist.testing.points import anywhere
from pdist.testing.standin import StandIn
from pdist.testing.variants import leaves, remake


def on_standin(value: np.ndarray) -> StandIn:
    return standin.asarray(value)


class Elsewhere:
    """The library that NumPy is compared with.

    Args:
        library: its record.
        exact: whether it computes with NumPy's own functions, and so to the last digit the same.
    """

    def __init__(self, library: Any, exact: bool) -> None:
        self.library = library
        self.exact = exact

    def array(self, value: np.ndarray) -> Any:
        return self.library.from_host(value)

    def distribution(self, dist: Any) -> Any:
        """The same distribution there, of fresh leaves."""
        return remake(dist, lambda v: Variable(self.array(v.array)))

    def move(self, value: Any) -> Any:
        """What holds NumPy arrays or scalars, holding this library's arrays."""
        if isinstance(value, (np.ndarray, np.generic)):
            return self.array(np.asarray(value))
        if isinstance(value, (tuple, list)):
            return type(value)(self.move(v) for v in value)
        return value

    def same(self, got: Any, expected: Any, rtol: float = 0.0, dtype: Any = None) -> None:
        """Require equal answers, and that what this library was asked did not leave it.

        Another library's last digits are its own: those of ``dtype``, or of the answer.
        """
        got, expected = (v.array if isinstance(v, Variable) else v for v in (got, expected))
        assert isinstance(got, self.library.array_type), f"an answer left the library: {type(got)}"
        assert got.dtype == expected.dtype
        if not self.exact:
            rtol = 1e-10 if (dtype or expected.dtype) == np.float64 else 2e-4
        np.testing.assert_allclose(got.get(), expected, rtol=rtol, atol=rtol)


STANDIN = Elsewhere(standin.library, exact=True)
same = STANDIN.same


@pytest.fixture(scope="module")
def elsewhere(device: str) -> Elsewhere:
    return STANDIN if device == "cpu" else Elsewhere(named_library("cupy"), exact=False)


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
            move = Elsewhere(default_library(), exact=True).move
            if default_library() is numpy_library:
                return function(*args, **kwargs)
            return function(*move(args), **{key: move(value) for key, value in kwargs.items()})

        return call


TABLE = function_table().TABLE


def several(outputs: Any) -> list[Any]:
    return list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]


@pytest.mark.parametrize("case", TABLE, ids=str)
@settings(max_examples=6)
@given(data=st.data())
def test_function(case: Any, elsewhere: Elsewhere, data: st.DataObject) -> None:
    xs = data.draw(case.inputs)
    results = []
    for library in (numpy_library, elsewhere.library):
        variables = [Variable(library.from_host(x)) for x in xs]
        with pdist.using_device("cpu" if library is numpy_library else library.name):
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
            elsewhere.same(got, expected, 1e-12)  # triangular systems are solved by SciPy where there is one


# --- Every distribution ------------------------------------------------------------------------------

ENTRIES = [pytest.param(entry, id=entry.name) for entry in CATALOGUE.values()]


@pytest.mark.parametrize("entry", ENTRIES)
def test_distribution(entry: Entry, elsewhere: Elsewhere) -> None:
    drawn = entry.distributions(min_side=1)
    search(lambda dist, seed: compare_everything(dist, elsewhere, seed), drawn, 2)


# Triangular systems are solved by SciPy where there is one.
BY_SYSTEMS = (D.MultivariateNormal, D.LowRankMultivariateNormal, D.MultivariateStudentT, D.MatrixNormal)
BY_SYSTEMS += (D.Wishart, D.InverseWishart)


def slack(dist: Any) -> float:
    """How far answers may be apart."""
    if not isinstance(dist, BY_SYSTEMS):
        return 0.0
    return 1e-10 if dist.dtype == np.float64 else 1e-3


def compare_everything(dist: Any, elsewhere: Elsewhere, seed: int) -> None:
    other, same = elsewhere.distribution(dist), functools.partial(elsewhere.same, rtol=slack(dist))
    for name, method in answers(dist).items():
        x = arguments(dist, name, 3, seed)
        if name != "icdf":
            x = np.concatenate([x, anywhere(dist, seed)[0]])
        if not elsewhere.exact and x.dtype == np.float32:  # CuPy's kernels take subnormal float32 as 0
            x = np.where(abs(x) < np.finfo(np.float32).tiny, np.float32(0), x)
        same(getattr(other, name)(elsewhere.array(x)), method(x))
    known = statistics(other)
    for name, answer in statistics(dist).items():
        same(known[name], answer)
    if elsewhere.exact:  # other libraries have other streams
        same(other.sample((3,), rng=seed), dist.sample((3,), rng=seed))
    compare_gradients(dist, other, elsewhere, seed)
    assert str(other) == str(dist)
    for value in other.to_cpu().params.values():
        assert type(value.array) is np.ndarray


def compare_gradients(dist: Any, other: Any, elsewhere: Elsewhere, seed: int) -> None:
    x = arguments(dist, "log_prob", 3, seed)
    (fresh, of_fresh), (new, of_new) = leaves(dist), leaves(other)
    expected = pdist.grad([fresh.log_prob(x)], of_fresh)
    for got, e in zip(pdist.grad([new.log_prob(elsewhere.array(x))], of_new), expected, strict=True):
        assert (got is None) == (e is None)
        if e is not None:
            elsewhere.same(got, e, slack(dist))


@pytest.mark.parametrize("entry", [p for p in ENTRIES if find_kl(p.values[0].cls, p.values[0].cls)])
def test_divergence(entry: Entry, elsewhere: Elsewhere) -> None:
    def compare(pair: Any, seed: int) -> None:
        there = map(elsewhere.distribution, pair)
        narrow = min((v.dtype for p in pair for v in leaves(p)[1]), key=lambda dtype: dtype.itemsize)
        rtol = max(map(slack, pair))
        elsewhere.same(pdist.kl_divergence(*there), pdist.kl_divergence(*pair), rtol, dtype=narrow)

    drawn = entry.distributions(min_side=1, size=2, batch_shape=(2,))
    search(compare, st.tuples(drawn, drawn), 4)
