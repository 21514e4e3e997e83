"""Kernels' own text, compiled as C: what a GPU would run, run here."""

from __future__ import annotations

import ctypes
import itertools
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pdist.tracing.cuda.kernels import Kernel, type_of

_numbers = itertools.count()


def c_function(kernel: Kernel, name: str) -> str:
    """A C function that runs a kernel over arrays of n elements."""
    arrays = [*kernel.inputs, *kernel.outputs]
    parameters = ", ".join(f"{type_of(t)} *_{n}" for n, t in arrays)
    loads = "".join(f"{type_of(t)} {n} = _{n}[_i];\n" for n, t in kernel.inputs)
    loads += "".join(f"{type_of(t)} {n};\n" for n, t in kernel.outputs)
    stores = "".join(f"_{n}[_i] = {n};\n" for n, _ in kernel.outputs)
    return (
        f"void {name}(long _n, {parameters}) {{\n"
        f"for (long _i = 0; _i < _n; _i++) {{\n{loads}{kernel.body}\n{stores}}}\n}}\n"
    )


def compiled(kernels: list[Kernel], folder: Path) -> list[Callable[..., None]]:
    """Functions of NumPy arrays: the inputs, of any shapes that broadcast, then the outputs."""
    names = [f"kernel_{i}" for i in range(len(kernels))]
    source = folder / f"kernels_{next(_numbers)}.c"
    text = "#include <math.h>\n#include <stdbool.h>\n"
    text += "".join(c_function(k, n) for k, n in zip(kernels, names, strict=True))
    source.write_text(text)
    made = source.with_suffix(".so")
    flags = ["-O2", "-std=c11", "-ffp-contract=off", "-fwrapv", "-Werror", "-shared", "-fPIC"]
    done = subprocess.run(
        ["gcc", *flags, "-o", made, source, "-lm"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr + text
    loaded = ctypes.CDLL(str(made))
    return [_runs(getattr(loaded, n), k) for k, n in zip(kernels, names, strict=True)]


def _runs(function: Any, kernel: Kernel) -> Callable[..., None]:
    n_in = len(kernel.inputs)

    def run(*arrays: np.ndarray) -> None:
        shape = np.broadcast_shapes(*[a.shape for a in arrays])
        full = [np.array(np.broadcast_to(a, shape), order="C") for a in arrays]
        for (name, dtype), array in zip([*kernel.inputs, *kernel.outputs], full, strict=True):
            assert array.dtype == dtype, f"{kernel.name}: {name}"
        size = full[0].size
        function(ctypes.c_long(size), *[ctypes.c_void_p(a.ctypes.data) for a in full])
        for target, found in zip(arrays[n_in:], full[n_in:], strict=True):
            target[...] = found

    return run


@pytest.fixture(scope="session")
def in_c(tmp_path_factory: pytest.TempPathFactory) -> Callable[[list[Kernel]], list[Callable[..., None]]]:
    """Compiles kernels."""
    if shutil.which("gcc") is None:
        pytest.skip("there is no C compiler (gcc)")
    folder = tmp_path_factory.mktemp("kernels")
    return lambda kernels: compiled(kernels, folder)


@pytest.fixture
def kernels_in_c(in_c: Any) -> Iterator[list[Kernel]]:
    """Lets the stand-in run kernels by their C text; the list fills with those that it made."""
    from pdist.testing import standin

    made: list[Kernel] = []

    def elementwise(kernel: Kernel) -> Callable[..., None]:
        made.append(kernel)
        (run,) = in_c([kernel])

        return lambda *arrays: standin.perform(run, arrays, {})

    before = standin.library.elementwise
    object.__setattr__(standin.library, "elementwise", elementwise)
    try:
        yield made
    finally:
        object.__setattr__(standin.library, "elementwise", before)
