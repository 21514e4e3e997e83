"""Settings: per thread, per block, back again after an error."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import pdist
import pdist.functions as F
from pdist import Variable
from pdist.autograd import differentiable


def test_no_backprop_mode_records_nothing():
    x = Variable(np.ones(2))
    with pdist.no_backprop_mode():
        y = F.exp(x)
        with pdist.force_backprop_mode():
            z = F.exp(x)
        w = F.concat([x, x], axis=0)
    assert not y.requires_grad
    assert y.creator is None
    assert not w.requires_grad
    assert z.requires_grad
    assert F.exp(x).requires_grad


def test_a_thread_without_backprop_stops_no_other():
    x, inside, go_on = Variable(np.ones(2)), threading.Event(), threading.Event()

    def work():
        with pdist.no_backprop_mode():
            inside.set()
            assert go_on.wait(60)
            answers.append(F.exp(x).requires_grad)
        answers.append(F.exp(x).requires_grad)

    answers: list[bool] = []
    thread = threading.Thread(target=work)
    thread.start()
    assert inside.wait(60)
    assert F.exp(x).requires_grad
    go_on.set()
    thread.join()
    assert answers == [False, True]
    pdist.config.enable_backprop = False
    try:
        assert not F.exp(x).requires_grad
        pdist.config.enable_backprop = False
    finally:
        pdist.config.enable_backprop = True
    assert F.exp(x).requires_grad


def test_a_setting_comes_back_after_an_error():
    with pytest.raises(RuntimeError), pdist.using_config("train", False):
        assert not pdist.config.train
        raise RuntimeError
    assert pdist.config.train


def test_blocks_nest():
    with pdist.using_config("dtype", "float64"):
        with pdist.using_config("dtype", np.float16):
            assert pdist.config.dtype == np.float16
        assert pdist.config.dtype == np.float64
    assert pdist.config.dtype == np.float32


def test_unknown_settings_and_values():
    with pytest.raises(
        AttributeError, match="no setting 'trein'; it has enable_backprop, train, validate, dtype"
    ):
        pdist.config.trein = False
    with pytest.raises(AttributeError, match="no setting 'trein'"), pdist.using_config("trein", False):
        pass
    with pytest.raises(ValueError, match="expected a floating dtype, got int32"):
        pdist.config.dtype = "int32"


def test_show(capsys):
    pdist.config.show()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["enable_backprop", "train", "validate", "dtype"]


def in_a_thread(function):
    answers = []
    thread = threading.Thread(target=lambda: answers.append(function()))
    thread.start()
    thread.join()
    return answers[0]


def test_another_thread_has_its_own_settings():
    x = Variable(np.ones(2))
    with pdist.no_backprop_mode():
        assert in_a_thread(lambda: F.exp(x).requires_grad)
        assert not F.exp(x).requires_grad


def test_two_threads_change_settings_at_once():
    x = Variable(np.ones(2))
    barrier = threading.Barrier(2)
    seen: dict[bool, set[bool]] = {True: set(), False: set()}

    def work(on: bool) -> None:
        barrier.wait()
        for _ in range(300):
            with pdist.using_config("enable_backprop", on):
                seen[on].add(F.exp(x).requires_grad)

    threads = [threading.Thread(target=work, args=(on,)) for on in seen]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {True: {True}, False: {False}}


def test_threads_build_and_differentiate_their_own_graphs():
    gradients: dict[int, np.ndarray] = {}
    barrier = threading.Barrier(4)

    def work(k: int) -> None:
        x = Variable(np.arange(3.0) + k)
        barrier.wait()
        for _ in range(100):
            x.cleargrad()
            F.sum(F.square(x) * k).backward()
        gradients[k] = x.grad

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k, g in gradients.items():
        np.testing.assert_array_equal(g, 2 * k * (np.arange(3.0) + k))


def test_threads_share_a_graph_through_grad():
    x = Variable(np.array([0.5, 1.0]))
    y = F.exp(x * x)
    answers: list[np.ndarray] = []

    def work() -> None:
        for _ in range(100):
            (g,) = pdist.grad([y], [x])
            answers.append(g.array)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 400
    for g in answers:
        np.testing.assert_array_equal(g, answers[0])


def test_first_calls_from_many_threads_at_once():
    for k in range(20):

        def fresh(xp, x, /, factor=2.0):
            return x * factor

        fresh.__name__ = f"fresh_{k}"
        f = differentiable(fresh)
        f.derivative(x=lambda F, g, factor: g * factor)
        barrier = threading.Barrier(4)
        results: list[float] = []

        def work(f=f, barrier=barrier, results=results) -> None:
            x = Variable(np.array(1.0))
            barrier.wait()
            f(x).backward()
            results.append(float(x.grad))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == [2.0] * 4
