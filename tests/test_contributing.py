"""The examples of CONTRIBUTING.md do what it says: they are executed as they stand."""

from __future__ import annotations

import doctest
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

import pdist.distributions
from pdist import Variable
from pdist.autograd.gradient_check import check_gradients
from pdist.testing import PROPERTIES, check_scipy
from pdist.testing.catalogue import Entry
from pdist.testing.checking import search

TEXT = (Path(__file__).resolve().parent.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"<!-- example: (\w+) -->\n```python\n(.*?)```", TEXT, flags=re.DOTALL))


@pytest.fixture(scope="module")
def logistic() -> Iterator[ModuleType]:
    """The example's file as a module of pdist.distributions."""
    name = "pdist.distributions.continuous.logistic_of_the_example"
    module = ModuleType(name)
    module.__package__ = "pdist.distributions.continuous"
    sys.modules[name] = module  # pickling looks there
    exec(compile(EXAMPLES["distribution"], "CONTRIBUTING.md", "exec"), module.__dict__)
    yield module
    del sys.modules[name]


@pytest.fixture(scope="module")
def entry(logistic: ModuleType) -> Entry:
    names = {**vars(pdist.distributions), "Logistic": logistic.Logistic}
    return eval(EXAMPLES["entry"], {"Entry": Entry, "stats": stats, "D": SimpleNamespace(**names)})


@pytest.mark.parametrize("name", sorted(PROPERTIES.keys() - {"kl"}))
def test_the_distribution_of_the_example_has_every_property(entry: Entry, name: str) -> None:
    search(PROPERTIES[name], entry.distributions(min_side=1), 5)


def test_it_agrees_with_its_twin(entry: Entry) -> None:
    search(check_scipy, entry.distributions(dtype=np.float64, min_side=1), 5, twin=entry.twin)


def test_its_docstring_is_right(logistic: ModuleType) -> None:
    assert doctest.testmod(logistic).failed == 0 < doctest.testmod(logistic).attempted


def test_the_one_line_check(logistic: ModuleType) -> None:
    exec(EXAMPLES["check"], {"Logistic": logistic.Logistic})


def test_the_operation_of_the_example() -> None:
    names: dict[str, Any] = {"__name__": "the_example"}
    exec(EXAMPLES["op"], names)
    x = np.linspace(-2, 2, 7)
    y = names["gudermannian"](Variable(x))
    np.testing.assert_allclose(y.array, 2 * np.arctan(np.tanh(x / 2)), rtol=1e-14)
    check_gradients(names["gudermannian"], [x])


def test_every_example_is_tested() -> None:
    assert EXAMPLES.keys() == {"op", "distribution", "entry", "check"}
    assert TEXT.count("```python") == len(EXAMPLES)
