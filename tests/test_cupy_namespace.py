"""CuPy has every function, keyword and random draw that pdist asks of it.

Kernels write ``xp.name(...)``, ``special(xp).name(...)`` and ``rng.name(...)``; this reads them from the
source and asks CuPy's own namespace, which can be imported without a GPU. Where CuPy is not installed, the
list in tests/data/cupy_namespace.json stands for it. The list was made from CuPy 14.2 by

    pip install --target DIR cupy-cuda13x cuda-pathfinder --no-deps
    PYTHONPATH=DIR python tests/test_cupy_namespace.py --write
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
STORED = Path(__file__).parent / "data" / "cupy_namespace.json"

# What graphs need of CuPy's objects, and how it is called.
CUDA_OBJECTS = {
    "Stream.begin_capture": "mode",
    "Stream.end_capture": "",
    "Stream.is_capturing": "",
    "Graph.launch": "stream",
    "MemoryPool.malloc": "size",
    "Device.id": None,
    "Device.compute_capability": None,
}

# What CuPy's ufuncs take beside their arrays: no `where`, no `subok`.
UFUNC_KEYWORDS = "out dtype casting"

# --- What pdist asks for ----------------------------------------------------------------------------


@dataclass
class Request:
    """One use of a function.

    Args:
        group: ``"xp"``, ``"special"`` or ``"rng"``.
        name: dotted, as ``linalg.solve``.
        where: file and line.
        positional: how many arguments are given by position; None where it is not called or takes a star.
        keywords: the names of those given by keyword.
    """

    group: str
    name: str
    where: str
    positional: int | None = None
    keywords: list[str] = field(default_factory=list)


# What computes on the host, with NumPy's own generator.
ON_THE_HOST = ("pdist/testing/", "pdist/plotting.py", "pdist/autograd/gradient_check.py")


def requests() -> Iterator[Request]:
    for package in ("pdist", "pdist_nn"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith(ON_THE_HOST):
                yield from requests_of(path.read_text(encoding="utf-8"), name)


def requests_of(source: str, file: str) -> Iterator[Request]:
    """Every use of CuPy's names in a module, each once, the longest chain of attributes first."""
    tree = ast.parse(source)
    calls = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    inner = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or id(node) in inner:
            continue
        parts, base = [], node
        group = None
        while isinstance(base, ast.Attribute) and group is None:
            parts.append(base.attr)
            base = base.value  # type: ignore[assignment]
            group = group_of(base)
        if group is None or parts[0].startswith("__"):
            continue
        request = Request(group, ".".join(reversed(parts)), f"{file}:{node.lineno}")
        call = calls.get(id(node))
        if call is not None:
            request.keywords = [k.arg for k in call.keywords if k.arg is not None]
            if not any(isinstance(a, ast.Starred) for a in call.args):
                request.positional = len(call.args)
        yield request


def group_of(node: ast.expr) -> str | None:
    """Which namespace an expression stands for."""
    if isinstance(node, ast.Name):
        return {"xp": "xp", "rng": "rng", "cupy": "xp"}.get(node.id)
    if isinstance(node, ast.Attribute) and node.attr == "xp":
        return "xp"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return {"special": "special", "get_array_module": "xp", "module_of": "xp"}.get(node.func.id)
    return None


# --- What CuPy has ----------------------------------------------------------------------------------


def describe() -> dict[str, dict[str, str | None]]:
    """CuPy's names by group: each with its parameters in order, None where they cannot be known."""
    import cupy
    import cupyx.scipy.special

    generator = names_of(
        cupy.random.Generator, method=True
    )  # first: asked for, it appears in cupy.random too
    xp = names_of(cupy)
    for module in ("linalg", "cuda", "random"):
        xp |= {f"{module}.{name}": found for name, found in names_of(getattr(cupy, module)).items()}
    xp["cuda.runtime.CUDARuntimeError"] = parameters_of(cupy.cuda.runtime.CUDARuntimeError, method=False)
    for name, function in vars(cupy).items():
        if isinstance(function, cupy.ufunc):
            xp |= {
                f"{name}.{m}": None for m in ("at", "reduce", "accumulate", "outer") if hasattr(function, m)
            }
    xp["__version__"] = cupy.__version__
    return {
        "xp": xp,
        "special": names_of(cupyx.scipy.special),
        "rng": generator,
        "array": names_of(cupy.ndarray, method=True),
        "cuda": {
            f"{owner}.{name}": found
            for owner in ("Stream", "Graph", "MemoryPool", "Device")
            for name, found in names_of(getattr(cupy.cuda, owner), method=True).items()
        },
    }


def names_of(owner: Any, method: bool = False) -> dict[str, str | None]:
    found = {}
    for name in sorted(dir(owner)):
        if name.startswith("_") or name == "annotations":
            continue
        if not inspect.ismodule(value := getattr(owner, name)):
            found[name] = parameters_of(value, method)
    return found


def parameters_of(value: Any, method: bool) -> str | None:
    if type(value).__name__ == "ufunc":
        return " ".join([*(f"x{i + 1}" for i in range(value.nin)), UFUNC_KEYWORDS])
    if isinstance(value, type) or not callable(value):
        return None
    try:
        parameters = list(inspect.signature(value).parameters.values())
    except (TypeError, ValueError):
        return None
    names = [
        "*" * (p.kind is p.VAR_POSITIONAL) + "**" * (p.kind is p.VAR_KEYWORD) + p.name for p in parameters
    ]
    return " ".join(names[1:] if method else names)


def cupy_names() -> dict[str, dict[str, str | None]]:
    """From CuPy itself where it is installed, else from the stored list."""
    try:
        return describe()
    except ImportError:
        return json.loads(STORED.read_text(encoding="utf-8"))


def own_special_functions() -> set[str]:
    """The special functions that pdist adds to CuPy's."""
    from pdist.backend import cupy_special

    own = vars(type(cupy_special.special)) | vars(cupy_special.special) | vars(cupy_special)
    return {name for name in own if not name.startswith("_")}


def objection(request: Request, names: dict[str, dict[str, str | None]], own: set[str]) -> str:
    """What is wrong with a request; empty where CuPy grants it."""
    group = names[request.group]
    said = {"xp": "cupy.", "special": "cupyx.scipy.special.", "rng": "cupy.random.Generator."}[request.group]
    if request.group == "special" and request.name in own:
        return ""
    if request.group == "xp" and request.name.partition(".")[0] in ("float32", "float64", "ndarray"):
        return ""
    if request.name not in group:
        return f"{request.where}: there is no {said}{request.name}"
    parameters = group[request.name]
    if parameters is None or request.positional is None:
        return ""
    known = parameters.split()
    wrong = [k for k in request.keywords if k not in known]
    if wrong and not any(p.startswith("**") for p in known):
        return f"{request.where}: {said}{request.name} takes no {', '.join(wrong)}; it takes {parameters}"
    if request.positional > len(known) and not any(p.startswith("*") for p in known):
        return f"{request.where}: {said}{request.name} takes {parameters}; {request.positional} are given"
    return ""


# --- The tests --------------------------------------------------------------------------------------


def test_cupy_has_everything_that_kernels_use() -> None:
    names, own = cupy_names(), own_special_functions()
    found = [text for request in requests() if (text := objection(request, names, own))]
    assert not found, "not to be had from CuPy:\n" + "\n".join(found)


def test_cupys_objects_have_what_graphs_need() -> None:
    found = cupy_names()["cuda"]
    assert found.keys() >= CUDA_OBJECTS.keys()
    for name, parameters in CUDA_OBJECTS.items():
        assert found[name] in (None, parameters), name


def test_the_modules_of_cupy_are_looked_through() -> None:
    asked = {r.name for r in requests() if r.where.startswith("pdist/backend/cupy")}
    assert asked >= {"ElementwiseKernel", "cuda.Stream", "cuda.MemoryPool", "cuda.using_allocator"}


def test_requests_are_found() -> None:
    found = list(requests())
    assert {r.group for r in found} == {"xp", "special", "rng"}
    assert len(found) > 100
    assert any(r.name == "linalg.cholesky" for r in found)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("xp.logaddexp2exp(x)", "f.py:1: there is no cupy.logaddexp2exp"),
        ("\nxp.exp(x, where=x > 0)", "f.py:2: cupy.exp takes no where"),
        ("xp.linalg.schur(x)", "no cupy.linalg.schur"),
        ("self.xp.spam(x)", "no cupy.spam"),
        ("get_array_module(x).spam(x)", "no cupy.spam"),
        ("special(xp).spam(x)", "no cupyx.scipy.special.spam"),
        ("rng.multivariate_normal(m, c)", "no cupy.random.Generator.multivariate_normal"),
        ("rng.standard_normal(3, order='C')", "Generator.standard_normal takes no order"),
        ("rng.poisson(lam, 3, int, 4)", "Generator.poisson takes lam size; 4 are given"),
        ("xp.where(c, a, b, d)", "cupy.where takes condition x y; 4 are given"),
        ("xp.add.spam(a, i, b)", "no cupy.add.spam"),
    ],
)
def test_a_wrong_request_is_found(source: str, complaint: str) -> None:
    names = cupy_names()
    (request,) = [r for r in requests_of(source, "f.py") if objection(r, names, set())]
    assert complaint in objection(request, names, set())


@pytest.mark.parametrize(
    "source",
    [
        "xp.where(c, a, b)",
        "xp.add.at(a, i, b)",
        "xp.linalg.solve(a, b)",
        "xp.exp(x, out=x)",
        "rng.standard_normal(shape, dtype=d)",
        "special(xp).log_ndtr(x)",
        "xp.arange(n, dtype=xp.float32)",
        "xp.inf",
        "F.exp(x)",
        "self.rng_of.spam()",
    ],
)
def test_a_right_request_passes(source: str) -> None:
    names = cupy_names()
    assert not [text for r in requests_of(source, "f.py") if (text := objection(r, names, set()))]


def test_the_stand_in_offers_no_more_than_cupy() -> None:
    from pdist.testing import standin, standin_arrays

    names = cupy_names()
    assert names["special"].keys() >= standin.CUPYX_SPECIAL
    of_arrays = standin_arrays.METHODS | standin_arrays.ATTRIBUTES | {"get", "item", "tolist"}
    assert of_arrays <= names["array"].keys()
    for name, function in vars(standin.Generator).items():
        if not name.startswith("_"):
            assert parameters_of(function, method=True) == names["rng"][name], f"Generator.{name}"


def test_the_stored_list_is_cupys() -> None:
    """Where CuPy is installed in the version that the list was made from."""
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    assert stored["xp"]["where"] == parameters_of(lambda condition, x=None, y=None: x, method=False)
    assert cupy_names()["xp"].keys() >= {"where", "exp", "linalg.cholesky", "add.at"}
    found = cupy_names()
    if found["xp"]["__version__"] == stored["xp"]["__version__"]:
        for group, names in found.items():
            assert names.items() ^ stored[group].items() == set()


if __name__ == "__main__" and "--write" in sys.argv:
    STORED.write_text(json.dumps(describe(), indent=0, sort_keys=True) + "\n", encoding="utf-8")
