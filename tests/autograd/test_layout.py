"""The engine's modules: each stands on others below it, and imports them at its head."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import pdist.autograd

FOLDER = Path(pdist.autograd.__file__).parent
FILES = sorted(FOLDER.glob("*.py"))


def imports(path: Path) -> tuple[set[str], list[int]]:
    """The modules of the package that a file imports, and the lines of imports inside functions."""
    tree, modules = ast.parse(path.read_text()), {p.stem for p in FILES}
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    found, late = set(), []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            names = [node.module] if node.module else [alias.name for alias in node.names]
            found |= {name for name in names if name in modules}
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            late += [n.lineno for n in ast.walk(function) if isinstance(n, (ast.Import, ast.ImportFrom))]
    return found, late


def test_there_is_no_circle():
    graph = {path.stem: imports(path)[0] for path in FILES}
    order = list(TopologicalSorter(graph).static_order())  # raises if there is one
    assert order.index("graph") < order.index("variable") < order.index("codegen") < order.index("op")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_module_is_short_and_imports_at_its_head(path):
    assert imports(path)[1] == []
    assert len(path.read_text().splitlines()) < 400


def test_variable_is_complete_by_one_call():
    """Nobody else adds to the class."""
    writers = []
    for path in FOLDER.parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            targets = node.targets if isinstance(node, ast.Assign) else []
            if any(isinstance(t, ast.Attribute) and ast.unparse(t.value) == "Variable" for t in targets):
                writers.append(str(path))
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "complete":
                writers.append(str(path.relative_to(FOLDER.parent)))
    assert writers == ["functions/methods.py"]
