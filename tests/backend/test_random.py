"""Random streams: seeds, states, devices, threads."""

from __future__ import annotations

import json
import threading

import numpy as np
import pytest

import pdist
from pdist import random, to_cpu
from pdist.testing import standin


@pytest.fixture(autouse=True)
def streams_as_before():
    state = random.get_state()
    yield
    random.set_state(state)


def draws(xp=np, n=4):
    return to_cpu(random.generator(xp).random(n))


def test_a_seed_decides_the_draws():
    random.seed(7)
    first = draws()
    np.testing.assert_array_equal(first, np.random.default_rng(7).random(4))
    random.seed(7)
    np.testing.assert_array_equal(draws(), first)
    random.seed(8)
    assert not np.array_equal(draws(), first)


def test_without_a_seed_each_start_is_another():
    random.seed(None)
    first = draws()
    random.seed(None)
    assert not np.array_equal(draws(), first)


@pytest.mark.parametrize(
    ("seed", "error"), [(-1, ValueError), (1.5, TypeError), ("1", TypeError), (True, TypeError)]
)
def test_a_wrong_seed_changes_nothing(seed, error):
    random.seed(3)
    with pytest.raises(error, match=r"random\.seed: expected an integer"):
        random.seed(seed)
    np.testing.assert_array_equal(draws(), np.random.default_rng(3).random(4))


def test_devices_have_streams_of_their_own():
    random.seed(5)
    host, other = draws(), draws(standin.xp)
    assert not np.array_equal(host, other)
    random.seed(5)
    np.testing.assert_array_equal(draws(standin.xp), other)
    np.testing.assert_array_equal(draws(), host)
    with pdist.using_device("standin"):
        assert isinstance(random.generator().random(), standin.StandIn)


def test_a_state_continues_all_streams():
    random.seed(5)
    draws(), draws(standin.xp)
    state = json.loads(json.dumps(random.get_state()))
    expected = draws(), draws(standin.xp)
    random.seed(99)
    random.set_state(state)
    np.testing.assert_array_equal(draws(), expected[0])
    np.testing.assert_array_equal(draws(standin.xp), expected[1])


def test_a_stream_that_was_not_in_use_begins_from_the_seed_of_then():
    random.seed(5)
    state = random.get_state()
    expected = draws(standin.xp)
    random.seed(99)
    draws(standin.xp)
    random.set_state(state)
    np.testing.assert_array_equal(draws(standin.xp), expected)


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"seed": 1},
        {"seed": "x", "streams": {}},
        {"seed": 1, "streams": {"nowhere": {}}},
        {"seed": 1, "streams": {"numpy": {"bit_generator": "MT19937"}}},
        {"seed": 1, "streams": {"numpy": 3}},
    ],
)
def test_a_wrong_state_changes_nothing(state):
    random.seed(5)
    draws()
    expected = np.random.default_rng(5).random(8)[4:]
    with pytest.raises(ValueError, match="not a state of get_state"):
        random.set_state(state)
    np.testing.assert_array_equal(draws(), expected)


def test_what_rng_stands_for():
    random.seed(1)
    assert random.as_generator(None, np) is random.generator(np)
    own = np.random.default_rng(0)
    assert random.as_generator(own, np) is own
    for seed in (3, np.int64(3), np.random.SeedSequence(3)):
        np.testing.assert_array_equal(
            random.as_generator(seed, np).random(2), np.random.default_rng(3).random(2)
        )
    assert isinstance(random.as_generator(3, standin.xp).random(2), standin.StandIn)


@pytest.mark.parametrize("rng", ["3", 1.5, True, np.random.RandomState(0), object()])
def test_what_rng_does_not_stand_for(rng):
    with pytest.raises(TypeError, match="rng: expected None, a seed or a generator"):
        random.as_generator(rng, np)


def test_a_generator_of_another_library_is_refused():
    with pytest.raises(TypeError, match=r"numpy\.random.*Generator does not make standin arrays"):
        random.as_generator(np.random.default_rng(0), standin.xp)
    with pytest.raises(TypeError, match="does not make numpy arrays"):
        random.as_generator(standin.Generator(0), np)


def test_threads_share_a_stream_without_losing_draws():
    random.seed(11)
    found: list[float] = []
    barrier = threading.Barrier(4)

    def work() -> None:
        barrier.wait()
        for _ in range(250):
            found.append(float(random.generator(np).random()))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(np.random.default_rng(11).random(1000))
