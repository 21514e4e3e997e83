"""The README's code runs, prints what it says, and its links lead somewhere."""

from __future__ import annotations

import ast
import contextlib
import io
import re
from pathlib import Path

import matplotlib
import pytest

matplotlib.use("Agg")

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"


def blocks() -> list[tuple[int, str]]:
    """The Python blocks of the README, each with the line that it begins at."""
    text = README.read_text(encoding="utf-8")
    return [
        (text.count("\n", 0, found.start(1)), found.group(1))
        for found in re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    ]


def test_code_runs_and_prints_what_it_says(tmp_path, monkeypatch) -> None:
    """Blocks run one after the other in one namespace; a comment behind a ``print`` is what it prints."""
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__main__"}
    assert blocks()
    for start, source in blocks():
        tree = ast.parse("\n" * start + source, filename="README.md")
        lines = ("\n" * start + source).splitlines()
        for statement in tree.body:
            code = compile(ast.Module([statement], []), "README.md", "exec")
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(code, namespace)
            promised = re.search(r"^print\(.*\)\s+# (.*)$", lines[statement.end_lineno - 1])
            if promised:
                assert printed.getvalue().strip() == promised.group(1), f"README.md:{statement.end_lineno}"
    import matplotlib.pyplot as plt

    plt.close("all")


def test_it_begins_with_the_two_commands() -> None:
    first = re.search(r"^```[a-z]*\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert first is not None
    commands = [line.partition("#")[0].strip() for line in first.group(1).splitlines()]
    assert commands == ["make demo", "make test"]


@pytest.mark.parametrize("name", ["README.md", "examples/data/README.md"])
def test_links_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) + re.findall(r'src="([^"]+)"', text)
    missing = [
        target
        for target in targets
        if not target.startswith(("http://", "https://")) and not ((ROOT / name).parent / target).exists()
    ]
    assert not missing
