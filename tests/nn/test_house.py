"""How pdist_nn is built: short files, and no reaching into what Variables keep to themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import pdist_nn

FOLDER = Path(pdist_nn.__file__).parent
FILES = sorted(FOLDER.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_files_are_short_and_keep_out_of_variables(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") < 400
    own = path.name == "parameter.py"  # Parameter is a Variable
    pattern = r"(?<!self)\._(array|grad|node)\b" if own else r"\._(array|grad|node)\b"
    assert not re.findall(pattern, text)
