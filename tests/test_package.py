"""The package as a whole: who imports whom, what an import costs, what version it is."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# --- Import directions ----------------------------------------------------------------------------

# What each part may import besides itself. Anything else directly in pdist (its __init__ included) is its
# face, which sees all parts; no part sees the face, or every import of one part would be an import of all.
PARTS = {
    "pdist.backend": (),
    "pdist.autograd": ("pdist.backend",),
    "pdist.functions": ("pdist.backend", "pdist.autograd"),
    "pdist.numerics": ("pdist.backend", "pdist.autograd", "pdist.functions"),
    "pdist.distributions": ("pdist.backend", "pdist.autograd", "pdist.functions", "pdist.numerics"),
    "pdist.tracing": ("pdist.backend", "pdist.autograd"),
    "pdist.testing": ("pdist", "pdist_nn"),
    "pdist.plotting": ("pdist", "pdist_nn"),
    "pdist": ("pdist",),
    "pdist_nn": ("pdist",),
}
# They know everything, and nothing knows them.
TOPMOST = ("pdist.testing", "pdist.plotting")

# Within pdist.distributions each room knows itself and those before it. The __init__ sees all.
ROOMS = {"base": 0, "families": 1, "continuous": 2, "discrete": 2, "multivariate": 2}
ROOMS |= {"wrappers": 3, "divergences": 4}

GPU_LIBRARIES = ("cupy", "cupyx", "cupy_backends")
PARTS_WITH_GPU = ("pdist.backend",)


def is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def part_of(module: str) -> str:
    """The part that a module belongs to: the longest matching name of PARTS, or the module's first name."""
    found = [part for part in PARTS if is_within(module, part)]
    return max(found, key=len) if found else module.partition(".")[0]


def imports(source: str, module: str, is_package: bool, known: set[str]) -> Iterator[tuple[int, str]]:
    """Every import of a module, wherever in it, as line and absolute name.

    Args:
        source: The module's text.
        module: Its dotted name.
        is_package: Whether it is an ``__init__``, from which one dot means the package itself.
        known: All modules there are, to tell ``from . import module`` from ``from . import name``.
    """
    tree = ast.parse(source)
    # What is imported for annotations alone makes no dependency.
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = module.split(".")
                up = up[: len(up) - node.level + is_package]
                base = ".".join([*up, *([base] if base else [])])
            for alias in node.names:
                name = f"{base}.{alias.name}"
                yield node.lineno, name if name in known else base
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "__import__",
            "import_module",
            "importlib.import_module",
        ):
            for argument in node.args[:1]:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield node.lineno, argument.value


def objection(module: str, is_package: bool, target: str) -> str:
    """Why ``module`` may not import ``target``; empty where it may."""
    part, target_part = part_of(module), part_of(target)
    if target.partition(".")[0] in GPU_LIBRARIES:
        return "" if part in PARTS_WITH_GPU else f"only {' and '.join(PARTS_WITH_GPU)} imports CuPy"
    if target_part not in PARTS:
        return ""
    if part != target_part:
        if target_part in TOPMOST:
            return f"nothing imports {target_part}"
        allowed = PARTS[part]
        # The bare package stands for all its parts, a part only for itself.
        if not any(
            target_part == a or (a in ("pdist", "pdist_nn") and is_within(target, a)) for a in allowed
        ):
            return f"{part} may import {', '.join(allowed) or 'no part of pdist'} only"
        return ""
    if part == "pdist.distributions" and module != part:
        return objection_among_distributions(module.split(".")[2], target.split(".")[2:])
    return ""


def objection_among_distributions(room: str, target: list[str]) -> str:
    if not target:
        return "a module of pdist.distributions imports from the module that it needs, not from the package"
    for name in (room, target[0]):
        if name not in ROOMS:
            return f"{name} is no room of pdist.distributions; see ROOMS in tests/test_package.py"
    if target[:2] == ["divergences", "registry"]:
        return ""
    if ROOMS[target[0]] > ROOMS[room]:
        return f"{room} stands below {target[0]}; see ROOMS in tests/test_package.py"
    return ""


def wrong_imports(root: Path) -> list[str]:
    """All imports in pdist and pdist_nn that point the wrong way: file, line, import and why."""
    files = {}
    for package in ("pdist", "pdist_nn"):
        for path in sorted((root / package).rglob("*.py")):
            names = path.relative_to(root).with_suffix("").parts
            files[".".join(names[:-1] if names[-1] == "__init__" else names)] = path
    known = set(files)
    found = []
    for module, path in files.items():
        is_package = path.name == "__init__.py"
        for line, target in imports(path.read_text(encoding="utf-8"), module, is_package, known):
            if why := objection(module, is_package, target):
                found.append(f"{path.relative_to(root).as_posix()}:{line}: {module} imports {target}: {why}")
    return found


def test_imports_point_one_way() -> None:
    wrong = wrong_imports(ROOT)
    assert not wrong, "imports that point the wrong way:\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    ("path", "source", "complaint"),
    [
        (
            "pdist/backend/a.py",
            "from .. import autograd",
            "pdist/backend/a.py:1: pdist.backend.a imports pdist.autograd",
        ),
        (
            "pdist/autograd/a.py",
            "def f():\n    from ..functions import exp",
            "a.py:2: pdist.autograd.a imports",
        ),
        (
            "pdist/functions/a.py",
            "import pdist.distributions.continuous.normal as n",
            "imports pdist.distributions.continuous.normal",
        ),
        ("pdist/functions/a.py", "from pdist import Variable", "pdist.functions may import"),
        ("pdist/functions/__init__.py", "from ..tracing import record", "imports pdist.tracing"),
        ("pdist/numerics/a.py", "from ..distributions import Normal", "imports pdist.distributions"),
        ("pdist/tracing/a.py", "from .. import functions as F", "imports pdist.functions"),
        ("pdist/distributions/a.py", "import pdist_nn", "imports pdist_nn"),
        (
            "pdist/distributions/base/a.py",
            "from ..continuous.normal import Normal",
            "base stands below continuous",
        ),
        (
            "pdist/distributions/continuous/a.py",
            "from ..wrappers.independent import Independent",
            "continuous stands below wrappers",
        ),
        ("pdist/distributions/continuous/a.py", "from .. import Normal", "not from the package"),
        ("pdist/distributions/a.py", "from .base import b", "a is no room"),
        ("pdist/distributions/a.py", "import cupy as cp", "only pdist.backend imports CuPy"),
        (
            "pdist_nn/a.py",
            "import importlib\nimportlib.import_module('cupyx.scipy')",
            "a.py:2: pdist_nn.a imports cupyx",
        ),
        ("pdist_nn/links/a.py", "from pdist import plotting", "nothing imports pdist.plotting"),
        ("pdist/__init__.py", "from . import testing", "nothing imports pdist.testing"),
        ("pdist/face.py", "import pdist_nn.links", "pdist may import pdist only"),
    ],
)
def test_a_wrong_import_is_found(tmp_path: Path, path: str, source: str, complaint: str) -> None:
    lay_out(tmp_path, {path: source})
    (found,) = wrong_imports(tmp_path)
    assert complaint in found


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("pdist/backend/a.py", "import cupy\nfrom . import b\nfrom .b import c"),
        (
            "pdist/autograd/a.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..functions import exp",
        ),
        (
            "pdist/distributions/continuous/a.py",
            "from ... import functions as F\nfrom .normal import Normal\nfrom ..base import b",
        ),
        (
            "pdist/distributions/wrappers/independent.py",
            "from .normal import Normal\nfrom .base import Distribution",
        ),
        (
            "pdist/distributions/__init__.py",
            "from .wrappers.independent import Independent\nfrom .continuous.normal import Normal",
        ),
        ("pdist/tracing/a.py", "from ..autograd import Variable\nfrom .. import backend"),
        ("pdist/testing/a.py", "import pdist\nimport pdist_nn\nimport pdist.tracing\nfrom .. import b"),
        ("pdist/__init__.py", "from . import functions\nfrom .distributions import base\nimport numpy"),
        (
            "pdist_nn/links/a.py",
            "import pdist\nfrom pdist import functions as F\nfrom pdist.autograd import Variable",
        ),
    ],
)
def test_a_right_import_is_not_found(tmp_path: Path, path: str, source: str) -> None:
    lay_out(tmp_path, {path: source})
    assert wrong_imports(tmp_path) == []


def lay_out(root: Path, written: dict[str, str]) -> None:
    """A made-up package with every part in it, empty but for the files written."""
    modules = [*(part.replace(".", "/") + "/__init__.py" for part in PARTS), "pdist/backend/b.py"]
    modules += [
        f"pdist/distributions/{name}.py" for name in ("continuous/normal", "base/b", "wrappers/independent")
    ]
    for path, source in {**dict.fromkeys(modules, ""), **written}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(source, encoding="utf-8")


# --- The weight of an import ----------------------------------------------------------------------


def fresh(code: str) -> str:
    """What a fresh interpreter prints, untouched by what this one's environment says to Python."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV_"))
    }
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_brings_in_nothing_but_numpy_and_scipy() -> None:
    code = "import {}, sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    # Compiled modules leave odd names of their own behind, which the same modules leave without pdist too.
    usual = set(fresh(code.format("numpy, scipy.special")).split()) | set(sys.stdlib_module_names)
    foreign = set(fresh(code.format("pdist")).split()) - usual - {"pdist"}
    assert not foreign, f"import pdist imports {', '.join(sorted(foreign))} too"


def test_import_is_light() -> None:
    """At most 1.3 times `import numpy, scipy.special`.

    The main thread's processor time, which counts neither waiting on a busy machine nor the threads that BLAS
    starts, and the least of some runs, which noise can only lengthen; more runs are made while they may still
    help.
    """
    code = "import time; start = time.thread_time(); import {}; print(time.thread_time() - start)"
    theirs, ours = "numpy, scipy.special", "pdist"
    least = {name: float("inf") for name in (theirs, ours)}
    for name in least:
        fresh(code.format(name))  # compiles what is not compiled yet
    for _ in range(15):
        for name in least:
            least[name] = min(least[name], float(fresh(code.format(name))))
        if least[ours] < 1.2 * least[theirs]:
            break
    ratio = least[ours] / least[theirs]
    # CPython can be a third slower at some depths of the stack, where each call goes over the edge of a chunk
    # of it; that pdist/__init__.py imports NumPy and SciPy itself, before its parts do, keeps clear of that.
    assert ratio < 1.3, f"import pdist takes {ratio:.2f} times as long as import {theirs}"


# --- The version ----------------------------------------------------------------------------------


def test_version_is_said_once() -> None:
    import pdist

    with open(ROOT / "pyproject.toml", "rb") as file:
        assert pdist.__version__ == tomllib.load(file)["project"]["version"]
