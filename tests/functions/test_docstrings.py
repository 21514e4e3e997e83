"""What the docstring of every public function has to hold, and the list of public functions itself.

The examples are run by ``test_regressions.py::test_docstring``.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re

import pytest

import pdist.functions as F

FAMILIES = [
    module
    for module in (
        importlib.import_module(f"pdist.functions.{found.name}") for found in pkgutil.iter_modules(F.__path__)
    )
    if hasattr(module, "__all__")
]


def section(doc: str, title: str) -> str:
    """The lines of ``doc`` indented below ``title:``, or nothing."""
    found = re.search(rf"^{title}:\n((?:    .*\n|\n)+)", doc + "\n", re.MULTILINE)
    return found[1] if found else ""


def arguments(doc: str) -> list[str]:
    """The names that the section Args explains, in order."""
    return re.findall(r"^    \*?(\w+): ", section(doc, "Args"), re.MULTILINE)


# Docstrings ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", F.__all__)
def test_a_docstring_has_a_summary_arguments_a_result_and_an_example(name: str):
    doc = inspect.getdoc(getattr(F, name)) or ""
    summary, blank, *_ = doc.split("\n")
    assert summary.endswith(".") and not blank
    assert section(doc, "Args")
    assert section(doc, "Returns")
    assert re.search(rf"^>>> .*\bF\.{name}\(", doc, re.MULTILINE), "the example calls the function as F.name"


@pytest.mark.parametrize("name", F.__all__)
def test_the_arguments_are_those_of_the_signature(name: str):
    function = getattr(F, name)
    assert arguments(inspect.getdoc(function) or "") == list(inspect.signature(function).parameters)


@pytest.mark.parametrize("name", F.__all__)
def test_a_default_that_is_a_number_is_named(name: str):
    """What an argument is if it is left out, said where it is explained; flags are on or off."""
    function = getattr(F, name)
    args = section(inspect.getdoc(function) or "", "Args")
    for parameter in inspect.signature(function).parameters.values():
        if type(parameter.default) in (int, float):
            entry = re.search(rf"^    {parameter.name}: (.*(?:\n        .*)*)", args, re.MULTILINE)
            assert entry and "default" in entry[1], parameter.name
            assert f"{parameter.default:g}" in entry[1], parameter.name


def test_the_checks_see_what_is_missing():
    doc = "Summary.\n\nArgs:\n    x: an array,\n        of any shape.\n    axis: an axis.\n\n>>> F.f(1)\n"
    assert arguments(doc) == ["x", "axis"]
    assert section(doc, "Args").count("\n") == 4
    assert section(doc, "Returns") == ""


# The public names ------------------------------------------------------------------------------------------


def test_no_name_is_public_twice():
    assert len(F.__all__) == len(set(F.__all__))
    assert F.__all__ == sorted(F.__all__)


def test_every_family_is_joined():
    names = [name for module in FAMILIES for name in module.__all__]
    assert sorted(names) == F.__all__
    for module in FAMILIES:
        for name in module.__all__:
            assert getattr(F, name) is getattr(module, name)
            assert getattr(module, name).__module__ == module.__name__


def test_a_star_import_brings_the_public_names_and_nothing_else():
    found: dict[str, object] = {}
    exec("from pdist.functions import *", found)
    found.pop("__builtins__")
    assert set(found) == set(F.__all__)
