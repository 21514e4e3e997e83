"""Anything thrown at any constructor or method gets an answer of the right shape and dtype, or a clear error.

A clear error is a ValueError, TypeError or NotImplementedError (an IndexError from an index) that names the
class; of a wrapper, its own or that of what it wraps.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pdist
import pdist.distributions as D
from pdist import Variable
from pdist.distributions.base.parameters import MomentParam
from pdist.testing import strategies
from pdist.testing.catalogue import CATALOGUE, Entry
from pdist.testing.contracts import METHODS, STATISTICS

CLEAR = (ValueError, TypeError, NotImplementedError)
ENTRIES = [pytest.param(entry, id=entry.name) for entry in CATALOGUE.values()]
CLASSES = sorted({e.cls for e in CATALOGUE.values() if not e.cls.parts}, key=lambda cls: cls.__name__)
WRAPPERS = sorted({e.cls for e in CATALOGUE.values() if e.cls.parts}, key=lambda cls: cls.__name__)
EXAMPLES = settings.default.max_examples

ANYBODY = [""]  # where the class is plain from the call

fuzz = settings(max_examples=EXAMPLES)


def attempt(who: Any, act: Any, also: tuple[type[Exception], ...] = ()) -> Any:
    """The answer; None where a clear error was raised instead.

    Args:
        who: a distribution, or the names of classes, one of which the error has to say.
        act: what to attempt.
        also: other errors that will do.
    """
    names = list(names_in(who)) if isinstance(who, D.Distribution) else who
    try:
        return act()
    except CLEAR + also as error:
        named = any(name in str(error) for name in names)
        assert named, f"the error names none of {names}: {type(error).__name__}: {error}"
        return None


def names_in(dist: D.Distribution) -> Iterator[str]:
    """The names of a distribution's class and of those inside it."""
    yield type(dist).__name__
    for name in type(dist).parts:
        yield from names_in(getattr(dist, name))


def shape_of(value: Any) -> tuple[int, ...]:
    return value.shape if isinstance(value, Variable) else np.shape(value)


def check_answer(answer: Any, shape: tuple[int, ...], dtypes: set[Any]) -> None:
    assert isinstance(answer, Variable)
    assert type(answer.array) is np.ndarray
    assert answer.shape == shape
    assert answer.dtype in dtypes
    assert answer.dtype.kind == "f" or answer.dtype == np.intp


def dtypes_of_values(dist: D.Distribution) -> set[Any]:
    """Of draws and the mode: labels are integers that index, all else has the parameters' dtype."""
    of = dist
    while of.parts:  # a wrapper draws what the distribution inside it draws
        of = getattr(of, list(of.parts)[-1])
    return {np.dtype(np.intp) if isinstance(of, D.Categorical) else dist.dtype}


def expected_dtypes(dist: D.Distribution, x: Any) -> set[Any]:
    """By NumPy's promotion where x is a floating array; the distribution's own otherwise."""
    dtype = getattr(x, "dtype", None)
    if dtype is not None and dtype.kind == "f":
        return {np.result_type(dist.dtype, dtype)}
    return {dist.dtype}


# --- Constructors -----------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
@fuzz
@given(data=st.data())
def test_constructor(cls: type[D.Distribution], data: st.DataObject) -> None:
    names = data.draw(strategies.parameter_names(cls))
    junk = st.one_of(strategies.junk(), st.sampled_from([0.5, 1.0, np.array([0.5, 0.5])]))
    given_ = {name: data.draw(junk, label=name) for name in names}
    dist = attempt([cls.__name__], lambda: cls(**given_))
    if dist is not None:
        check_distribution_as_a_whole(dist, [shape_of(v) for v in given_.values()])


def statistics(dist: D.Distribution) -> list[str]:
    """The names of statistics, without those that are parameters of another meaning."""
    declared = type(dist).parameters
    return [n for n in STATISTICS if n not in declared or isinstance(declared[n], MomentParam)]


def check_distribution_as_a_whole(dist: D.Distribution, shapes: list[tuple[int, ...]]) -> None:
    """What came out of odd parameters is a distribution like any other."""
    ndims = [type(dist).parameters[name].event_ndim for name in dist.params]
    lead = [shape[: len(shape) - n] for shape, n in zip(shapes, ndims, strict=True)]
    assert dist.batch_shape == np.broadcast_shapes(*lead)
    assert dist.dtype.kind == "f"
    assert type(dist).__name__ in repr(dist)
    for name in statistics(dist):
        answer = attempt(dist, lambda name=name: getattr(dist, name))
        if answer is not None:
            dtypes = dtypes_of_values(dist) if name == "mode" else {dist.dtype}
            check_answer(answer, dist.batch_shape + (dist.event_shape if STATISTICS[name] else ()), dtypes)


@pytest.mark.parametrize("cls", WRAPPERS, ids=lambda cls: cls.__name__)
@fuzz
@given(data=st.data())
def test_wrapper(cls: type[D.Distribution], data: st.DataObject) -> None:
    inner = st.sampled_from([e for e in CATALOGUE.values() if not e.cls.parts]).flatmap(
        lambda e: e.distributions()
    )
    junk = st.one_of(inner, inner, strategies.junk())
    given_ = [data.draw(junk) for _ in cls.parts]
    more = {}
    if "reinterpreted_batch_ndims" in cls.options:
        more["reinterpreted_batch_ndims"] = data.draw(st.one_of(st.integers(-1, 3), strategies.junk()))
    dist = attempt([cls.__name__], lambda: cls(*given_, **more))
    if dist is not None:
        assert cls.__name__ in repr(dist)
        check_sample(dist)


@pytest.mark.parametrize("cls", CLASSES + WRAPPERS, ids=lambda cls: cls.__name__)
@fuzz
@given(
    args=st.lists(strategies.junk(), max_size=4),
    kwargs=st.dictionaries(
        st.sampled_from(["loc", "scale", "p", "logit", "lam", "low", "mu", "spam"]),
        strategies.junk(),
        max_size=3,
    ),
)
def test_any_number_of_arguments(cls: type[D.Distribution], args: list[Any], kwargs: dict[str, Any]) -> None:
    attempt([cls.__name__], lambda: cls(*args, **kwargs))


# --- Methods ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("entry", ENTRIES)
@settings(max_examples=max(EXAMPLES // 3, 1))
@given(data=st.data())
def test_method(entry: Entry, method: str, data: st.DataObject) -> None:
    dist = data.draw(entry.distributions(edges=data.draw(st.booleans())))
    x = data.draw(strategies.junk(), label="x")
    answer = attempt(dist, lambda: getattr(dist, method)(x))
    if answer is not None:
        n = 0 if method == "icdf" else len(dist.event_shape)
        shape = shape_of(x)
        shape = np.broadcast_shapes(shape[: len(shape) - n], dist.batch_shape)
        check_answer(answer, shape, expected_dtypes(dist, x))


@pytest.mark.parametrize("entry", ENTRIES)
@fuzz
@given(data=st.data())
def test_statistics_at_the_edges(entry: Entry, data: st.DataObject) -> None:
    dist = data.draw(entry.distributions(edges=True))
    for name in statistics(dist):
        answer = attempt(dist, lambda name=name: getattr(dist, name))
        if answer is not None:
            dtypes = dtypes_of_values(dist) if name == "mode" else {dist.dtype}
            check_answer(answer, dist.batch_shape + (dist.event_shape if STATISTICS[name] else ()), dtypes)
            assert name in dist.undefined or not np.isnan(answer.array).any(), f"{name} is nan"


def check_sample(dist: D.Distribution) -> None:
    x = attempt(dist, lambda: dist.sample((2,), rng=0))
    if x is not None:
        check_answer(x, (2, *dist.batch_shape, *dist.event_shape), dtypes_of_values(dist))


@pytest.mark.parametrize("entry", ENTRIES)
@fuzz
@given(data=st.data())
def test_sample(entry: Entry, data: st.DataObject) -> None:
    dist = data.draw(entry.distributions(edges=True))
    shape = data.draw(st.one_of(strategies.shapes(), st.integers(-1, 3), strategies.junk().filter(_small)))
    rng = data.draw(st.one_of(st.none(), st.integers(-1, 5), strategies.junk()))
    x = attempt(ANYBODY, lambda: dist.sample(shape, rng=rng))
    if x is not None:
        lead = (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(shape)
        check_answer(x, lead + dist.batch_shape + dist.event_shape, dtypes_of_values(dist))


def _small(value: Any) -> bool:
    """Whether it asks for no more draws than memory holds."""
    return not isinstance(value, int) or abs(value) < 1000


@pytest.mark.parametrize("entry", ENTRIES)
@fuzz
@given(data=st.data())
def test_index_and_expand(entry: Entry, data: st.DataObject) -> None:
    dist = data.draw(entry.distributions())
    entries = st.one_of(st.integers(-2, 2), st.just(Ellipsis), st.none(), st.slices(3), strategies.junk())
    index = data.draw(st.one_of(entries, st.lists(entries, max_size=3).map(tuple)), label="index")
    part = attempt(ANYBODY, lambda: dist[index], (IndexError,))
    if part is not None:
        assert part.event_shape == dist.event_shape
        assert part.batch_shape == np.empty(dist.batch_shape)[index].shape
    shape = data.draw(st.one_of(strategies.shapes(), strategies.junk().filter(_small)), label="shape")
    wide = attempt(ANYBODY, lambda: dist.expand(shape))
    if wide is not None:
        assert wide.batch_shape == ((shape,) if isinstance(shape, int) else tuple(shape))


@pytest.mark.parametrize("entry", ENTRIES)
@fuzz
@given(data=st.data())
def test_copy_and_divergence(entry: Entry, data: st.DataObject) -> None:
    dist = data.draw(entry.distributions())
    names = st.sampled_from([*type(dist).parameters, *type(dist).parts, *type(dist).options, "spam"])
    overrides = data.draw(st.dictionaries(names, strategies.junk(), max_size=2))
    attempt(dist, lambda: dist.copy(**overrides))
    other = data.draw(st.one_of(entry.distributions(), strategies.junk()))
    answer = attempt(ANYBODY, lambda: pdist.kl_divergence(dist, other))
    if answer is not None:
        shape = np.broadcast_shapes(dist.batch_shape, other.batch_shape)
        check_answer(answer, shape, {np.result_type(dist.dtype, other.dtype)})


@pytest.mark.slow
@settings(max_examples=2000)
@given(data=st.data())
def test_anything_deeply(data: st.DataObject) -> None:
    entry = data.draw(st.sampled_from(list(CATALOGUE.values())))
    dist = data.draw(entry.distributions(edges=True))
    method = data.draw(st.sampled_from(METHODS))
    x = data.draw(strategies.junk())
    attempt(dist, lambda: getattr(dist, method)(x))
