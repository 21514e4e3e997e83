"""Options and fixtures of the tests: the device that arrays live on, and how hard Hypothesis searches."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings

_LENIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "database": None}

# By default the same few examples at each run, so that nothing but a change makes a test fail; the deep
# profile draws others each time: pytest --hypothesis-profile=deep.
settings.register_profile("quick", max_examples=25, derandomize=True, **_LENIENT)
settings.register_profile("deep", max_examples=200, phases=tuple(Phase), print_blob=True, **_LENIENT)
settings.load_profile("quick")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--device",
        choices=("cpu", "cuda"),
        default="cpu",
        help="where the arrays of the tests that take a device live; cuda needs CuPy and a GPU",
    )


@pytest.fixture(scope="session")
def device(request: pytest.FixtureRequest) -> str:
    """The name of the device that --device chose."""
    return request.config.getoption("--device")


@pytest.fixture
def xp(device: str) -> Iterator[object]:
    """The array namespace of that device; inside the test new arrays are made there."""
    import pdist
    from pdist.backend import default_library

    with pdist.using_device(device):
        yield default_library().xp


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--device") == "cpu":
        reason = pytest.mark.skip(reason="needs a GPU: pytest --device cuda")
        for item in items:
            if "device" in item.keywords and item.get_closest_marker("device"):
                item.add_marker(reason)
