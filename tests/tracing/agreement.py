"""What the tests of traced functions share: a traced function and an eager one must give the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import pdist


def snapshot(tree: Any) -> Any:
    """Copies of all arrays in nested results, so that later calls cannot change them."""
    if isinstance(tree, pdist.Variable):
        return pdist.Variable(np.array(tree.array), requires_grad=False)
    if isinstance(tree, (np.ndarray, np.generic)):
        return np.array(tree)
    if isinstance(tree, dict):
        return {key: snapshot(item) for key, item in tree.items()}
    if isinstance(tree, (tuple, list)):
        items = [snapshot(item) for item in tree]
        return type(tree)(*items) if hasattr(tree, "_fields") else type(tree)(items)
    return tree


def same(got: Any, expected: Any, where: str = "result") -> None:
    """Hold nested results to each other: containers, kinds, shapes, dtypes, and numbers under ``==``.

    NaN equals NaN, and zeros may differ in sign.
    """
    if isinstance(expected, pdist.Variable):
        assert isinstance(got, pdist.Variable), f"{where}: {type(got).__name__}, expected a Variable"
        assert type(got.array) is np.ndarray, f"{where}: a Variable of {type(got.array).__name__}"
        same(got.array, expected.array, where)
    elif isinstance(expected, (np.ndarray, np.generic)):
        assert isinstance(got, (np.ndarray, np.generic)), f"{where}: {type(got).__name__}, expected an array"
        assert got.dtype == expected.dtype, f"{where}: dtype {got.dtype}, eager {expected.dtype}"
        assert got.shape == expected.shape, f"{where}: shape {got.shape}, eager {expected.shape}"
        if expected.dtype.kind == "f":
            wrong = ~((got == expected) | (np.isnan(got) & np.isnan(expected)))
        else:
            wrong = got != expected
        if np.any(wrong):
            index = tuple(int(i) for i in np.argwhere(wrong)[0])
            raise AssertionError(
                f"{where}: {np.count_nonzero(wrong)} of {expected.size} elements differ; at {index}: "
                f"{got[index]!r}, eager {expected[index]!r}"
            )
    elif isinstance(expected, dict):
        assert type(got) is type(expected) and got.keys() == expected.keys(), f"{where}: {got!r}"
        for key in expected:
            same(got[key], expected[key], f"{where}[{key!r}]")
    elif isinstance(expected, (tuple, list)):
        assert type(got) is type(expected) and len(got) == len(expected), f"{where}: {got!r}"
        for i, (g, e) in enumerate(zip(got, expected, strict=True)):
            same(g, e, f"{where}[{i}]")
    else:
        assert got == expected, f"{where}: {got!r}, eager {expected!r}"


def agree(
    function: Callable[..., Any], calls: Sequence[Sequence[Any]], *, traces: int | None = 1, seed: int = 0
) -> Any:
    """Hold a function without state of its own to its trace, over several calls.

    Args:
        function: of the arguments of a call.
        calls: the arguments of each call.
        traces: how many traces there should be in the end; None for any number.
        seed: of the random stream, where each side begins.

    Returns:
        The traced function.
    """
    pdist.random.seed(seed)
    expected = [snapshot(function(*arguments)) for arguments in calls]
    traced = pdist.trace(function)
    pdist.random.seed(seed)
    kept, then = [], []
    for i, arguments in enumerate(calls):
        got = traced(*arguments)
        same(got, expected[i], f"call {i}")
        kept.append(got)
        then.append(snapshot(got))
    for i, (now, before) in enumerate(zip(kept, then, strict=True)):
        same(now, before, f"the result of call {i} that was kept")
    if traces is not None:
        assert count(traced) == traces
    return traced


def count(traced: Any) -> int:
    """How many traces a traced function keeps."""
    return sum(len(found) for found in traced.traces.values())


def weights(y: Any) -> np.ndarray:
    """Numbers to weigh an output's elements by, in its dtype."""
    return (((np.arange(y.size) % 3) - 0.7).reshape(y.shape)).astype(y.dtype)


def gradients(outputs: Any, inputs: Sequence[Any]) -> list[Any]:
    """The gradients of all outputs' weighted sum; None where there is none."""
    outputs = list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]
    outputs = [y for y in outputs if isinstance(y, pdist.Variable) and y.requires_grad]
    if not outputs:
        return [None] * len(inputs)
    return list(pdist.grad(outputs, list(inputs), grad_outputs=[weights(y) for y in outputs]))
