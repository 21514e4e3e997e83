"""Which library an array belongs to, and moving arrays between libraries."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import pdist
import pdist.functions as F
from pdist import Variable, get_array_module, to_cpu, to_gpu, using_device
from pdist.backend import (
    Library,
    default_library,
    library,
    library_of,
    named_library,
    numpy_library,
    register_library,
    special,
    unregister_library,
)
from pdist.testing import standin


class Wrapped:
    """An array of a library made up here."""

    def __init__(self, host):
        self.host = np.asarray(host)
        self.shape, self.dtype, self.ndim = self.host.shape, self.host.dtype, self.host.ndim


class WrappedNamespace:
    __name__ = "wrapped"


def record(**changes):
    fields = {
        "name": "wrapped",
        "array_type": Wrapped,
        "xp": WrappedNamespace(),
        "special": None,
        "new_stream": np.random.default_rng,
        "from_host": Wrapped,
        "to_host": lambda array: array.host,
        "device_of": lambda array: "wrapped",
    }
    return Library(**{**fields, **changes})


@pytest.fixture
def wrapped():
    known = register_library(record())
    yield known
    unregister_library(known)


def test_an_array_knows_its_library(wrapped):
    assert library_of(np.zeros(1)) is numpy_library
    assert library_of(Wrapped(1.0)) is wrapped
    assert library_of(standin.asarray(1.0)) is standin.library
    for value in (1.0, [1.0], None, np.float64(1.0), "text"):
        assert library_of(value) is None


def test_a_subclass_belongs_to_the_library_of_its_base(wrapped):
    class Special(Wrapped):
        pass

    assert library_of(Special(1.0)) is wrapped
    assert library_of(np.ma.masked_array([1.0])) is numpy_library


def test_a_namespace_knows_its_library(wrapped):
    assert library(np) is numpy_library
    assert library(wrapped.xp) is wrapped
    assert special(np).__name__ == "scipy.special"
    with pytest.raises(TypeError, match="not the namespace of a known array library"):
        library(threading)


def test_get_array_module(wrapped):
    assert get_array_module() is np
    assert get_array_module(1.0, [2.0], None) is np
    assert get_array_module(np.zeros(1), 1.0) is np
    assert get_array_module(1.0, Wrapped(1.0)) is wrapped.xp
    assert get_array_module(np.zeros(1), Variable(standin.asarray(1.0))) is standin.xp


def test_a_library_can_be_forgotten_and_registered_again(wrapped):
    assert register_library(wrapped) is wrapped
    unregister_library(wrapped)
    assert library_of(Wrapped(1.0)) is None
    register_library(wrapped)
    assert named_library("wrapped") is wrapped


@pytest.mark.parametrize(
    "changes", [{"array_type": int}, {"name": "other"}, {"name": "numpy", "array_type": int}]
)
def test_libraries_do_not_share_names_types_or_namespaces(wrapped, changes):
    with pytest.raises(ValueError, match="clashes with"):
        register_library(record(**changes))
    assert named_library("wrapped") is wrapped
    assert library_of(np.zeros(1)) is numpy_library


def test_numpy_stays():
    with pytest.raises(ValueError, match="NumPy cannot be removed"):
        unregister_library(numpy_library)


def test_to_cpu(wrapped):
    array = np.zeros(3)
    assert to_cpu(array) is array
    np.testing.assert_array_equal(to_cpu(Wrapped([1.0, 2.0])), [1.0, 2.0])
    np.testing.assert_array_equal(to_cpu(3.0), 3.0)


def test_without_cupy_a_gpu_is_an_error_that_says_how_to_get_it():
    try:
        import cupy  # noqa: F401
    except ImportError:
        for ask in (
            lambda: to_gpu(np.zeros(1)),
            lambda: using_device("cuda").__enter__(),
            lambda: using_device(0).__enter__(),
            lambda: named_library("cupy"),
        ):
            with pytest.raises(ImportError, match=r"pip install 'pdist\[cuda12\]' or 'pdist\[cuda13\]'"):
                ask()
    assert default_library() is numpy_library


def test_new_arrays_are_made_where_using_device_says(wrapped):
    with using_device("wrapped"):
        assert default_library() is wrapped
        assert library_of(Variable([1.0, 2.0]).array) is wrapped
        with using_device("cpu"):
            assert type(Variable([1.0]).array) is np.ndarray
        with using_device(None):
            assert default_library() is wrapped
    assert default_library() is numpy_library


def test_using_device_ends_also_with_an_error():
    with pytest.raises(RuntimeError), using_device("standin"):
        raise RuntimeError
    assert default_library() is numpy_library


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:x", True, 1.5, ("cpu",)])
def test_an_unknown_device(device):
    message = r"unknown device .*; expected 'cpu', 'cuda', 'cuda:0', a number, or one of"
    with pytest.raises(ValueError, match=message), using_device(device):
        pass


def test_another_thread_has_its_own_device():
    seen = []
    with using_device("standin"):
        thread = threading.Thread(target=lambda: seen.append(default_library()))
        thread.start()
        thread.join()
    assert seen == [numpy_library]


def test_mixing_libraries_names_function_arguments_and_devices():
    host, other = np.ones(2), standin.asarray(np.ones(2))
    for call, message in (
        (lambda: F.add(host, other), "add: x1 is on cpu and x2 on standin; move one with to_cpu or to_gpu"),
        (lambda: Variable(other) * host, "multiply: x1 is on standin and x2 on cpu"),
        (lambda: F.concat([other, host], axis=0), r"xs\[0\] is on standin and xs\[1\] on cpu"),
    ):
        with pytest.raises(TypeError, match=message):
            call()


def test_numbers_go_where_the_arrays_are():
    x = Variable(standin.asarray(np.ones(2, np.float32)))
    for y in (x * 2, 2 - x, F.maximum(x, 0.5), x + np.float32(1), x + [1.0, 2.0]):
        assert isinstance(y.array, standin.StandIn)
        assert y.dtype == np.float32


def test_a_pass_on_another_library():
    x = Variable(standin.asarray(np.array([1.0, 2.0])))
    w = Variable(standin.asarray(np.array(3.0)))
    F.sum(F.exp(x * w) + x).backward()
    assert isinstance(x.grad, standin.StandIn)
    np.testing.assert_allclose(to_cpu(x.grad), 3 * np.exp([3.0, 6.0]) + 1)
    np.testing.assert_allclose(to_cpu(w.grad), np.exp(3) + 2 * np.exp(6))
    (g,) = pdist.grad([F.exp(x)], [x], enable_double_backprop=True)
    (h,) = pdist.grad([g], [x])
    np.testing.assert_allclose(to_cpu(h.array), np.exp([1.0, 2.0]))


def test_a_gradient_of_another_library_is_refused():
    x = Variable(standin.asarray(np.ones(2)))
    with pytest.raises(TypeError, match="expected an array of standin, got ndarray"):
        x.grad = np.ones(2)


def test_variables_move():
    x = Variable(standin.asarray(np.ones(2)), name="x")
    assert x.device == "standin"
    x.sum().backward()
    x.to_cpu()
    assert x.device == "cpu"
    assert type(x.grad) is np.ndarray
