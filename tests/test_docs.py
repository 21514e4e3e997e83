"""The pages under docs: their code runs, prints what they say, and shows what it shows there.

A comment behind a ``print`` is what it prints. A block after ``<!-- shown: EXPRESSION -->`` is what the
expression is at that point; lines of three dots stand for what is left out. ``python tests/test_docs.py``
writes such blocks anew, those with dots aside.
"""

from __future__ import annotations

import ast
import contextlib
import io
import linecache
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"(?:^<!-- (\w+): (.*?) -->\n)?^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block."""

    mark: str | None
    of: str
    language: str
    text: str
    line: int
    span: tuple[int, int]


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page that are code or shown by code."""
    text = page.read_text(encoding="utf-8")
    for found in BLOCK.finditer(text):
        mark, of, language, body = found.groups()
        if language == "python" or mark == "shown":
            yield Block(mark, of, language, body, text.count("\n", 0, found.start(4)), found.span(4))


def shown(page: Path) -> Iterator[tuple[Block, str]]:
    """Run the code of a page; each block that shows something, with what it should show."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks(page):
        if block.mark == "shown":
            yield block, str(eval(block.of, names)).strip("\n") + "\n"
            continue
        # A block with a name is that file; any other one has the lines of the page
        file = block.of if block.mark == "file" else page.name
        source = block.text if block.mark == "file" else "\n" * block.line + block.text
        linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
        lines = source.splitlines()
        for statement in ast.parse(source).body:
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(ast.Module([statement], []), file, "exec"), names)
            promised = re.search(r"^\s*print\(.*\)\s+# (.*)$", lines[(statement.end_lineno or 1) - 1])
            if promised:
                assert printed.getvalue().strip() == promised.group(1), (
                    f"{page.name}: {ast.unparse(statement)}"
                )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_show_what_is_so(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for block, now in shown(page):
        left_out = re.split(r"^ *\.\.\.\n", block.text, flags=re.MULTILINE)
        if len(left_out) == 1:
            assert block.text == now, "python tests/test_docs.py writes it anew"
        for part in left_out:
            assert part in now


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for target, anchor in re.findall(r"\]\(([^)#\s]*)(#[^)]*)?\)", text):
            if not target.startswith("http"):
                assert (page.parent / target).exists() if target else True, f"{page.name}: {target}"
                headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
                slugs = [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]
                assert target or anchor[1:] in slugs, f"{page.name}: {anchor}"


def test_the_pass_of_the_guide() -> None:
    from alone import calls, hold

    (text,) = [b.text for b in blocks(ROOT / "docs" / "tracing.md") if "program.replace" in b.text]
    names: dict[str, Any] = {}
    exec(text, names)
    one = names["drop_second_abs"]
    x = np.linspace(-1, 1, 9)

    def changed(x: Any) -> Any:
        y = abs(x)
        z = abs(y)
        y[:3] = -1
        return z * 2 + y

    assert calls(hold(lambda x: abs(abs(x)) + 1, [x], one)) == ["absolute", "add"]
    assert calls(hold(lambda x: abs(abs(x)), [x], one)) == ["absolute", "absolute"]
    assert calls(hold(changed, [x], one)).count("absolute") == 2


def write_anew() -> None:
    """Write what is shown into the pages."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for block, now in reversed(list(shown(page))):
            if not re.search(r"^ *\.\.\.\n", block.text, re.MULTILINE):
                text = text[: block.span[0]] + now + text[block.span[1] :]
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_anew()
