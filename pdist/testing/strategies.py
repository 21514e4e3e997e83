"""Hypothesis strategies for shapes, arrays, parameters, distributions and values.

    from hypothesis import given
    from pdist.testing import strategies

    @given(strategies.distributions(Normal))
    def test_symmetry(normal): ...

Numbers are drawn on a coarse grid: they shrink well, print short, and avoid the extremes, where
accuracy becomes an issue, unless ``edges`` are requested.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from hypothesis.strategies import DrawFn, SearchStrategy

from ..backend import default_library
from ..distributions import Distribution
from . import points

MAX_DIMS, MAX_SIDE = 2, 3


def dtypes() -> SearchStrategy[np.dtype]:
    """float64 or float32."""
    return st.sampled_from([np.dtype(np.float64), np.dtype(np.float32)])


def shapes(
    max_dims: int = MAX_DIMS, max_side: int = MAX_SIDE, min_side: int = 0
) -> SearchStrategy[tuple[int, ...]]:
    """Shapes, including that of a scalar and empty ones.

    Args:
        max_dims: the greatest number of axes.
        max_side: the greatest length of an axis.
        min_side: the least length; 1 excludes empty shapes.
    """
    return hnp.array_shapes(min_dims=0, max_dims=max_dims, min_side=min_side, max_side=max_side)


def broadcastable(
    count: int, max_dims: int = MAX_DIMS, max_side: int = MAX_SIDE, min_side: int = 0
) -> SearchStrategy[list[tuple[int, ...]]]:
    """``count`` shapes that broadcast together."""
    if not count:
        return st.just([])
    drawn = hnp.mutually_broadcastable_shapes(
        num_shapes=count, max_dims=max_dims, max_side=max_side, min_side=min_side
    )
    return drawn.map(lambda pair: list(pair.input_shapes))


def reals(low: float = -5, high: float = 5) -> SearchStrategy[float]:
    """Numbers from ``low`` to ``high`` in steps of a hundredth."""
    return st.integers(int(np.ceil(low * 100)), int(np.floor(high * 100))).map(lambda n: n / 100)


def positives(low: float = 0.1, high: float = 10) -> SearchStrategy[float]:
    """Positive numbers, evenly spaced on a logarithmic scale."""
    start, stop = (round(100 * float(np.log10(v))) for v in (low, high))
    return st.integers(start, stop).map(lambda n: round(10 ** (n / 100), 4))


def arrays(
    dtype: Any = np.float64,
    shape: tuple[int, ...] | SearchStrategy[tuple[int, ...]] = (),
    elements: SearchStrategy[float] | None = None,
) -> SearchStrategy[np.ndarray]:
    """Arrays of ``elements`` (by default :func:`reals`)."""
    elements = reals() if elements is None else elements
    return hnp.arrays(np.dtype(dtype), shape, elements=elements.map(np.dtype(dtype).type), fill=st.nothing())


def _vectors(
    finish: Callable[[np.ndarray], np.ndarray], elements: SearchStrategy[float], extra: list[float]
) -> Any:
    """A strategy for parameters whose last axis is constrained; ``finish`` enforces the constraint."""

    def rule(dtype: Any, shape: tuple[int, ...], edges: bool) -> SearchStrategy[np.ndarray]:
        chosen = st.one_of(st.sampled_from(extra), elements) if edges else elements
        return arrays(np.float64, shape, chosen).map(lambda a: finish(a).astype(dtype))

    return rule


def _scalars(elements: SearchStrategy[float], extra: list[float]) -> Any:
    def rule(dtype: Any, shape: tuple[int, ...], edges: bool) -> SearchStrategy[np.ndarray]:
        return arrays(dtype, shape, st.one_of(st.sampled_from(extra), elements) if edges else elements)

    return rule


def _normalized(weights: np.ndarray) -> np.ndarray:
    total = weights.sum(axis=-1, keepdims=True)
    return np.where(total > 0, weights, 1.0) / np.where(total > 0, total, weights.shape[-1])


def _of_length_one(vectors: np.ndarray) -> np.ndarray:
    length = np.sqrt((vectors * vectors).sum(axis=-1, keepdims=True))
    first = (np.arange(vectors.shape[-1]) == 0).astype(float)
    return np.where(length > 0, vectors, first) / np.where(length > 0, length, 1)


def _lower(numbers: np.ndarray) -> np.ndarray:
    """A Cholesky factor of few digits: the diagonal from 1/2 to 2."""
    diagonal = np.round(2 ** (np.diagonal(numbers, axis1=-2, axis2=-1) / 5), 2)
    eye = np.eye(numbers.shape[-1])
    return np.tril(np.round(0.2 * numbers, 2), -1) + diagonal[..., None] * eye


def _definite(numbers: np.ndarray) -> np.ndarray:
    factor = _lower(numbers)
    product = factor @ np.swapaxes(factor, -1, -2)
    return 0.5 * (product + np.swapaxes(product, -1, -2))


def _not_all_out(logits: np.ndarray) -> np.ndarray:
    return np.where((logits == -np.inf).all(axis=-1, keepdims=True), 0.0, logits)


# By the declared support of a parameter: moderate values, and edge cases that are still allowed.
_BY_SUPPORT: dict[str, Any] = {  # by name
    "real": _scalars(reals(), [0.0, -30.0, 30.0, 1e-6]),  # a log-scale too
    "positive": _scalars(positives(), [1e-6, 1e6]),
    "non negative": _scalars(positives(), [0.0, 1e-6, 1e4]),
    "[0, 1)": _scalars(reals(0.02, 0.9), [0.0, 0.999, 1e-6]),
    "[0, 1]": _scalars(reals(0.02, 0.98), [0.0, 1.0, 1e-6]),
    "(0, 1)": _scalars(reals(0.02, 0.98), [1e-6, 1 - 1e-6]),
    "(0, 1]": _scalars(reals(0.05, 0.98), [1.0, 1e-6]),
    "real or -inf": _scalars(reals(-5, 2), [-np.inf, -100.0]),
    "real or inf": _scalars(reals(-3, 5), [np.inf, 100.0]),
    "numbers, all different": _scalars(reals(), [0.0]),  # an entry makes them different
    "real or infinite": _scalars(reals(), [-np.inf, np.inf, -100.0, 100.0]),
    "non negative and of sum 1": _vectors(_normalized, reals(0.1, 1), [0.0]),
    "positive and of sum 1": _vectors(_normalized, reals(0.1, 1), [0.01]),
    "unit vector": _vectors(_of_length_one, reals(), [0.0]),
    "lower Cholesky factor": _vectors(_lower, reals(), [0.0]),
    "positive definite": _vectors(_definite, reals(), [0.0]),
    "real or -inf, not all -inf": _vectors(_not_all_out, reals(), [-np.inf, -100.0]),
}


@st.composite
def parameter_names(draw: DrawFn, cls: type[Distribution]) -> list[str]:
    """One of every group of alternatives, those that go together all or none."""
    names = [draw(st.sampled_from(slot)) for slot in cls._alternatives]
    if set(cls.together) <= set(names):
        return names
    slots = zip(names, cls._alternatives, strict=True)
    return [slot[0] if name in cls.together else name for name, slot in slots]


@st.composite
def parameters(
    draw: DrawFn,
    cls: type[Distribution],
    *,
    dtype: Any = None,
    batch_shape: tuple[int, ...] | None = None,
    size: int | None = None,
    most: int = 4,
    least: int = 1,
    edges: bool = False,
    min_side: int = 0,
    elements: Mapping[str, SearchStrategy[float]] | None = None,
) -> dict[str, np.ndarray]:
    """Parameters of a class, by name: a choice of alternatives, of shapes that broadcast.

    Args:
        draw: given by Hypothesis.
        cls: a subclass of Distribution; its declarations determine the parameters and their supports.
        dtype: their floating type; None draws one.
        batch_shape: the shape of all of them; None draws shapes that broadcast.
        size: the length of an event axis (the number of classes); None draws one.
        most: the greatest that is drawn.
        least: the least that is drawn.
        edges: also edge cases: probabilities of 0 and 1, large and small numbers.
        min_side: the least length of a batch axis; 1 excludes empty batches.
        elements: strategies for the elements of single parameters, instead of those for their supports.
    """
    dtype = draw(dtypes()) if dtype is None else np.dtype(dtype)
    size = draw(st.integers(least, most)) if size is None else max(size, least)
    names = draw(parameter_names(cls))
    if batch_shape is None:
        lead = draw(broadcastable(len(names), min_side=min_side))
    else:
        lead = [batch_shape] * len(names)
    given = {}
    for name, shape in zip(names, lead, strict=True):
        declared = cls.parameters[name]
        full = shape + (size,) * declared.event_ndim
        if elements and name in elements:
            given[name] = draw(arrays(dtype, full, elements[name]))
        elif declared.support.name in _BY_SUPPORT:
            given[name] = draw(_BY_SUPPORT[declared.support.name](dtype, full, edges))
        else:
            raise TypeError(
                f"strategies.parameters: no strategy is known for {cls.__name__}.{name}, declared as "
                f"{str(declared.support)!r}; pass elements={{{name!r}: a strategy of numbers}}"
            )
    return given


@st.composite
def distributions(draw: DrawFn, cls: type[Distribution], **wishes: Any) -> Distribution:
    """Distributions of a class whose parameters require gradients.

    Args:
        draw: given by Hypothesis.
        cls: a subclass of Distribution.
        **wishes: as :func:`parameters` takes them.
    """
    return cls(**{name: on_device(value) for name, value in draw(parameters(cls, **wishes)).items()})


def on_device(array: np.ndarray) -> Any:
    """A leaf Variable of a host array, on the device of ``pdist.using_device``."""
    from ..autograd import Variable

    return Variable(default_library().from_host(array))


def values(dist: Distribution, where: str = "anywhere") -> SearchStrategy[np.ndarray]:
    """Single values to evaluate a distribution at, of shape ``batch_shape + event_shape``.

    Args:
        dist: the distribution.
        where: ``"inside"`` its support, at its ``"ends"``, ``"outside"``, or ``"anywhere"``.

    Raises:
        ValueError: if there are none, such as the ends of the real line.
    """
    x, contained = points.anywhere(dist)
    everywhere = contained.reshape(len(x), -1)
    found = {
        "inside": lambda: x[everywhere.all(axis=1)],
        "outside": lambda: x[~everywhere.any(axis=1)],
        "ends": lambda: points.ends(dist),
        "anywhere": lambda: x,
    }
    if where not in found:
        raise ValueError(f"strategies.values: where={where!r}; expected one of {', '.join(found)}")
    chosen = list(found[where]())
    if not chosen:
        raise ValueError(
            f"strategies.values: {type(dist).__name__} has no values {where!r} that all its members share"
        )
    return st.sampled_from(chosen)


def junk() -> SearchStrategy[Any]:
    """Invalid input in place of numbers: arrays of every dtype and shape, lists, None, text."""
    return st.one_of(
        st.sampled_from(
            [None, "three", b"x", 1j, [], [[]], [1, [2]], {}, object(), np.nan, np.inf, -np.inf, True, 0, -1]
        ),
        st.floats(width=32),
        st.integers(-(2**70), 2**70),
        st.lists(st.floats(-3, 3), max_size=3),
        hnp.arrays(
            st.sampled_from(["f4", "f8", "f2", "i8", "u1", "?", "c16", "O", "U3", "M8[s]"]).map(np.dtype),
            hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3),
        ),
        hnp.arrays(
            np.float64,
            shapes(),
            elements=st.sampled_from([0.0, 1.0, 0.5, -1.0, 1e308, 1e-320, np.nan, np.inf]),
        ),
    )
