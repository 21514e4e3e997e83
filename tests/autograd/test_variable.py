"""Variable itself: what it holds, shows, copies and refuses."""

from __future__ import annotations

import copy
import operator
import pickle

import numpy as np
import pytest

import pdist
import pdist.functions as F
from pdist import Variable


@pytest.fixture
def x():
    return Variable(np.array([1.0, 2.0, 3.0]), name="x")


# What it holds ---------------------------------------------------------------


def test_it_holds_the_array_itself():
    array = np.zeros((2, 3), np.float32)
    v = Variable(array)
    assert v.array is array
    assert v.data is array
    assert (v.shape, v.dtype, v.ndim, v.size, len(v)) == ((2, 3), np.float32, 2, 6, 2)
    assert v.xp is np
    assert v.device == "cpu"


def test_what_requires_a_gradient():
    assert Variable(1.0).requires_grad
    assert not Variable(1).requires_grad
    assert not Variable(True).requires_grad
    assert not Variable(1.0, requires_grad=False).requires_grad
    assert not pdist.as_variable(1.0).requires_grad
    with pytest.raises(TypeError, match="dtype int64 cannot have a gradient; expected a floating dtype"):
        Variable(np.array([1], np.int64), requires_grad=True)


def test_python_numbers_and_lists():
    assert Variable(1.5).dtype == np.float32
    assert Variable([1.5, 2.5]).dtype == np.float32
    assert Variable([np.float64(1.5)]).dtype == np.float64
    assert Variable([np.zeros(2), np.ones(2)]).dtype == np.float64
    assert Variable(np.float64(1.5)).dtype == np.float64
    assert Variable([1, 2]).dtype.kind == "i"
    assert Variable([]).dtype == np.float32


def test_a_variable_of_a_variable(x):
    assert pdist.as_variable(x) is x
    with pytest.raises(TypeError, match=r"got a Variable; pdist\.as_variable takes both"):
        Variable(x)


def test_a_list_of_variables_keeps_no_gradient_so_it_is_refused(x):
    with pytest.raises(TypeError, match=r"a list of Variables is not an array: functions\.stack"):
        pdist.as_variable([x, x])
    with pytest.raises(TypeError, match="a list of Variables"):
        pdist.as_variable([[1.0, x]])


def test_another_array(x):
    x.sum().backward()
    x.array = np.array([4.0, 5.0, 6.0])
    np.testing.assert_array_equal(x.grad, [1.0, 1.0, 1.0])
    x.array = np.array([4.0, 5.0])
    assert x.grad is None
    assert x.shape == (2,)
    with pytest.raises(TypeError, match=r"Variable\.array of x: expected a floating dtype"):
        x.array = np.array([1, 2])
    with pytest.raises(TypeError, match="dtype object"):
        x.array = np.array([None])
    with pytest.raises(ValueError, match="only a leaf Variable can"):
        (x * 2).array = np.zeros(2)


# Its gradient ----------------------------------------------------------------


def test_the_gradient_must_fit(x):
    x.grad = np.array([1.0, 1.0, 1.0])
    with pytest.raises(
        ValueError, match=r"Variable\.grad of x: expected .* shape \(3,\) and dtype float64, got shape \(2,\)"
    ):
        x.grad = np.array([1.0, 1.0])
    with pytest.raises(ValueError, match="dtype float32"):
        x.grad = np.array([1.0, 1.0, 1.0], np.float32)
    with pytest.raises(ValueError, match="got list"):
        x.grad = [1.0, 1.0, 1.0]
    with pytest.raises(TypeError, match="belongs in grad_var"):
        x.grad = Variable(np.ones(3))
    with pytest.raises(TypeError, match="grad_var: expected a Variable, got ndarray"):
        x.grad_var = np.ones(3)
    np.testing.assert_array_equal(x.grad, [1.0, 1.0, 1.0])
    x.grad = None
    assert x.grad is None
    assert x.grad_var is None


def test_a_scalar_gradient_is_stored_as_an_array():
    v = Variable(np.array(2.0))
    v.grad = np.float64(3.0)
    assert type(v.grad) is np.ndarray
    assert Variable(np.ones(2), grad=np.ones(2)).grad is not None


def test_grad_var(x):
    x.grad = np.ones(3)
    assert isinstance(x.grad_var, Variable)
    assert not x.grad_var.requires_grad
    g = Variable(np.full(3, 2.0))
    x.grad_var = g
    assert x.grad_var is g
    assert x.grad is g.array


# What it shows ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        (Variable(np.array([1.0, 2.5])), "variable([1. , 2.5])"),
        (Variable(np.float32(1.5)), "variable(1.5, dtype=float32)"),
        (Variable(np.array([1.0]), name="loc"), "variable(loc: [1.])"),
        (Variable(np.array([[1, 2], [3, 4]])), "variable([[1, 2],\n          [3, 4]])"),
        (Variable(True), "variable(True)"),
        (Variable(np.array([1], np.uint8)), "variable([1], dtype=uint8)"),
    ],
)
def test_repr(variable, text):
    assert repr(variable) == text
    assert f"{variable}" == text


def test_long_arrays_are_shortened():
    assert len(repr(Variable(np.zeros(100_000)))) < 100


def test_as_a_python_number():
    v = Variable(np.array([[2.5]]))
    assert (v.item(), float(v), int(v), f"{v:.2f}") == (2.5, 2.5, 2, "2.50")
    assert type(v.item()) is float
    assert bool(Variable(1.0))
    assert not Variable(0.0)
    with pytest.raises(ValueError, match="size 1"):
        float(Variable(np.zeros(2)))
    with pytest.raises(ValueError, match="ambiguous"):
        bool(Variable(np.zeros(2)))


def test_iteration(x):
    parts = list(x)
    assert [p.shape for p in parts] == [()] * 3
    parts[1].backward()
    np.testing.assert_array_equal(x.grad, [0.0, 1.0, 0.0])
    with pytest.raises(TypeError, match="0-d"):
        iter(Variable(1.0))
    with pytest.raises(TypeError):
        len(Variable(1.0))


def test_equality_is_elementwise_and_the_hash_is_by_identity(x):
    twin = Variable(x.array)
    np.testing.assert_array_equal(x == twin, [True, True, True])
    np.testing.assert_array_equal(x != [1.0, 0.0, 0.0], [False, True, True])
    assert len({x, twin}) == 2
    assert {x: 1}[x] == 1
    assert isinstance(x < 2, np.ndarray)


# Operators -------------------------------------------------------------------

OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
IN_PLACE = [operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ipow]


@pytest.mark.parametrize("apply", OPERATORS)
@pytest.mark.parametrize(
    "other", [2, 2.5, True, np.float64(1.5), np.array([1.0, 2.0, 3.0]), np.array([1, 2, 3])]
)
def test_operators_and_their_reflections(x, apply, other):
    for answer, expected in (
        (apply(x, other), apply(x.array, other)),
        (apply(other, x), apply(other, x.array)),
        (apply(x, x), apply(x.array, x.array)),
    ):
        assert isinstance(answer, Variable)
        assert answer.requires_grad
        np.testing.assert_allclose(answer.array, expected, rtol=1e-15)


@pytest.mark.parametrize("apply", IN_PLACE)
def test_augmented_assignment_makes_a_new_variable(x, apply):
    before = x.array.copy()
    y = apply(x, 2.0)
    assert y is not x
    np.testing.assert_array_equal(x.array, before)
    y.sum().backward()
    assert x.grad is not None


def test_items_cannot_be_assigned(x):
    with pytest.raises(TypeError, match="item assignment"):
        x[0] = 1.0


def test_operators_refuse_what_is_no_number(x):
    for bad in ("a", None, 1j, object()):
        with pytest.raises(TypeError, match=r"add: x2: expected"):
            x + bad
        with pytest.raises(TypeError, match=r"multiply: x1: expected"):
            bad * x


def test_single_precision_stays_with_python_numbers():
    v = Variable(np.ones(2, np.float32))
    for y in (v * 2, 2 * v, v + 0.5, 1 - v, v / 3, 3 / v, v**2, 2**v, -v, abs(v)):
        assert y.dtype == np.float32


# NumPy's functions -----------------------------------------------------------


def test_numpy_functions_that_work(x):
    for y, expected in (
        (np.exp(x), np.exp(x.array)),
        (np.add(1.0, x), 1 + x.array),
        (np.array([3.0, 4.0, 5.0]) * x, [3.0, 8.0, 15.0]),
        (np.sum(x), 6.0),
        (np.where(x.array > 1, x, 0.0), [0.0, 2.0, 3.0]),
        (np.concatenate([x, x]), [1.0, 2.0, 3.0] * 2),
    ):
        assert isinstance(y, Variable)
        assert y.requires_grad
        np.testing.assert_array_equal(y.array, expected)


def test_numpy_functions_that_do_not_work_say_so(x):
    for refused, name in (
        (lambda: np.add.reduce(x), r"numpy\.add\.reduce"),
        (lambda: np.exp(x, out=np.zeros(3)), r"numpy\.exp does not take pdist Variables with out"),
        (lambda: np.logaddexp2(x, x), r"numpy\.logaddexp2"),
        (lambda: np.linalg.norm(x), r"numpy\.norm"),
        (lambda: np.sort(x), r"numpy\.sort"),
    ):
        with pytest.raises(TypeError, match=name + ".*use pdist.functions, or the raw arrays"):
            refused()


def test_an_array_is_not_changed_by_a_variable(x):
    array = np.ones(3)
    with pytest.raises(TypeError, match=r"numpy\.add does not take pdist Variables with out"):
        array += x


def test_turning_into_an_array(x):
    np.testing.assert_array_equal(np.asarray(x), x.array)
    assert np.asarray(x, np.float32).dtype == np.float32
    with pytest.raises(TypeError, match=r"use \.array"):
        np.asarray(x * 2)


@pytest.mark.parametrize("make", [np.array, np.asarray, np.stack, np.vstack])
def test_no_function_makes_an_array_of_objects(x, make):
    for items in ([x, x], [x * 1, x * 2], [F.sum(x), F.sum(x)], (x[0], 1.0)):
        try:
            answer = make(items)
        except (TypeError, ValueError):
            continue
        assert answer.dtype != object


# Copies ----------------------------------------------------------------------


def test_pickling(x):
    x.sum().backward()
    for v in (x, x * 2, Variable(1.5, requires_grad=False), Variable(np.array([1, 2]))):
        twin = pickle.loads(pickle.dumps(v))
        np.testing.assert_array_equal(twin.array, v.array)
        assert (twin.name, twin.requires_grad, twin.creator) == (v.name, v.requires_grad, None)
        assert (twin.grad is None) == (v.grad is None)
        if twin.requires_grad:
            twin.cleargrad()
            F.sum(twin * 3).backward()
            np.testing.assert_array_equal(twin.grad, np.full(twin.shape, 3.0))


def test_deep_copies_share_nothing(x):
    x.sum().backward()
    model = {"x": x, "again": x}
    twin = copy.deepcopy(model)
    assert twin["x"] is twin["again"]
    assert not np.shares_memory(twin["x"].array, x.array)
    assert not np.shares_memory(twin["x"].grad, x.grad)
    assert copy.deepcopy(x * 2).creator is None


def test_a_shallow_copy_shares_the_array(x):
    twin = copy.copy(x)
    assert twin is not x
    assert twin.array is x.array


def test_moving_to_the_host_where_it_is(x):
    y = x * 2
    y.grad = np.ones(3)
    y.to_cpu()
    assert y.creator is None
    np.testing.assert_array_equal(y.grad, np.ones(3))
