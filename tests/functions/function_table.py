"""The table of differentiable functions: how to call each, on which inputs, and what NumPy says.

A case is a function, a strategy for its array arguments inside its smooth domain, and a reference on NumPy
arrays. The tests in test_every_function.py run over all of them; a function that is not here fails a test.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
import scipy.signal
import scipy.special
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import pdist.functions as F


@dataclass(frozen=True)
class Case:
    """One way to call one function.

    Args:
        name: in ``pdist.functions.__all__``.
        inputs: draws the list of floating arguments, in float64.
        f: the function of these as Variables or arrays.
        reference: the same in NumPy.
        label: tells the cases of one function apart.
        elementwise: whether it broadcasts, and promotes integers and Python numbers.
        order: up to which order it is differentiated; 0 where it has no gradient.
        rtol: how far float64 values may be from the reference, float32 ones 1e8 times as far (at most 1e-4).
    """

    name: str
    inputs: st.SearchStrategy
    f: Callable[..., Any]
    reference: Callable[..., Any]
    label: str = ""
    elementwise: bool = False
    order: int = 2
    rtol: float = 1e-12

    def __str__(self) -> str:
        return f"{self.name}-{self.label}" if self.label else self.name


# Inputs: values by NumPy from a drawn seed, so that only shapes and seeds shrink ----------------------------

Domain = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def between(low: float, high: float) -> Domain:
    return lambda rng, shape: rng.uniform(low, high, shape)


def off_grid(low: int, high: int, offset: float = 0.3) -> Domain:
    """Numbers that keep a distance of 0.1 from multiples of 1/2, and from another offset's numbers."""
    return lambda rng, shape: (
        (rng.integers(2 * low, 2 * high, shape) + offset + rng.uniform(0, 0.2, shape)) / 2
    )


real, positive, unit, away = between(-2, 2), between(0.3, 3), between(0.1, 0.9), off_grid(-2, 2)
seeds = st.integers(0, 2**32 - 1)
lengths = st.integers(0, 4)


@st.composite
def elements(draw: Any, *domains: Domain) -> list[np.ndarray]:
    """One array a domain, of shapes that broadcast: 0-d and empty ones included."""
    shapes = draw(
        hnp.mutually_broadcastable_shapes(num_shapes=len(domains), max_dims=3, max_side=3, min_side=0)
    )
    rng = np.random.default_rng(draw(seeds))
    return [
        np.asarray(domain(rng, shape)) for domain, shape in zip(domains, shapes.input_shapes, strict=True)
    ]


def shaped(*shapes: str, domain: Domain = real, least: int = 0, batch: bool = False) -> st.SearchStrategy:
    """Arrays whose axes are named by letters: the same letter is the same length."""

    @st.composite
    def strategy(draw: Any) -> list[np.ndarray]:
        of = {letter: draw(st.integers(least, 3)) for letter in sorted(set("".join(shapes)))}
        lead = draw(st.lists(st.integers(0, 2), max_size=2)) if batch else []
        rng = np.random.default_rng(draw(seeds))
        return [np.asarray(domain(rng, (*lead, *[of[letter] for letter in shape]))) for shape in shapes]

    return strategy()


@st.composite
def matrices(draw: Any, kind: str, *right: str) -> list[np.ndarray]:
    """Well-conditioned square matrices in batches: ``general``, ``lower``, ``upper`` or ``symmetric``."""
    n, k = draw(st.integers(1, 3)), draw(st.integers(0, 2))
    lead = draw(st.lists(st.integers(0, 2), max_size=1))
    rng = np.random.default_rng(draw(seeds))
    a = rng.uniform(-1, 1, (*lead, n, n))
    if kind == "general":
        a = a + 2.5 * np.eye(n)
    elif kind == "symmetric":
        a = a @ a.swapaxes(-1, -2) + np.eye(n)
    else:
        a = (np.tril if kind == "lower" else np.triu)(a, 0) + 2 * np.eye(n)
    of = {"n": n, "k": k}
    return [a, *[rng.uniform(-2, 2, (*lead, *[of[c] for c in shape])) for shape in right]]


def symmetrized(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda a: f(0.5 * (a + a.swapaxes(-1, -2)))


# The table ------------------------------------------------------------------------------------------------

TABLE: list[Case] = []


def each(names: str, *domains: Domain, reference: Any = None, **options: Any) -> None:
    """Cases of elementwise functions with one domain, by default against NumPy's function of that name."""
    for name in names.split():
        known = reference or getattr(np, name, None) or getattr(scipy.special, name)
        TABLE.append(Case(name, elements(*domains), getattr(F, name), known, elementwise=True, **options))


def case(name: str, inputs: st.SearchStrategy, reference: Any, f: Any = None, **options: Any) -> None:
    TABLE.append(Case(name, inputs, f or getattr(F, name), reference, **options))


# Arithmetic
each("add subtract multiply", real, real)
each("divide", real, positive)
each("power", positive, real)
each("negative square", real)
each("absolute sign floor ceil", away)
each("fix", away, reference=np.trunc)
each("sqrt log log2 log10", positive)
each("maximum minimum", off_grid(-2, 2, 0.1), off_grid(-2, 2, 0.6))
each("fmod", away, between(4, 5))
each("squared_difference", real, real, reference=lambda a, b: (a - b) ** 2)
each("rsqrt", positive, reference=lambda x: x**-0.5)
case("clip", elements(away), lambda x: np.clip(x, -0.5, 1), lambda x: F.clip(x, -0.5, 1.0), elementwise=True)
case(
    "clip",
    elements(away),
    lambda x: np.maximum(x, 0),
    lambda x: F.clip(x, 0, None),
    label="below",
    elementwise=True,
)
for exponent in (0, 1, 2, 3, -1, 0.5, -2.5):
    case(
        "power", elements(positive), lambda x, p=exponent: x**p, lambda x, p=exponent: x**p,
        label=f"to the {exponent}",
    )  # fmt: skip
case("power", elements(real), lambda x: 2**x, lambda x: 2**x, label="of 2")

# Exponentials and logarithms
each("exp expm1", real)
each("log1p", between(-0.9, 3))
each("log1mexp", between(-5, -0.05), reference=lambda x: np.log(-np.expm1(x)))
each("xlogy", real, positive)
each("xlog1py", real, between(-0.7, 2))

# Activations
each("sigmoid", between(-4, 4), reference=scipy.special.expit)
each("log_sigmoid", between(-4, 4), reference=scipy.special.log_expit)
each("softplus", between(-4, 4), reference=lambda x: np.logaddexp(x, 0))
case(
    "softplus",
    elements(real),
    lambda x: np.logaddexp(3 * x, 0) / 3,
    lambda x: F.softplus(x, beta=3.0),
    label="beta",
)
each("tanh", real)
each("relu", away, reference=lambda x: np.maximum(x, 0))
each("leaky_relu", away, reference=lambda x: np.where(x > 0, x, 0.2 * x))
each("elu", away, reference=lambda x: np.where(x > 0, x, np.expm1(x)))

# Circular and hyperbolic functions
each("sin cos arctan sinh cosh arcsinh", real)
each("tan", between(-1.2, 1.2))
each("arcsin arccos arctanh", between(-0.9, 0.9))
each("arctan2", positive, real)

# Special functions
each("lgamma", positive, reference=scipy.special.gammaln)
each("digamma", positive)
each("erf erfc erfcx ndtr log_ndtr", real)
each("erfinv", between(-0.9, 0.9))
each("erfcinv", between(0.1, 1.9))
each("ndtri", unit)
for n in range(3):
    case(
        "polygamma", elements(positive), lambda x, n=n: scipy.special.polygamma(n, x),
        lambda x, n=n: F.polygamma(n, x), label=str(n), elementwise=True,
    )  # fmt: skip

# Reductions
for name in ("sum", "mean", "prod"):
    f, g = getattr(F, name), getattr(np, name)
    least = 0 if name != "mean" else 1
    case(name, shaped("ab", least=least), g)
    case(name, shaped("", least=least), g, label="0-d")
    case(name, shaped("ab", least=least), lambda x, g=g: g(x, 0), lambda x, f=f: f(x, axis=0), label="axis")
    case(
        name, shaped("abc", least=least), lambda x, g=g: g(x, (0, -1), keepdims=True),
        lambda x, f=f: f(x, axis=(0, -1), keepdims=True), label="axes",
    )  # fmt: skip
    case(
        name,
        shaped("abc", least=least),
        lambda x, g=g: g(x, (2, 0)),
        lambda x, f=f: f(x, (2, 0)),
        label="two axes",
    )


def distinct(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers that keep a distance, so that the largest stays the largest."""
    return (rng.permutation(int(np.prod(shape))).reshape(shape) + rng.uniform(0, 0.5, shape)) / 4


for name in ("max", "min", "logsumexp"):
    f, g = getattr(F, name), getattr(np, name, scipy.special.logsumexp)
    case(name, shaped("ab", domain=distinct, least=1), g)
    case(name, shaped("", domain=distinct), g, label="0-d")
    case(
        name, shaped("abc", domain=distinct, least=1), lambda x, g=g: g(x, axis=(0, 2), keepdims=True),
        lambda x, f=f: f(x, axis=(0, 2), keepdims=True), label="axes",
    )  # fmt: skip
    case(
        name, shaped("ab", domain=distinct, least=1), lambda x, g=g: g(x, axis=1),
        lambda x, f=f: f(x, axis=-1), label="axis",
    )  # fmt: skip
for name in ("argmax", "argmin"):
    f, g = getattr(F, name), getattr(np, name)
    case(
        name,
        shaped("ab", domain=distinct, least=1),
        lambda x, g=g: g(x, axis=1),
        lambda x, f=f: f(x, axis=1),
        order=0,
    )
for name in ("cumsum", "cumprod"):
    f, g = getattr(F, name), getattr(np, name)
    case(name, shaped("ab"), g)
    case(name, shaped("a"), lambda x, g=g: g(x, 0), lambda x, f=f: f(x, axis=0), label="vector")
    case(name, shaped("abc"), lambda x, g=g: g(x, 1), lambda x, f=f: f(x, axis=-2), label="axis")
case(
    "cumprod",
    st.tuples(seeds).map(lambda s: [np.random.default_rng(s).uniform(0.5, 1.5, 9)]),
    np.cumprod,
    label="long",
)
case(
    "average", shaped("ab", least=1), lambda x: np.average(x, 1, np.arange(1.0, x.shape[1] + 1)),
    lambda x: F.average(x, axis=1, weights=np.arange(1.0, x.shape[1] + 1, dtype=x.dtype)),
)  # fmt: skip
case(
    "average", shaped("ab", "ab", domain=positive, least=1), lambda x, w: np.average(x, None, w),
    lambda x, w: F.average(x, weights=w), label="by weights",
)  # fmt: skip
case("average", shaped("ab", least=1), np.mean, label="plain")
case("softmax", shaped("ab", least=1), lambda x: scipy.special.softmax(x, 1))
case(
    "softmax",
    shaped("abc", least=1),
    lambda x: scipy.special.softmax(x, 0),
    lambda x: F.softmax(x, axis=0),
    label="axis",
)
case("log_softmax", shaped("ab", least=1), lambda x: scipy.special.log_softmax(x, 1))
case(
    "log_softmax", shaped("abc", least=1), lambda x: scipy.special.log_softmax(x, (0, 2)),
    lambda x: F.log_softmax(x, axis=(0, 2)), label="axes",
)  # fmt: skip

# Shapes
case(
    "reshape",
    shaped("abb"),
    lambda x: x.reshape(-1, x.shape[0] or 1),
    lambda x: F.reshape(x, (-1, x.shape[0] or 1)),
)
case(
    "broadcast_to",
    shaped("b"),
    lambda x: np.broadcast_to(x, (2, *x.shape)),
    lambda x: F.broadcast_to(x, (2, *x.shape)),
)
case(
    "broadcast_to",
    shaped(""),
    lambda x: np.broadcast_to(x, (2, 3)),
    lambda x: F.broadcast_to(x, (2, 3)),
    label="0-d",
)
case("broadcast", elements(real, real), np.broadcast_arrays)
case("cast", elements(real), np.asarray, lambda x: F.cast(x, np.float64), label="wide")
case("identity", elements(real), lambda x: x)
case("identity", elements(real, real), lambda x, y: (x, y), label="two")
case("copy", elements(real), np.copy)
case("flatten", elements(real), np.ravel)
case("transpose", elements(real), np.transpose)
case(
    "transpose",
    shaped("abc"),
    lambda x: x.transpose(2, 0, 1),
    lambda x: F.transpose(x, (-1, 0, 1)),
    label="axes",
)
case("swapaxes", shaped("abc"), lambda x: x.swapaxes(0, 2), lambda x: F.swapaxes(x, 0, -1))
case(
    "moveaxis",
    shaped("abcd"),
    lambda x: np.moveaxis(x, (0, 1), (3, 0)),
    lambda x: F.moveaxis(x, (0, 1), (-1, 0)),
)
for axis, start in ((2, 0), (0, 3), (1, -1), (-1, 1)):
    case(
        "rollaxis", shaped("abc"), lambda x, a=axis, s=start: np.rollaxis(x, a, s),
        lambda x, a=axis, s=start: F.rollaxis(x, a, s), label=f"{axis} to {start}",
    )  # fmt: skip
case("squeeze", elements(real), np.squeeze)
case(
    "squeeze",
    shaped("ab"),
    np.asarray,
    lambda x: F.squeeze(x.reshape((1, *x.shape, 1)), axis=(0, -1)),
    label="axes",
)
case("expand_dims", elements(real), lambda x: np.expand_dims(x, -1), lambda x: F.expand_dims(x, -1))
case("flip", elements(real), np.flip)
case("flip", shaped("abc"), lambda x: np.flip(x, (0, 2)), lambda x: F.flip(x, axis=(0, -1)), label="axes")
case("repeat", elements(real), lambda x: np.repeat(x, 3), lambda x: F.repeat(x, 3))
case("repeat", shaped("abc"), lambda x: np.repeat(x, 2, -2), lambda x: F.repeat(x, 2, axis=-2), label="axis")
case(
    "repeat", shaped("ab"), lambda x: np.repeat(x, range(x.shape[1]), 1),
    lambda x: F.repeat(x, list(range(x.shape[1])), axis=1), label="counts",
)  # fmt: skip
case("tile", elements(real), lambda x: np.tile(x, (2, 3)), lambda x: F.tile(x, (2, 3)))
case("tile", shaped("abc"), lambda x: np.tile(x, 2), lambda x: F.tile(x, 2), label="one count")
case("concat", shaped("ab", "ac"), lambda *xs: np.concatenate(xs, 1), lambda *xs: F.concat(xs))
case("concat", shaped("ba", "ca", "ba"), np.vstack and (lambda *xs: np.concatenate(xs, 0)),
     lambda *xs: F.concat(xs, axis=-2), label="three")  # fmt: skip
case("stack", shaped("ab", "ab"), lambda *xs: np.stack(xs, 1), lambda *xs: F.stack(xs, axis=1))
case(
    "stack", shaped("ab", "ab"), lambda *xs: np.stack(xs, -1), lambda *xs: F.stack(xs, axis=-1), label="last"
)
case("hstack", shaped("ab", "ac"), lambda *xs: np.hstack(xs), lambda *xs: F.hstack(xs))
case("hstack", shaped("a", "b"), lambda *xs: np.hstack(xs), lambda *xs: F.hstack(xs), label="vectors")
case("vstack", shaped("a", "a"), lambda *xs: np.vstack(xs), lambda *xs: F.vstack(xs))
case(
    "split_axis", shaped("abcc"), lambda x: np.split(x, [1, 2], 1), lambda x: F.split_axis(x, [1, 2], axis=1)
)
case("split_axis", shaped("ab", least=1), lambda x: np.split(x, x.shape[0], 0),
     lambda x: F.split_axis(x, x.shape[0], axis=-2), label="equal")  # fmt: skip
case(
    "separate", shaped("abc", least=1), lambda x: list(np.moveaxis(x, 1, 0)), lambda x: F.separate(x, axis=1)
)

# Choosing
case("where", elements(away, real), lambda x, y: np.where(x > 0, x, y), lambda x, y: F.where(x > 0, x, y))
case(
    "where", elements(away), lambda x: np.where(x > 0, x, 0), lambda x: F.where(x > 0, x, 0.0), label="number"
)
_INDICES: dict[str, Any] = {
    "number": 1,
    "slice": slice(None, None, -2),
    "ellipsis": (..., None, 0),
    "list": [2, 0, 2, 2],
    "array": np.array([[0, -1], [0, 0]]),
    "arrays": (np.array([0, 2, 0]), slice(1, 3), np.array([1, 1, 1])),
    "mask": np.arange(3) % 2 == 0,
    "full mask": np.arange(27).reshape(3, 3, 3) % 4 == 0,
    "empty": np.zeros(0, int),
}
for label, index in _INDICES.items():
    case(
        "get_item", seeds.map(lambda s: [np.random.default_rng(s).uniform(-1, 1, (3, 3, 3))]),
        lambda x, i=index: x[i], lambda x, i=index: F.get_item(x, i), label=label,
    )  # fmt: skip


def some_labels(shape: tuple[int, ...], n: int) -> np.ndarray:
    return (np.arange(int(np.prod(shape))).reshape(shape) * 7 + 1) % n


def _pick(x: np.ndarray) -> np.ndarray:
    return np.take_along_axis(x, some_labels(x.shape[:-1], x.shape[-1])[..., None], -1)[..., 0]


for shape in ("a", "ab", "abc"):
    case(
        "select_item", shaped(shape, least=1), _pick,
        lambda x: F.select_item(x, some_labels(x.shape[:-1], x.shape[-1])), label=f"{len(shape)}-d",
    )  # fmt: skip
case(
    "take_along_axis", shaped("abc", least=1),
    lambda x: np.take_along_axis(x, some_labels((x.shape[0], 4, x.shape[2]), x.shape[1]), 1),
    lambda x: F.take_along_axis(x, some_labels((x.shape[0], 4, x.shape[2]), x.shape[1]), 1),
)  # fmt: skip
case("diagonal", shaped("ab"), np.diagonal)
case(
    "diagonal", shaped("abc"), lambda x: x.diagonal(1, 2, 0), lambda x: F.diagonal(x, 1, 2, 0), label="above"
)
case(
    "diagonal",
    shaped("abc"),
    lambda x: x.diagonal(-1, 1, 2),
    lambda x: F.diagonal(x, -1, -2, -1),
    label="below",
)
case("tril", shaped("abc"), np.tril)
case("triu", shaped("abc"), lambda x: np.triu(x, 1), lambda x: F.triu(x, k=1))

# Linear algebra
case("matmul", shaped("ab", "bc"), np.matmul)
case("matmul", shaped("ab", "bc", batch=True), np.matmul, label="batch")
case("matmul", shaped("dab", "bc"), np.matmul, label="one right")
case("matmul", shaped("ab", "dbc"), np.matmul, label="one left")
case("matmul", shaped("a", "a"), np.matmul, label="vectors")
case("matmul", shaped("a", "dab"), np.matmul, label="vector left")
case("matmul", shaped("dab", "b"), np.matmul, label="vector right")
case(
    "matmul", shaped("ba", "cb"), lambda a, b: a.T @ b.T,
    lambda a, b: F.matmul(a, b, transa=True, transb=True), label="transposed",
)  # fmt: skip
case("linear", shaped("ab", "cb", "c"), lambda x, W, b: x @ W.T + b)
case("linear", shaped("ab", "cb"), lambda x, W: x @ W.T, label="no b")
case(
    "linear", shaped("dab", "cb", "c"), lambda x, W, b: x @ W.T + b,
    lambda x, W, b: F.linear(x, W, b, n_batch_axes=2), label="two batch axes",
)  # fmt: skip
case(
    "linear", shaped("acd", "be", least=1),
    lambda x, W: x.reshape(len(x), x[:1].size) @ np.ones((3, x[:1].size)).T + W.sum(),
    lambda x, W: F.linear(x, np.ones((3, x[:1].size), x.dtype)) + F.sum(W), label="flattened",
)  # fmt: skip
for text, shapes in {
    "ij,jk->ik": "ab bc",
    "bij,bjk->bik": "abc acd",
    "ii": "aa",
    "ii->i": "aa",
    "bii,b->": "abb a",
    "i,j": "a b",
    "...ij,...j->...i": "dab db",
    "...i": "ab",
    "ij,j": "ab b",
    "ijk->j": "abc",
    "a,ab,b": "a ab b",
    "iii->i": "aaa",
    "ijij->j": "abab",
}.items():
    case(
        "einsum", shaped(*shapes.split()), lambda *xs, t=text: np.einsum(t, *xs),
        lambda *xs, t=text: F.einsum(t, *xs), label=text,
    )  # fmt: skip
case("cholesky", matrices("symmetric"), symmetrized(np.linalg.cholesky), symmetrized(F.cholesky))
for lower in (True, False):
    for trans in (0, 1):
        case(
            "solve_triangular", matrices("lower" if lower else "upper", "nk"),
            lambda a, b, t=trans: np.linalg.solve(a.swapaxes(-1, -2) if t else a, b),
            lambda a, b, l=lower, t=trans: F.solve_triangular(a, b, trans=t, lower=l),
            label=f"{'lower' if lower else 'upper'} {trans}",
        )  # fmt: skip
case("solve", matrices("general", "nk"), np.linalg.solve)
vector = matrices("general", "n").filter(lambda ab: ab[0].ndim == 2)
case("solve", vector, np.linalg.solve, label="vector")
case(
    "solve_triangular", vector, lambda a, b: scipy.linalg.solve_triangular(a, b, lower=True),
    lambda a, b: F.solve_triangular(a, b, lower=True), label="vector",
)  # fmt: skip
case("batch_inv", matrices("general"), np.linalg.inv)
case("batch_det", matrices("general"), np.linalg.det)
case("logdet", matrices("general"), lambda a: np.linalg.slogdet(a)[1])
case("slogdet", matrices("general"), np.linalg.slogdet)
square_matrix = matrices("general").filter(lambda a: a[0].ndim == 2)
case("inv", square_matrix, np.linalg.inv)
case("det", square_matrix, np.linalg.det)


# Convolution
BOTTOM_RIGHT, AROUND = ((0, 0), (0, 0), (0, 1), (0, 1)), ((0, 0), (0, 0), (1, 1), (1, 1))


def _convolved(x: np.ndarray, W: np.ndarray, stride: int = 1, pad: int = 0, dilate: int = 1) -> np.ndarray:
    """By SciPy, image by image and filter by filter."""
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    wide = np.zeros((*W.shape[:2], dilate * (W.shape[2] - 1) + 1, dilate * (W.shape[3] - 1) + 1))
    wide[:, :, ::dilate, ::dilate] = W
    full = [[sum(map(_correlate, image, filters)) for filters in wide] for image in x]
    return np.array(full)[:, :, ::stride, ::stride]


def _correlate(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    return scipy.signal.correlate2d(image, kernel, mode="valid")


def images(*shapes: tuple[int, ...], domain: Domain = real) -> st.SearchStrategy:
    def arrays_of(seed: int) -> list[np.ndarray]:
        rng = np.random.default_rng(seed)
        return [np.asarray(domain(rng, shape)) for shape in shapes]

    return seeds.map(arrays_of)


case("convolution_2d", images((2, 2, 4, 3), (3, 2, 2, 2)), _convolved)
case("convolution_2d", images((1, 2, 4, 4), (2, 2, 3, 3), (2,)),
     lambda x, W, b: _convolved(x, W, 2, 1) + b[:, None, None],
     lambda x, W, b: F.convolution_2d(x, W, b, stride=2, pad=1), label="strided")  # fmt: skip
case("convolution_2d", images((1, 1, 5, 5), (1, 1, 2, 3)), lambda x, W: _convolved(x, W, dilate=2),
     lambda x, W: F.convolution_2d(x, W, dilate=2), label="dilated")  # fmt: skip
case("convolution_2d", images((2, 4, 3, 3), (6, 2, 2, 2)),
     lambda x, W: np.concatenate([_convolved(x[:, :2], W[:3]), _convolved(x[:, 2:], W[3:])], 1),
     lambda x, W: F.convolution_2d(x, W, groups=2), label="grouped")  # fmt: skip
case("convolution_2d", images((1, 1, 3, 4), (1, 1, 2, 2)),
     lambda x, W: _convolved(np.pad(x, ((0, 0), (0, 0), (0, 1), (0, 0))), W, 2),
     lambda x, W: F.convolution_2d(x, W, stride=2, cover_all=True), label="covering all")  # fmt: skip
case(
    "convolution_2d",
    images((0, 1, 3, 3), (1, 1, 2, 2)),
    lambda x, W: np.zeros((0, 1, 2, 2)),
    label="no images",
)
case("max_pooling_2d", images((2, 2, 4, 6), domain=distinct),
     lambda x: x.reshape(2, 2, 2, 2, 2, 3).max((3, 5)),
     lambda x: F.max_pooling_2d(x, (2, 3)))  # fmt: skip
case("max_pooling_2d", images((1, 1, 3, 3), domain=distinct),
     lambda x: np.pad(x, BOTTOM_RIGHT, constant_values=-9).reshape(1, 1, 2, 2, 2, 2).max((3, 5)),
     lambda x: F.max_pooling_2d(x, 2), label="covering all")  # fmt: skip
case("max_pooling_2d", images((1, 1, 3, 3), domain=distinct),
     lambda x: x[:, :, :2, :2].max((2, 3), keepdims=True),
     lambda x: F.max_pooling_2d(x, 3, stride=3, pad=1, cover_all=False), label="padded")  # fmt: skip
case("average_pooling_2d", images((2, 1, 4, 4)), lambda x: x.reshape(2, 1, 2, 2, 2, 2).mean((3, 5)),
     lambda x: F.average_pooling_2d(x, 2))  # fmt: skip
case("average_pooling_2d", images((1, 2, 3, 3)),
     lambda x: np.pad(x, AROUND)[:, :, :4, :4].reshape(1, 2, 2, 2, 2, 2).mean((3, 5)),
     lambda x: F.average_pooling_2d(x, 2, stride=2, pad=1), label="padded")  # fmt: skip

# Losses
case("mean_squared_error", shaped("ab", "ab", least=1), lambda a, b: ((a - b) ** 2).mean())
case("mean_absolute_error", shaped("ab", least=1), lambda a: abs(a - 3).mean(),
     lambda a: F.mean_absolute_error(a, F.cast(np.full(a.shape, 3.0), a.dtype)))  # fmt: skip


def _coins(x: Any) -> np.ndarray:
    return some_labels(x.shape, 3) - 1


def _binary(x: np.ndarray) -> np.ndarray:
    t = _coins(x)
    return np.where(t < 0, 0, np.logaddexp(x, 0) - t * x)


case("sigmoid_cross_entropy", elements(real), lambda x: _binary(x).sum() / max(1, (_coins(x) >= 0).sum()),
     lambda x: F.sigmoid_cross_entropy(x, _coins(x)))  # fmt: skip
case("sigmoid_cross_entropy", elements(real), _binary,
     lambda x: F.sigmoid_cross_entropy(x, _coins(x), reduce="no"), label="no reduction")  # fmt: skip
case("sigmoid_cross_entropy", shaped("ab"), lambda x: _binary(x).sum() / max(1, len(x)),
     lambda x: F.sigmoid_cross_entropy(x, _coins(x), normalize=False), label="by length")  # fmt: skip


def _classes(x: Any) -> np.ndarray:
    return some_labels((x.shape[0], *x.shape[2:]), x.shape[1] + 1) - 1


def _entropies(x: np.ndarray) -> np.ndarray:
    t = _classes(x)
    log_p = scipy.special.log_softmax(x, 1)
    chosen = np.take_along_axis(log_p, np.maximum(t, 0)[:, None], 1)[:, 0]
    return np.where(t < 0, 0, -chosen)


for shape in ("ab", "abc", "abcd"):
    case(
        "softmax_cross_entropy", shaped(shape, least=1),
        lambda x: _entropies(x).sum() / max(1, (_classes(x) >= 0).sum()),
        lambda x: F.softmax_cross_entropy(x, _classes(x)), label=f"{len(shape)}-d",
    )  # fmt: skip
case("softmax_cross_entropy", shaped("abc", least=1), _entropies,
     lambda x: F.softmax_cross_entropy(x, _classes(x), reduce="no"), label="no reduction")  # fmt: skip
case(
    "softmax_cross_entropy", shaped("ab", least=1),
    lambda x: (_entropies(x) * np.arange(1.0, x.shape[1] + 1)[np.maximum(_classes(x), 0)]).sum() / len(x),
    lambda x: F.softmax_cross_entropy(
        x, _classes(x), normalize=False, class_weight=np.arange(1.0, x.shape[1] + 1)
    ), label="weights",
)  # fmt: skip
case("accuracy", shaped("ab", domain=distinct, least=1),
     lambda x: (x.argmax(1) == some_labels(x.shape[:1], x.shape[1])).mean(),
     lambda x: F.accuracy(x, some_labels(x.shape[:1], x.shape[1])), order=0)  # fmt: skip

# Noise
case("dropout", elements(real), lambda x: x * (2.0 * some_labels(x.shape, 2)),
     lambda x: F.dropout(x, mask=2 * some_labels(x.shape, 2).astype(x.dtype)))  # fmt: skip
case("gaussian", shaped("ab", "ab"), lambda m, v: m + math.sqrt(1) * np.exp(v / 2) * some_labels(m.shape, 3),
     lambda m, v: F.gaussian(m, v, eps=some_labels(m.shape, 3).astype(m.dtype)))  # fmt: skip
