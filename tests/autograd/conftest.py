"""Ops made for one test and forgotten after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pdist.autograd import differentiable, op


@pytest.fixture
def new_op() -> Iterator[Callable[..., Any]]:
    """``differentiable``, but the names are free again after the test."""
    names: list[str] = []

    def make(kernel: Any = None, **options: Any) -> Any:
        if kernel is None:
            return lambda kernel: make(kernel, **options)
        function = differentiable(kernel, **options)
        names.append(kernel.__name__)
        return function

    yield make
    for name in set(names):
        op.forget(name)
