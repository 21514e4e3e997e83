"""The C text of kernels does what NumPy's functions do: run here by a C compiler."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st

from pdist.tracing.cuda.kernels import (
    ALIASES,
    CUDA_ALONE,
    FORMULAS,
    Kernel,
    Step,
    literal,
    resolve,
    type_of,
)

CHARACTERS = "?bBhHiIlLfd"

# What C's library rounds in its own way: units in the last place that it may lie from NumPy's.
ULPS = {
    **dict.fromkeys(("exp", "expm1", "log", "log1p", "log2", "log10", "sin", "cos", "tan", "cbrt"), 4),
    **dict.fromkeys(("arcsin", "arccos", "arctan", "arctan2", "hypot", "sinh", "cosh", "tanh"), 4),
    **dict.fromkeys(("arcsinh", "arccosh", "arctanh", "power", "float_power", "exp2", "erf"), 4),
    **dict.fromkeys(("logaddexp", "xlogy", "entr", "expit", "log_expit"), 8),
    "erfc": 2000,  # SciPy's, in the tail
    "gammaln": 8,
}

#: Where terms of a sum cancel, their own last digits count.
CANCELLING = ("logaddexp", "gammaln")


def function_of(name: str) -> Any:
    if name == "copy":
        return np.copy
    return getattr(np, name, None) or getattr(scipy.special, name)


def count_of(name: str) -> int:
    """How many arguments it takes."""
    return {"copy": 1, "where": 3}[name] if name in ("copy", "where") else function_of(name).nin


def values(dtype: Any) -> np.ndarray:
    """Numbers of all kinds: the edges of the type, both zeros, what is not finite."""
    dtype = np.dtype(dtype)
    rng = np.random.default_rng(0)
    if dtype.kind == "b":
        return np.array([True, False, True, False, False])
    if dtype.kind in "iu":
        bounds = np.iinfo(dtype)
        edges = [bounds.min, bounds.max, 0, 1, 2, 3, bounds.max - 1]
        return np.array([*edges, *([-1, -2, -3] if dtype.kind == "i" else [5, 6, 7])], dtype)
    special = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, np.inf, -np.inf, np.nan, 1e-30, -1e-30, 1e30, 88.0, -100.0]
    return np.concatenate([special, rng.normal(size=40), rng.exponential(10.0, 30)]).astype(dtype)


def same(got: np.ndarray, expected: np.ndarray, ulps: int, said: str) -> None:
    """Require equality, nan to nan, within some units in the last place."""
    assert got.dtype == expected.dtype, said
    if not ulps or expected.dtype.kind != "f":
        np.testing.assert_array_equal(got, expected, err_msg=said)
        return
    finite = np.isfinite(expected) & np.isfinite(got)
    np.testing.assert_array_equal(got[~finite], expected[~finite], err_msg=said)
    gap = np.abs(got[finite] - expected[finite])
    few = ulps * np.spacing(np.abs(expected[finite]))
    assert (gap <= few).all(), f"{said}: {got[finite][gap > few]} for {expected[finite][gap > few]}"


def single(name: str, kinds: list[Any]) -> Kernel | None:
    """A kernel of one call."""
    types = resolve(name, kinds)
    if types is None:
        return None
    inputs = [(f"x{i}", np.dtype(k)) for i, k in enumerate(kinds)]
    step = Step(name, tuple(n for n, _ in inputs), types, "t0", types[-1], "here")
    return Kernel(f"{name}_{len(kinds)}", inputs, [("y0", types[-1])], [step], [("y0", "t0")])


def singles() -> list[tuple[str, list[np.dtype], Kernel]]:
    """Every formula for every type that it holds for, and for mixtures of some."""
    found = []
    for name in FORMULAS:
        if name in CUDA_ALONE:
            continue
        n_in = count_of(name)
        for t in CHARACTERS:
            kinds = [np.dtype(t)] * n_in if name != "where" else [np.dtype(bool), *[np.dtype(t)] * 2]
            kernel = single(name, kinds)
            if kernel is not None:
                found.append((name, kinds, kernel))
        for mixture in ("fd", "if", "?f", "lf", "?i", "Bd") if n_in == 2 else ():
            kinds = [np.dtype(t) for t in mixture]
            kernel = single(name, kinds)
            if kernel is not None:
                found.append((name, kinds, kernel))
    return found


SINGLES = singles()


@pytest.fixture(scope="module")
def compiled_singles(in_c: Any) -> list[Any]:
    return in_c([kernel for _, _, kernel in SINGLES])


@pytest.mark.parametrize("name", [name for name in FORMULAS if name not in CUDA_ALONE])
@pytest.mark.filterwarnings("ignore")
def test_formula(name: str, compiled_singles: list[Any]) -> None:
    rounded = ULPS.get(name, 0)
    tested = 0
    for (n, kinds, kernel), run in zip(SINGLES, compiled_singles, strict=True):
        if n != name:
            continue
        grid = np.meshgrid(*[values(k) for k in kinds], indexing="ij")
        arrays = [np.ascontiguousarray(g).ravel() for g in grid]
        with np.errstate(all="ignore"):
            expected = np.asarray(function_of(name)(*arrays))
        out = np.empty(expected.shape, kernel.outputs[0][1])
        run(*arrays, out)
        if name in CANCELLING:
            few = 8 * np.finfo(out.dtype).eps
            np.testing.assert_allclose(out, expected, rtol=few, atol=few, err_msg=str(kernel))
        else:
            same(out, expected, rounded, str(kernel))
        tested += 1
    assert tested or name in ALIASES


def test_formulas_are_of_the_functions_that_have_names() -> None:
    for name in FORMULAS:
        assert callable(function_of(name)) or name == "copy"
    assert set(ALIASES.values()) <= set(FORMULAS)


# Numbers ---------------------------------------------------------------------------------------------------


@given(
    st.floats(allow_nan=False, width=32) | st.floats(allow_nan=False) | st.integers(-(2**63), 2**63 - 1),
    st.sampled_from("fdl"),
)
@settings(max_examples=200)
def test_a_literal_is_the_number(number: Any, character: str) -> None:
    dtype = np.dtype(character)
    if character == "l":
        number = int(np.clip(number, -(2.0**62), 2.0**62)) if isinstance(number, float) else number
    with np.errstate(all="ignore"):
        value = np.asarray(number).astype(dtype)
    text = literal(number, dtype)
    python = text.replace("LL", "").replace("inf", "")
    if character == "f":
        python = python.replace("f", "")
    if "/" in text:
        assert np.isinf(value) and ("-" in text) == (value < 0)
        return
    assert np.asarray(eval(python)).astype(dtype) == value
    assert ("." in text or "e" in text) == (character != "l")


def test_numbers_are_as_weak_as_numpys() -> None:
    f4, f8, i4 = np.dtype("f4"), np.dtype("f8"), np.dtype("i4")
    assert resolve("add", [f4, float]) == (f4, f4, f4)
    assert resolve("multiply", [f4, int]) == (f4, f4, f4)
    assert resolve("add", [i4, float]) == (f8, f8, f8)
    assert resolve("where", [np.dtype(bool), f4, float])[1:] == (f4, f4, f4)
    assert resolve("where", [np.dtype(bool), f4, f8])[1:] == (f8, f8, f8)


def test_what_kernels_leave_to_the_library() -> None:
    i4, f4 = np.dtype("i4"), np.dtype("f4")
    assert resolve("power", [i4, i4]) is None
    assert resolve("floor_divide", [f4, f4]) is None
    assert resolve("log_ndtr", [f4]) is None
    assert resolve("add", [np.dtype("c8"), f4]) is None
    assert resolve("less", [np.dtype("i8"), np.dtype("u8")]) is None


# Groups ----------------------------------------------------------------------------------------------------

UNARY = [n for n in FORMULAS if n not in CUDA_ALONE and count_of(n) == 1]
BINARY = [n for n in FORMULAS if n not in CUDA_ALONE and count_of(n) == 2]
SHAPES = [(4, 5), (5,), (4, 1), (), (1, 5)]


@st.composite
def groups(draw: Any) -> tuple[Kernel, list[np.ndarray]]:
    """A kernel of some random steps, each of which is an output, and arrays for it."""
    kernel = Kernel("group")
    arrays = []
    have: list[tuple[str, np.dtype]] = []
    for i in range(draw(st.integers(1, 4))):
        dtype = np.dtype(draw(st.sampled_from("?ilfffd")))
        shape = (4, 5) if i == 0 else draw(st.sampled_from(SHAPES))
        rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        arrays.append(rng.choice(values(dtype), shape))
        have.append((f"x{i}", dtype))
    kernel.inputs = list(have)
    for i in range(draw(st.integers(1, 12))):
        n_in = draw(st.sampled_from((1, 1, 2, 2, 2, 2, 3)))
        name = "where" if n_in == 3 else draw(st.sampled_from(UNARY if n_in == 1 else BINARY))
        args = [draw(st.sampled_from(have)) for _ in range(n_in)]
        kinds: list[Any] = [t for _, t in args]
        names: list[Any] = [n for n, _ in args]
        if n_in == 2 and draw(st.booleans()):
            number = draw(st.sampled_from((0.5, 2.0, -1.0, 3, 0, float("inf"), 1e-7)))
            at = draw(st.integers(0, 1))
            names[at], kinds[at] = number, type(number)
        types = resolve(name, kinds)
        if types is None:
            continue
        dtype = types[-1]
        if dtype.kind == "f" and draw(st.integers(0, 5)) == 0:
            dtype = np.dtype("d" if dtype.char == "f" else "f")  # an `out=` of another dtype
        kernel.steps.append(Step(name, tuple(names), types, f"t{i}", dtype, f"step {i}"))
        have.append((f"t{i}", dtype))
    for i, step in enumerate(kernel.steps):
        kernel.outputs.append((f"y{i}", step.dtype))
        kernel.stores.append((f"y{i}", step.into))
    return kernel, arrays


@given(groups())
@pytest.mark.filterwarnings("ignore")
def test_groups(in_c: Any, group: tuple[Kernel, list[np.ndarray]]) -> None:
    kernel, arrays = group
    if not kernel.steps:
        return
    (run,) = in_c([kernel])
    outputs = [np.empty((4, 5), t) for _, t in kernel.outputs]
    run(*arrays, *outputs)
    known: dict[str, Any] = {name: a for (name, _), a in zip(kernel.inputs, arrays, strict=True)}
    for step, out in zip(kernel.steps, outputs, strict=True):
        given_ = [known[a] if isinstance(a, str) else a for a in step.args]
        with np.errstate(all="ignore"):
            found = np.asarray(function_of(step.name)(*given_)).astype(step.dtype)
        expected = np.broadcast_to(found, (4, 5))
        if step.name in CANCELLING:
            np.testing.assert_allclose(out, expected, rtol=2e-6, atol=2e-6)
        else:
            computed = min(step.types[-1], step.dtype, key=lambda t: t.itemsize)
            same(out.astype(computed), expected.astype(computed), 2 * ULPS.get(step.name, 0), str(kernel))
        known[step.into] = out  # the next step starts from the same numbers


# CUDA's compiler -------------------------------------------------------------------------------------------


def cuda_source(kernels: list[Kernel]) -> str:
    text = ""
    for i, kernel in enumerate(kernels):
        arrays = [*kernel.inputs, *kernel.outputs]
        parameters = ", ".join(f"{type_of(t)} *_{n}" for n, t in arrays)
        loads = "".join(f"const {type_of(t)} &{n} = _{n}[_i];\n" for n, t in kernel.inputs)
        loads += "".join(f"{type_of(t)} &{n} = _{n}[_i];\n" for n, t in kernel.outputs)
        text += f'extern "C" __global__ void kernel_{i}({parameters}) {{\n'
        text += f"int _i = blockIdx.x * blockDim.x + threadIdx.x;\n{loads}{kernel.body}\n}}\n"
    return text


def test_cudas_compiler_takes_them(tmp_path: Path) -> None:
    if shutil.which("nvcc") is None:
        pytest.skip("there is no CUDA compiler (nvcc)")
    kernels = [kernel for _, _, kernel in SINGLES]
    for name in sorted(CUDA_ALONE):
        kernels += [k for t in "fd" if (k := single(name, [np.dtype(t)]))]
    source = tmp_path / "kernels.cu"
    source.write_text(cuda_source(kernels))
    command = ["nvcc", "--fmad=false", "-ptx", "-o", str(tmp_path / "kernels.ptx"), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
