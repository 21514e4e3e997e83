"""The op decorator: what it makes of a kernel, and what it refuses."""

from __future__ import annotations

import doctest
import inspect
import pickle
import traceback

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pdist
import pdist.functions as F
from pdist import Variable
from pdist.autograd import op as ops
from pdist.autograd import zero

X = np.array([1.0, 2.0])


def scaled(xp, x, /, factor=2.0, *, offset=0.0):
    """factor x + offset."""
    return x * factor + offset


def plus(xp, x, y):
    """x + y."""
    return x + y


# The public function ------------------------------------------------------------------------------


def test_settings_by_position_and_by_name(new_op):
    f = new_op(scaled)
    f.derivative(x=lambda F, g, factor: g * factor)
    x = Variable(X)
    for y, factor in ((f(x), 2), (f(x, 3.0), 3), (f(x, factor=4.0, offset=1.0), 4), (f(x=x, offset=1.0), 2)):
        x.cleargrad()
        y.sum().backward()
        np.testing.assert_array_equal(x.grad, [factor, factor])
    np.testing.assert_array_equal(f(x, 4.0, offset=1.0).array, [5.0, 9.0])


def test_wrong_arguments_name_the_function(new_op):
    f = new_op(scaled)
    with pytest.raises(TypeError, match=r"scaled\(\) got an unexpected keyword argument 'wrong'"):
        f(X, wrong=1)
    with pytest.raises(TypeError, match=r"scaled\(\) missing 1 required positional argument: 'x'"):
        f()
    with pytest.raises(TypeError, match=r"scaled\(\) takes from 1 to 2 positional arguments"):
        f(X, 1.0, 2.0)


def test_a_setting_without_default_is_required(new_op):
    def powered(xp, x, /, exponent):
        return x**exponent

    f = new_op(powered)
    with pytest.raises(TypeError, match="exponent"):
        f(X)
    np.testing.assert_array_equal(f(X, 2).array, [1.0, 4.0])


def test_defaults_may_be_any_object(new_op):
    marker = object()
    seen = []

    def marked(xp, x, /, setting=marker):
        seen.append(setting)
        return x + 0

    new_op(marked)(X)
    assert seen == [marker]


def test_it_looks_like_its_kernel_without_xp(new_op):
    f = new_op(scaled)
    assert str(inspect.signature(f)) in (
        "(x, factor=2.0, *, offset=0.0) -> pdist.autograd.variable.Variable",
        "(x, factor=2.0, *, offset=0.0) -> Variable",
    )
    assert f.__name__ == "scaled"
    assert f.__doc__ == "factor x + offset."
    before = f
    f(X)
    assert str(inspect.signature(f)).startswith("(x, factor=2.0, *, offset=0.0)")
    assert f is before


def test_what_was_written_can_be_read(new_op):
    f = new_op(plus)
    assert f.op.source == ""
    f(X, X)
    assert f.op.source.startswith("def plus(x, y):")


def test_tracebacks_show_what_was_written(new_op):
    def broken(xp, x):
        raise RuntimeError("inside the kernel")

    with pytest.raises(RuntimeError) as caught:
        new_op(broken)(X)
    lines = "".join(traceback.format_exception(caught.value))
    assert "result = kernel(xp, x_array)" in lines


def test_functions_can_be_pickled():
    assert pickle.loads(pickle.dumps(F.exp)) is F.exp


@pytest.mark.parametrize("name", ["g", "y", "F", "args", "settings", "edges", "axis"])
def test_arguments_may_be_called_as_they_like(new_op, name):
    names: dict = {}
    exec(f"def named(xp, {name}): return {name} * 3", names)
    f = new_op(names["named"])
    f.derivatives(lambda F, g, _y, _x: g * 3)
    x = Variable(X)
    f(x).sum().backward()
    np.testing.assert_array_equal(x.grad, [3.0, 3.0])


def test_a_reserved_name_is_refused(new_op):
    def clashing(xp, node):
        return node

    with pytest.raises(TypeError, match="clashing cannot have an argument called 'node'"):
        new_op(clashing)


# Its rules ----------------------------------------------------------------------------------------


def test_a_name_can_be_taken_once(new_op):
    new_op(scaled)
    with pytest.raises(ValueError, match="already an op called 'scaled'"):
        new_op(scaled)
    ops.forget("scaled")
    new_op(scaled)


def test_a_name_that_rules_know_is_taken_too(new_op):
    def where(xp, x):
        return x

    with pytest.raises(ValueError, match="already an op called 'where'"):
        new_op(where)


def test_in_a_notebook_a_cell_may_run_again(new_op):
    def cell(xp, x):
        return x + 0

    cell.__module__ = "__main__"
    first = new_op(cell)
    second = ops.differentiable(cell)
    assert first is not second
    assert ops.public.cell is second


def test_the_number_of_rules(new_op):
    f = new_op(plus)
    with pytest.raises(TypeError, match=r"plus\.derivatives: expected 2 rules, got 1"):
        f.derivatives(zero)


def test_a_rule_with_the_wrong_arguments(new_op):
    f = new_op(plus)
    with pytest.raises(
        TypeError, match=r"a rule takes F, g, the output, x, y and any of the settings .*F, g, y, x"
    ):
        f.derivatives(lambda F, g, y, x: g, zero)
    with pytest.raises(TypeError, match="this one takes F, g, y, x1, x2, axis"):
        f.derivative(x=lambda F, g: g, y=zero)


def test_rules_are_given_once(new_op):
    f = new_op(plus)
    f.derivative(x=zero, y=zero)
    with pytest.raises(ValueError, match="plus: its derivatives are given already"):
        f.derivative(x=zero, y=zero)


def test_rules_may_come_after_a_call(new_op):
    f = new_op(plus)
    x = Variable(X)
    y = f(x, x)
    with pytest.raises(NotImplementedError, match="plus: no derivative with respect to x is defined"):
        y.sum().backward()
    f.derivative(x=lambda F, g, x: g * x, y=zero)
    f(x, x).sum().backward()
    np.testing.assert_array_equal(x.grad, X)


def test_a_missing_derivative_names_the_argument(new_op):
    f = new_op(plus)
    f.derivative(x=lambda F, g: g)
    x, c = Variable(X), Variable(X, requires_grad=False)
    f(x, c).sum().backward()
    with pytest.raises(NotImplementedError, match="plus: no derivative with respect to y is defined"):
        f(c, x).sum().backward()
    with pytest.raises(NotImplementedError, match="plus: no derivative with respect to y is defined"):
        f(x, x).sum().backward()


def test_a_zero_derivative_stops_the_graph(new_op):
    f = new_op(plus)
    f.derivative(x=zero, y=lambda F, g: g)
    x, w = Variable(X), Variable(X)
    f(x, w).sum().backward()
    assert x.grad is None
    np.testing.assert_array_equal(w.grad, [1.0, 1.0])
    assert not f(x, X).requires_grad


def test_a_rule_may_answer_zero(new_op):
    f = new_op(plus)
    f.derivative(x=lambda F, g: zero, y=lambda F, g: g)
    x, w = Variable(X), Variable(X)
    f(x, w).sum().backward()
    assert x.grad is None
    assert w.grad is not None


def test_a_rule_that_returns_no_array(new_op):
    f = new_op(plus)
    f.derivative(x=lambda F, g: 1.0, y=zero)
    with pytest.raises(TypeError, match="plus: the rule of x returned float; expected an array"):
        f(Variable(X), X).sum().backward()


def test_a_rule_that_computes_with_public_functions(new_op):
    f = new_op(plus)
    f.derivative(x=lambda F, g: pdist.functions.negative(g), y=zero)
    with pytest.raises(TypeError, match="the rule of x returned Variable; expected an array, computed with"):
        f(Variable(X), X).sum().backward()


def test_a_rule_may_return_a_constant_where_a_graph_is_made(new_op):
    f = new_op(plus)
    f.derivative(x=lambda F, g: np.ones(2), y=zero)
    x = Variable(X)
    (g,) = pdist.grad([f(x, X) * x], [x], enable_double_backprop=True)
    np.testing.assert_array_equal(g.array, 1 + X + X)


def test_an_unknown_function_in_a_rule(new_op):
    f = new_op(plus)
    f.derivative(x=lambda F, g: F.no_such_thing(g), y=zero)
    x = Variable(X)
    for double in (False, True):
        with pytest.raises(AttributeError, match="no differentiable function is called 'no_such_thing'"):
            f(x, X).sum().backward(enable_double_backprop=double)


def test_what_a_rule_did_not_ask_for_has_only_a_shape(new_op):
    seen = []

    def rule(F, g, like_x, like_y):
        seen.append([(v.shape, v.dtype, v.ndim) if v is not None else None for v in (g, like_x, like_y)])
        assert not isinstance(g, np.ndarray)
        return g

    f = new_op(plus)
    f.derivative(x=rule, y=rule)
    f(F.exp(Variable(X)), X).sum().backward()
    like = ((2,), np.dtype(float), 1)
    assert seen == [[like, like, None]]


# Joint rules, any number of arguments -------------------------------------------------------------


def test_a_joint_rule_is_told_what_is_needed(new_op):
    needed = []

    def rule(F, g, needs, x1, x2):
        needed.append(needs)
        return g * x2, g * x1

    def times(xp, x1, x2):
        return x1 * x2

    f = new_op(times)
    f.joint_derivative(rule)
    x = Variable(X)
    f(x, X).sum().backward()
    np.testing.assert_array_equal(x.grad, X)
    f(x, x).sum().backward()
    np.testing.assert_array_equal(x.grad, 3 * X)
    assert needed == [(True, False), (True, True)]
    (g,) = pdist.grad([f(x, x)], [x], enable_double_backprop=True)
    (h,) = pdist.grad([g], [x])
    np.testing.assert_array_equal(h.array, [2.0, 2.0])


def test_a_joint_rule_may_come_after_a_call(new_op):
    f = new_op(plus)
    x = Variable(X)
    assert f(x, X).requires_grad
    f.joint_derivative(lambda F, g, x: (g * x, None))
    f(x, X).sum().backward()
    np.testing.assert_array_equal(x.grad, X)
    with pytest.raises(ValueError, match="given already"):
        f.derivative(x=zero, y=zero)


def test_a_joint_rule_with_settings_that_leaves_one_out(new_op):
    def mixed(xp, x1, x2, *, weight=0.5):
        return weight * x1 + x2

    f = new_op(mixed)
    f.joint_derivative(lambda F, g, weight: (g * weight, None))
    x, c = Variable(X), Variable(X)
    f(x, X, weight=3.0).sum().backward()
    np.testing.assert_array_equal(x.grad, [3.0, 3.0])
    with pytest.raises(NotImplementedError, match="mixed: no derivative with respect to x2"):
        f(x, c).sum().backward()


def test_a_joint_rule_that_miscounts(new_op):
    f = new_op(plus)
    f.joint_derivative(lambda F, g: (g,))
    with pytest.raises(TypeError, match="plus: the joint rule returned 1 gradients; expected 2"):
        f(Variable(X), X).sum().backward()


@pytest.fixture
def total(new_op):
    def total(xp, *xs, scale=1.0):
        result = xs[0] * scale
        for x in xs[1:]:
            result = result + x * scale
        return result

    f = new_op(total)
    f.joint_derivative(lambda F, g, needs, scale: [g * scale if need else None for need in needs])
    return f


def test_any_number_of_arguments(total):
    x, w = Variable(X), Variable(np.float32(3))
    total(x, X, w, x, scale=2.0).sum().backward()
    np.testing.assert_array_equal(x.grad, [4.0, 4.0])
    assert w.grad == 4.0
    assert w.grad.dtype == np.float32
    assert not total(X, X).requires_grad


def test_any_number_of_arguments_refused(total):
    with pytest.raises(TypeError, match="total: no setting 'axis'; it has scale"):
        total(X, axis=1)
    with pytest.raises(TypeError, match=r"total: xs\[1\]: expected numbers"):
        total(X, np.array(["a"]))


def test_any_number_of_arguments_takes_a_joint_rule(new_op):
    def several(xp, *xs):
        return xs[0]

    f = new_op(several)
    with pytest.raises(TypeError, match="takes a joint_derivative"):
        f.derivatives(zero)


# Bringing arguments together ----------------------------------------------------------------------

KINDS = {
    "float": (1.5, None),
    "int": (2, None),
    "bool": (True, None),
    "array of ints": (np.array([1, 2]), None),
    "array of bools": (np.array([True, False]), None),
    "single": (np.array([1.0, 2.0], np.float32), np.float32),
    "half": (np.array([1.0, 2.0], np.float16), np.float16),
    "double": (np.array([1.0, 2.0]), np.float64),
    "big-endian": (np.array([1.0, 2.0], ">f8"), np.float64),
    "single scalar": (np.float32(1.5), np.float32),
    "double scalar": (np.float64(1.5), np.float64),
    "list": ([1.5, 2.5], np.float32),
}


@given(
    st.sampled_from(sorted(KINDS)), st.sampled_from(sorted(KINDS)), st.sampled_from(["plus", "weak", "total"])
)
def test_the_dtype_is_that_of_the_floating_arrays(first, second, kind):
    f = {"plus": F.arctan2, "weak": F.multiply, "total": lambda a, b: F.squared_difference(a, b)}[kind]
    (a, da), (b, db) = KINDS[first], KINDS[second]
    expected = np.result_type(*[d for d in (da, db) if d is not None]) if da or db else np.float32
    y = f(a, b)
    assert y.dtype == expected
    assert y.dtype is np.dtype(y.dtype.type)
    assert isinstance(y.array, np.ndarray)


@given(st.sampled_from(sorted(KINDS)))
def test_operations_on_shapes_keep_integers(kind):
    a, dtype = KINDS[kind]
    expected = dtype or (np.float32 if isinstance(a, float) else np.asarray(a).dtype)
    assert F.expand_dims(a, 0).dtype == expected


def test_integers_beside_floats_take_their_type_also_in_shape_operations():
    assert F.concat([np.array([1, 2]), np.array([1.0], np.float32)], axis=0).dtype == np.float32
    assert F.concat([np.array([1, 2]), np.array([3])], axis=0).dtype == np.array([1]).dtype


def test_config_decides_where_nothing_else_does():
    assert F.exp(1).dtype == np.float32
    with pdist.using_config("dtype", "float64"):
        assert F.exp(1).dtype == np.float64
        assert F.exp([1.0, 2.0]).dtype == np.float64
        assert F.exp(np.float32(1)).dtype == np.float32


def test_subclasses_of_arrays_become_arrays(tmp_path):
    on_disk = np.memmap(tmp_path / "values", np.float64, "w+", shape=(2,))
    assert type(F.exp(on_disk).array) is np.ndarray
    assert type(F.expand_dims(on_disk, 0).array) is np.ndarray


def test_unpickled_arrays_are_like_others():
    x = pickle.loads(pickle.dumps(X))
    assert F.exp(x).dtype is X.dtype
    assert pickle.loads(pickle.dumps(Variable(X))).dtype is X.dtype


REFUSED = {
    "object": np.array([1.0, None]),
    "string": np.array(["a", "b"]),
    "complex": np.array([1j, 2.0]),
    "masked": np.ma.masked_array([1.0, 2.0], [True, False]),
    "dates": np.array(["2020-01-01"], "datetime64[D]"),
    "text": "text",
    "none": None,
    "ragged": [[1.0], [1.0, 2.0]],
    "variables": [Variable(X), Variable(X)],
    "python complex": 1j,
    "dictionary": {},
}

EVERY_OP = sorted(name for name, op in ops._ops.items() if op.kernel.__module__.startswith("pdist."))


@pytest.mark.parametrize("kind", sorted(REFUSED))
def test_every_op_refuses_what_is_no_array_of_numbers(kind):
    for name in EVERY_OP:
        op = ops._ops[name]
        settings = {s: None for s, p in op.settings.items() if p.default is p.empty}
        for i in range(1 if op.variadic else op.arity):
            arrays = [X] * i + [REFUSED[kind]] + [X] * (op.arity - i - 1)
            with pytest.raises(TypeError) as caught:
                op.function(*arrays, **settings)
            assert str(caught.value).startswith(f"{op.title}: {op.argument_name(i)}: ")


@pytest.mark.parametrize("bad", [REFUSED[kind] for kind in sorted(REFUSED) if kind != "variables"])
def test_variables_refuse_what_is_no_array_of_numbers(bad):
    for make in (Variable, pdist.as_variable, pdist.as_array):
        with pytest.raises(TypeError, match=r"expected|masked"):
            make(bad)


def test_every_op_has_a_docstring_whose_examples_hold():
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for name in EVERY_OP:
        function = ops._ops[name].function
        assert function.__doc__, name
        for test in finder.find(
            function, name, globs={"np": np, "pdist": pdist, "F": F, "Variable": Variable, name: function}
        ):
            runner.run(test)
    assert runner.summarize(verbose=False).failed == 0
