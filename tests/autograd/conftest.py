"""The engine runs on the chosen device and on the stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import pdist
from pdist.backend import default_library
from pdist.testing import standin


@pytest.fixture(params=["device", standin.library.name])
def xp(request: pytest.FixtureRequest, device: str) -> Iterator[Any]:
    """The namespace of new arrays."""
    with pdist.using_device(device if request.param == "device" else request.param):
        yield default_library().xp
