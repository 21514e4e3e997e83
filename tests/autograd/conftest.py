"""The engine runs on the chosen device and on the stand-in; ops made for one test are forgotten after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import pdist
from pdist.autograd import differentiable, op
from pdist.backend import default_library
from pdist.testing import standin


@pytest.fixture(params=["device", standin.library.name])
def xp(request: pytest.FixtureRequest, device: str) -> Iterator[Any]:
    """The namespace of new arrays."""
    with pdist.using_device(device if request.param == "device" else request.param):
        yield default_library().xp


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
