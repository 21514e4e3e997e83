"""Random small training programs: what a step computes, what it changes, and what happens between the calls.

A program is a list of lines of small numbers, which shrink well. Each line says what to do with which of the
values at hand; whatever the numbers, it can be done: what does not fit is made to fit, by the shapes alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

import pdist
import pdist.distributions as D
import pdist.functions as F

SHAPES = [(), (3,), (2, 3), (1, 3), (0, 3), (3, 1), (2, 2, 3), (1,), (0,), (6, 8), (8,), (5, 6, 3)]
Line = tuple[str, int, int, int]


def fitting(b: Any, a: Any) -> Any:
    """``b``, or its sum where it does not broadcast with ``a``."""
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        return F.sum(b)
    return b


def matrix(a: Any) -> Any:
    """``a`` as a matrix."""
    if a.ndim < 2:
        return a.reshape((1, a.size))
    return a.reshape((a.shape[0], a.size // a.shape[0] if a.shape[0] else 0))


def product(a: Any, b: Any, k: int) -> Any:
    a, b = matrix(a), matrix(b)
    if a.shape[1] == b.shape[0]:
        return a @ b
    return a.T @ a if k % 2 else a @ a.T


def axis(a: Any, k: int) -> int:
    return k % a.ndim - (k % 2) * a.ndim


def reduced(function: Callable[..., Any], needs_elements: bool = False) -> Callable[..., Any]:
    def reduce(a: Any, b: Any, k: int) -> Any:
        if needs_elements and not a.size:
            return a
        if k == 0 or a.ndim == 0:
            return function(a)
        return function(a, axis=axis(a, k), keepdims=k > 2)

    return reduce


def element(a: Any, k: int) -> Any:
    if not a.ndim:
        return a[None]
    choices: list[Any] = [np.s_[::2], np.s_[..., None], np.s_[::-1], np.s_[1:], np.s_[..., :1], np.s_[None]]
    if len(a):
        choices += [0, -1, [0, 0], np.array([0, -1, 0])]
    return a[choices[k % len(choices)]]


def joined(a: Any, b: Any, k: int) -> Any:
    a = a if a.ndim else a.reshape((1,))
    if b.ndim == a.ndim and b.shape[1:] == a.shape[1:]:
        return F.concat([a, b, a][: 2 + k % 2], axis=0)
    return F.stack([a, -a], axis=k % (a.ndim + 1))


def parted(a: Any, b: Any, k: int) -> Any:
    if not a.ndim or not a.shape[0]:
        return a + 1
    first, last = F.split_axis(a, [a.shape[0] // 2], axis=0)
    return F.concat([last, first], axis=0) if k % 2 else first.sum() * last


def raw_math(a: Any, b: Any, k: int) -> Any:
    """NumPy on raw arrays, in place too: what users do without gradients."""
    x = a.array
    if k == 0:
        return pdist.Variable(np.exp(-np.abs(x)), requires_grad=False)
    if k == 1:
        y = x.copy()
        y *= 2
        y += 1
        return pdist.Variable(y + x, requires_grad=False)
    if k == 2:
        y = np.zeros_like(x)
        y[...] = x
        if y.ndim:
            y[:1] = -1
        return pdist.Variable(y, requires_grad=False)
    if k == 3:
        return pdist.Variable(np.where(x > 0, x, x.sum()), requires_grad=False)
    if k == 4:
        y = np.add(x, 1).reshape((-1,))
        view = y.T
        np.multiply(y, y, out=y)  # the view sees it
        return pdist.Variable(view + 0, requires_grad=False)
    y = np.concatenate([x.ravel(), x.ravel()])
    first = y[: x.size]
    first -= 1
    return pdist.Variable(y.astype(np.float64).astype(x.dtype), requires_grad=False)


def drawn(a: Any, b: Any, k: int) -> Any:
    if k % 3 == 0:
        return F.dropout(a, 0.5)
    if k % 3 == 1:
        return D.Normal(a, F.softplus(fitting(b, a)) + 0.1).sample()
    return D.Normal(a, 1.0).sample(2) if a.size < 60 else a


OPS: dict[str, Callable[[Any, Any, int], Any]] = {
    "add": lambda a, b, k: a + fitting(b, a),
    "subtract": lambda a, b, k: fitting(b, a) - a,
    "multiply": lambda a, b, k: a * fitting(b, a),
    "divide": lambda a, b, k: a / (1 + F.square(fitting(b, a))),
    "numbers": lambda a, b, k: [2 * a, 1 - a, a / 4, -a, a * 1, 0 + a, 1 / (1 + a * a)][k % 7],
    "powers": lambda a, b, k: [a**2, a**3, (1 + a * a) ** 0.5, (1 + a * a) ** -1, a**1, a**0][k % 6],
    "smooth": lambda a, b, k: [F.tanh, F.sigmoid, F.softplus, F.sin, F.relu, F.log1p][k % 6](
        a * a if k % 6 == 5 else a
    ),
    "exponential": lambda a, b, k: F.exp(-F.square(a)),
    "where": lambda a, b, k: F.where(a.array > 0.5, a, fitting(b, a)),
    "maximum": lambda a, b, k: (F.maximum if k % 2 else F.minimum)(a, fitting(b, a)),
    "clip": lambda a, b, k: F.clip(a, -1.0, 1.0),
    "sum": reduced(F.sum),
    "mean": reduced(F.mean, True),
    "max": reduced(F.max, True),
    "logsumexp": reduced(F.logsumexp, True),
    "cumsum": lambda a, b, k: F.cumsum(a, axis=axis(a, k)) if a.ndim else a,
    "softmax": lambda a, b, k: F.softmax(a, axis=axis(a, k)) if a.ndim and a.size else a,
    "reshape": lambda a, b, k: a.reshape((a.size,)) if k % 2 else a.reshape((1, *a.shape)),
    "transpose": lambda a, b, k: a.T,
    "element": lambda a, b, k: element(a, k),
    "joined": joined,
    "parted": parted,
    "broadcast": lambda a, b, k: F.broadcast_to(a, (2, *a.shape)),
    "copy": lambda a, b, k: F.copy(a),
    "product": product,
    "raw": raw_math,
    "drawn": drawn,
    "log_prob": lambda a, b, k: D.Normal(a, 1.5).log_prob(fitting(b, a)),
    "bernoulli": lambda a, b, k: (
        D.Bernoulli(logit=a).log_prob((b.array > 0).astype(a.dtype)) if a.shape == b.shape else F.sigmoid(a)
    ),
    "laplace": lambda a, b, k: D.Laplace(a, F.exp(F.clip(fitting(b, a), -2.0, 2.0))).cdf(0.5),
    "uniform": lambda a, b, k: D.Uniform(a, a + 1).log_prob(fitting(b, a)),
    "categorical": lambda a, b, k: D.Categorical(logit=a).entropy if a.ndim and a.size else a,
    "attention": lambda a, b, k: F.softmax(matrix(a) @ matrix(a).T, axis=1) @ matrix(a) if a.size else a,
    "again": lambda a, b, k: a * F.exp(-F.square(a)) + F.exp(-F.square(a)),
    "detached": lambda a, b, k: pdist.Variable(a.array, requires_grad=False),
}


def calculated(lines: list[Line], values: list[Any]) -> list[Any]:
    """What the lines make of some values, one result a line; each line sees all results so far."""
    pool, made = list(values), []
    for name, i, j, k in lines:
        y = OPS[name](pool[-1 - i % len(pool)], pool[j % len(pool)], k)
        if y.size > 200:
            y = F.sum(y, axis=-1)
        pool.append(y)
        made.append(y)
    return made


class World:
    """A model in training whose step is a program."""

    def __init__(self, program: Program) -> None:
        rng = np.random.default_rng(program.seed)
        self.program, dtype = program, program.dtype
        self.parameters = [
            pdist.Variable(np.asarray(rng.normal(size=SHAPES[s])).astype(dtype), requires_grad=True)
            for s in program.parameters
        ]
        self.buffer = np.zeros(3, dtype)  # NumPy's own arithmetic on it is seen where it meets a stand-in
        self.memory = pdist.Variable(np.zeros(3, dtype), requires_grad=False)

    def step(self, x: Any, y: Any) -> Any:
        program, parameters = self.program, self.parameters
        before = calculated(program.first, [pdist.Variable(x), pdist.Variable(y), *parameters])
        loss = sum([F.sum(value) for value in before[-2:]], start=F.sum(parameters[0]))
        if program.clear:
            for p in parameters:
                p.cleargrad()
        if program.backward:
            loss.backward()
        for change in program.changes:
            self.change(change, before)
        after = calculated(
            program.second, [*before[-1:], *parameters, pdist.Variable(self.buffer), self.memory]
        )
        return loss, [value.array for value in before[-3:]], after[-2:], [p.grad for p in parameters]

    def change(self, change: int, values: list[Any]) -> None:
        """Something that changes state inside the step."""
        p = self.parameters[change % len(self.parameters)]
        kind = change // len(self.parameters) % 7
        if kind == 0 and p.grad is not None:
            p.array -= 0.1 * p.grad
        elif kind == 1 and p.grad is not None:
            p.array[...] = p.array - 0.1 * p.grad
        elif kind == 2:
            p.array = p.array * 0.5
        elif kind == 3:
            part = self.memory.array[::2]
            np.add(part, (values[-1] if values else p).array.sum(), out=part)
        elif kind == 4:
            self.memory.array[1:] = self.memory.array[:-1] * 2 + 1
        elif kind == 5:
            p.array[...] = np.tanh(p.array)
        elif p.array.ndim:
            part = p.array[:1]
            part += 1

    def between(self, change: int, seed: int) -> None:
        """Something that changes state between two calls."""
        p = self.parameters[seed % len(self.parameters)]
        numbers = np.asarray(np.random.default_rng(seed).normal(size=p.shape)).astype(p.dtype)
        if change == 1:
            p.array[...] = numbers
        elif change == 2:
            p.array -= numbers
        elif change == 3:
            p.array = numbers
        elif change == 4:
            p.grad = numbers
        elif change == 5:
            p.cleargrad()
        elif change == 6:
            pdist.random.seed(seed)
        elif change == 7:
            self.buffer[...] = seed % 5
            self.memory.array += 1


class Program(NamedTuple):
    """What a step does."""

    first: list[Line]
    second: list[Line]
    parameters: list[int]
    changes: list[int]
    inputs: tuple[int, int]
    dtype: Any
    seed: int
    clear: bool
    backward: bool


class Call(NamedTuple):
    """One call: what changes before it, how its inputs lie in memory, and what becomes of them after it."""

    change: int
    layout: int
    aliased: int
    spoiled: bool
    seed: int


_small = st.integers(0, 11)
_lines = st.lists(st.tuples(st.sampled_from(sorted(OPS)), _small, _small, st.integers(0, 6)), max_size=6)
programs = st.builds(
    Program,
    first=_lines,
    second=_lines.map(lambda lines: lines[:3]),
    parameters=st.lists(st.integers(0, len(SHAPES) - 1), min_size=1, max_size=3),
    changes=st.lists(st.integers(0, 20), max_size=3),
    inputs=st.tuples(*[st.integers(0, len(SHAPES) - 1)] * 2),
    dtype=st.sampled_from([np.float64, np.float32]),
    seed=st.integers(0, 5),
    clear=st.booleans(),
    backward=st.booleans(),
)
call_lists = st.lists(
    st.builds(
        Call,
        change=st.integers(0, 7),
        layout=st.integers(0, 4),
        aliased=st.integers(0, 4),
        spoiled=st.booleans(),
        seed=st.integers(0, 9),
    ),
    min_size=2,
    max_size=5,
)


def laid_out(numbers: np.ndarray, layout: int) -> np.ndarray:
    """The same numbers in memory of their own, contiguous or otherwise."""
    if layout == 1:
        return np.array(numbers, order="F")
    if layout == 2:  # backwards and in gaps
        wide = np.zeros(tuple(2 * n + 1 for n in numbers.shape), numbers.dtype)
        view = wide[(..., *[slice(2 * n, 0, -2) for n in numbers.shape])]
        view[...] = numbers
        return view
    if layout == 3:
        return np.broadcast_to(numbers[:1], numbers.shape) if numbers.ndim else numbers.copy()
    return numbers.copy()


def inputs_of(call: Call, world: World) -> list[np.ndarray]:
    """The inputs of a call; some share their memory with each other or with a parameter."""
    rng = np.random.default_rng(call.seed)
    x, y = (
        laid_out(np.asarray(rng.normal(size=SHAPES[s])).astype(world.program.dtype), call.layout)
        for s in world.program.inputs
    )
    if call.aliased == 1:
        y = x
    elif call.aliased == 2 and x.ndim:
        wide = np.asarray(rng.normal(size=(len(x) + 1, *x.shape[1:]))).astype(x.dtype)
        x, y = wide[:-1], wide[1:]
    elif call.aliased == 3:
        x = world.parameters[0].array
    elif call.aliased == 4:
        y = world.parameters[-1].array[...]
    return [x, y]
