"""The house: which room may import which, no circles, how files are named and how long they are."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
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
    "pdist.transforms": ("pdist.backend", "pdist.autograd", "pdist.functions", "pdist.numerics"),
    "pdist.distributions": (
        "pdist.backend",
        "pdist.autograd",
        "pdist.functions",
        "pdist.numerics",
        "pdist.transforms",
    ),
    "pdist.tracing": ("pdist.backend", "pdist.autograd"),
    "pdist.testing": ("pdist", "pdist_nn"),
    "pdist.plotting": ("pdist", "pdist_nn"),
    "pdist": ("pdist",),
    "pdist_nn": ("pdist",),
}
# They know everything, and nothing knows them.
TOPMOST = ("pdist.testing", "pdist.plotting")

# The rooms of a part, from the ground up: a room knows itself and the floors below its own, and not its
# neighbours on the same floor. "" stands for the files that lie in no room. The __init__ sees all.
ROOMS: dict[str, list[tuple[str, ...]]] = {
    "pdist.distributions": [
        ("base",),
        ("families",),
        ("circular", "continuous", "discrete"),
        ("multivariate",),
        ("wrappers",),
        ("bridges", "divergences"),
    ],
    "pdist_nn": [("datasets",), ("",), ("heads", "links", "optimizers"), ("training",)],
}

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
    if part in ROOMS and module != part:
        return objection_between_rooms(part, module, target)
    return ""


def objection_between_rooms(part: str, module: str, target: str) -> str:
    if target == part:
        return f"a module of {part} imports from the module that it needs, not from the package"
    floors = {room: floor for floor, rooms in enumerate(ROOMS[part]) for room in rooms}
    names = [name[len(part) + 1 :].partition(".")[0] for name in (module, target)]
    room, target_room = (name if name in floors or "" not in floors else "" for name in names)
    for name in (room, target_room):
        if name not in floors:
            return f"{name} is no room of {part}; see ROOMS in tests/test_house.py"
    if floors[target_room] > floors[room]:
        return f"{room or 'the groundwork'} stands below {target_room}; see ROOMS in tests/test_house.py"
    if floors[target_room] == floors[room] and target_room != room:
        return f"{room} and {target_room} stand side by side; see ROOMS in tests/test_house.py"
    return ""


def modules(root: Path) -> dict[str, Path]:
    """The files of pdist and pdist_nn by the names of their modules."""
    found = {}
    for package in ("pdist", "pdist_nn"):
        for path in sorted((root / package).rglob("*.py")):
            names = path.relative_to(root).with_suffix("").parts
            found[".".join(names[:-1] if names[-1] == "__init__" else names)] = path
    return found


def all_imports(root: Path) -> Iterator[tuple[str, Path, int, str]]:
    """Every import: the module, its file, the line, and what is imported."""
    files = modules(root)
    for module, path in files.items():
        text = path.read_text(encoding="utf-8")
        for line, target in imports(text, module, path.name == "__init__.py", set(files)):
            yield module, path, line, target


def wrong_imports(root: Path) -> list[str]:
    """All imports in pdist and pdist_nn that point the wrong way: file, line, import and why."""
    found = []
    for module, path, line, target in all_imports(root):
        if why := objection(module, path.name == "__init__.py", target):
            found.append(f"{path.relative_to(root).as_posix()}:{line}: {module} imports {target}: {why}")
    return found


def test_imports_point_one_way() -> None:
    wrong = wrong_imports(ROOT)
    assert not wrong, "imports that point the wrong way:\n" + "\n".join(wrong)


def test_every_part_and_room_is_named() -> None:
    def packages(path: Path) -> set[str]:
        return {init.parent.name for init in path.glob("*/__init__.py")}

    assert {f"pdist.{name}" for name in packages(ROOT / "pdist")} == PARTS.keys() - {"pdist", "pdist_nn"}
    for part, floors in ROOMS.items():
        rooms = {room for floor in floors for room in floor} - {""}
        assert packages(ROOT / part.replace(".", "/")) == rooms, part


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
        (
            "pdist/distributions/base/a.py",
            "def kl():\n    from ..divergences import registry",
            "imports pdist.distributions.divergences.registry: base stands below divergences",
        ),
        (
            "pdist/distributions/discrete/a.py",
            "from ..continuous.normal import Normal",
            "discrete and continuous stand side by side",
        ),
        ("pdist_nn/a.py", "from .training import b", "the groundwork stands below training"),
        ("pdist_nn/links/a.py", "from ..optimizers import b", "links and optimizers stand side by side"),
        ("pdist_nn/training/a.py", "from .. import Link", "not from the package"),
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
        ("pdist_nn/training/a.py", "from ..optimizers import b\nfrom ..link import Link\nfrom . import c"),
    ],
)
def test_a_right_import_is_not_found(tmp_path: Path, path: str, source: str) -> None:
    lay_out(tmp_path, {path: source})
    assert wrong_imports(tmp_path) == []


def lay_out(root: Path, written: dict[str, str]) -> None:
    """A made-up package with every part in it, empty but for the files written."""
    paths = [*(part.replace(".", "/") + "/__init__.py" for part in PARTS), "pdist/backend/b.py"]
    rooms = ("continuous/normal", "base/b", "wrappers/independent", "divergences/registry")
    paths += [f"pdist/distributions/{name}.py" for name in rooms]
    paths += [f"pdist_nn/{name}.py" for name in ("link", "optimizers/b", "training/b")]
    for path, source in {**dict.fromkeys(paths, ""), **written}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(source, encoding="utf-8")


# --- Circles --------------------------------------------------------------------------------------


def circles(root: Path) -> list[list[str]]:
    """Modules that import one another in a circle, wherever in a function the imports stand."""
    graph: dict[str, set[str]] = {module: set() for module in modules(root)}
    for module, _, _, target in all_imports(root):
        if target in graph and target != module:
            graph[module].add(target)
    found, done = [], set()

    def follow(module: str, path: list[str]) -> None:
        if module in path:
            found.append([*path[path.index(module) :], module])
        elif module not in done:
            for target in sorted(graph[module]):
                follow(target, [*path, module])
            done.add(module)

    for module in graph:
        follow(module, [])
    return found


def told(found: Iterable[list[str]]) -> str:
    return "\n".join(" -> ".join(circle) for circle in found)


def test_no_modules_import_one_another() -> None:
    found = circles(ROOT)
    assert not found, f"circles of imports:\n{told(found)}"


def test_a_circle_is_found(tmp_path: Path) -> None:
    lay_out(
        tmp_path,
        {
            "pdist/backend/a.py": "from . import b",
            "pdist/backend/b.py": "def f():\n    from .c import g",
            "pdist/backend/c.py": "from .a import h",
            "pdist/backend/d.py": "from .a import h",
        },
    )
    name = "pdist.backend."
    assert told(circles(tmp_path)) == f"{name}a -> {name}b -> {name}c -> {name}a"


def test_an_import_for_annotations_closes_no_circle(tmp_path: Path) -> None:
    only_types = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .a import T"
    lay_out(tmp_path, {"pdist/backend/a.py": "from . import b", "pdist/backend/b.py": only_types})
    assert circles(tmp_path) == []


# --- Files ----------------------------------------------------------------------------------------


def test_files_are_short() -> None:
    """A file has one subject; one of more than 400 lines has probably two."""
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in modules(ROOT).values()
    }
    long = [f"{name} ({n})" for name, n in lengths.items() if n > 400]
    assert not long, f"longer than 400 lines: {', '.join(long)}"


def test_no_module_hides_behind_an_underscore() -> None:
    hidden = [
        path.relative_to(ROOT).as_posix()
        for path in modules(ROOT).values()
        for name in path.relative_to(ROOT).with_suffix("").parts
        if name.startswith("_") and name not in ("__init__", "__main__")
    ]
    assert not hidden, f"a name says what is inside: {', '.join(hidden)}"
