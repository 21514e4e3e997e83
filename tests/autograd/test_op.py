"""The op decorator: what it makes of a kernel, what rules may name, and what is refused."""

from __future__ import annotations

import ast
import doctest
import inspect
import pickle
import subprocess
import sys
import threading
import traceback
import types

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pdist
import pdist.functions as F
import pdist_nn  # noqa: F401 - its ops are in the table
from pdist import Variable
from pdist.autograd import differentiable, in_rules, raw, zero
from pdist.autograd.calculus import ops_of, table
from pdist.autograd.gradient_check import check_gradients
from pdist.backend import hooks
from pdist.functions import joining

X = np.array([1.0, 2.0])
EVERY_OP = {f"{module}.{op.kernel.__name__}": op for module, ops in ops_of(["pdist"]).items() for op in ops}


def scaled(xp, x, /, factor=2.0, *, offset=0.0):
    """factor x + offset."""
    return x * factor + offset


def plus(xp, x, x2):
    """x + x2."""
    return x + x2


def times(xp, x, scale):
    """x scale."""
    return x * scale


# The public function ------------------------------------------------------------------------------


def test_settings_by_position_and_by_name():
    f = differentiable(scaled)
    f.derivative(x=lambda F, g, factor: g * factor)
    x = Variable(X)
    for y, factor in ((f(x), 2), (f(x, 3.0), 3), (f(x, factor=4.0, offset=1.0), 4), (f(x=x, offset=1.0), 2)):
        x.cleargrad()
        y.sum().backward()
        np.testing.assert_array_equal(x.grad, [factor, factor])
    np.testing.assert_array_equal(f(x, 4.0, offset=1.0).array, [5.0, 9.0])


def test_wrong_arguments_name_the_function():
    f = differentiable(scaled)
    with pytest.raises(TypeError, match=r"scaled\(\) got an unexpected keyword argument 'wrong'"):
        f(X, wrong=1)
    with pytest.raises(TypeError, match=r"scaled\(\) missing 1 required positional argument: 'x'"):
        f()
    with pytest.raises(TypeError, match=r"scaled\(\) takes from 1 to 2 positional arguments"):
        f(X, 1.0, 2.0)


def test_a_setting_without_default_is_required():
    def powered(xp, x, /, exponent):
        return x**exponent

    f = differentiable(powered)
    with pytest.raises(TypeError, match="exponent"):
        f(X)
    np.testing.assert_array_equal(f(X, 2).array, [1.0, 4.0])


def test_defaults_may_be_any_object():
    marker = object()
    seen = []

    def marked(xp, x, /, setting=marker):
        seen.append(setting)
        return x + 0

    differentiable(marked)(X)
    assert seen == [marker]


def test_it_looks_like_its_kernel_without_xp():
    f = differentiable(scaled)
    assert str(inspect.signature(f)) in (
        "(x, factor=2.0, *, offset=0.0) -> pdist.autograd.variable.Variable",
        "(x, factor=2.0, *, offset=0.0) -> Variable",
    )
    assert f.__name__ == "scaled"
    assert f.__doc__ == "factor x + offset."
    before, code = f, f.__code__
    f(X)
    assert str(inspect.signature(f)).startswith("(x, factor=2.0, *, offset=0.0)")
    assert f is before
    assert f.__code__ is code


def test_what_was_written_can_be_read():
    f = differentiable(plus)
    f.derivative(x=lambda F, g: g, x2=lambda F, g, x: g)
    source = f.op.source
    assert source.startswith("def plus(x, x2):\n    return plus_run(x, x2)\n")
    assert [node.name for node in ast.parse(source).body] == ["plus", "plus_run", "pullback"]
    assert "rule_x2(F, g, x)" in source


@pytest.mark.parametrize("name", ["lambda_", "<lambda>", "_", "class"])
def test_kernels_with_names_that_are_none(name):
    def kernel(xp, x):
        return 2 * x

    kernel.__name__ = name
    f = differentiable(kernel)
    f.derivative(x=lambda F, g: 2 * g)
    check_gradients(f, X)
    ast.parse(f.op.source)


def test_the_source_of_every_op_is_python_without_trailing_underscores():
    for op in EVERY_OP.values():
        names = [node.name for node in ast.parse(op.source).body]
        assert names == [op.name, f"{op.name}_run", "pullback"]
        assert not op.name.endswith("_")


def test_tracebacks_show_what_was_written():
    def broken(xp, x):
        raise RuntimeError("inside the kernel")

    with pytest.raises(RuntimeError) as caught:
        differentiable(broken)(X)
    lines = "".join(traceback.format_exception(caught.value))
    assert "return broken_run(x)" in lines
    assert "result = kernel(xp, x_array)" in lines


def test_functions_can_be_pickled():
    for function in (F.exp, F.where, F.xlogy, joining.concat_):
        assert pickle.loads(pickle.dumps(function)) is function


TRICKY = [
    "args",
    "settings",
    "edges",
    "axis",
    "node",
    "result",
    "xp_",
    "x_array",
    "kernel",
    "np",
    "op",
    "run",
    "Variable",
]


@pytest.mark.parametrize("name", TRICKY)
def test_arguments_may_be_called_as_they_like(name):
    names: dict = {}
    exec(f"def named(xp, {name}, x, /, x_edge=3): return {name} * x_edge + x", names)
    f = differentiable(names["named"])
    rule = eval(f"lambda F, g, {name}, x_edge: g * x_edge + 0 * {name}")
    f.derivative(**{name: rule, "x": lambda F, g: g})
    x = Variable(X)
    f(x, 1.0).sum().backward()
    np.testing.assert_array_equal(x.grad, [3.0, 3.0])


@pytest.mark.parametrize("name", ["F", "g", "y", "needs", "like_x"])
def test_names_that_rules_use_are_refused(name):
    names: dict = {}
    exec(f"def clashing(xp, {name}): return {name}", names)
    with pytest.raises(TypeError, match=f"clashing cannot have an argument called '{name}'"):
        differentiable(names["clashing"])
    exec(f"def clashing(xp, x, /, *, {name}=1): return x", names)
    with pytest.raises(TypeError, match=f"clashing cannot have an argument called '{name}'"):
        differentiable(names["clashing"])


def test_an_array_argument_has_no_default():
    def summed(xp, x, axis=None):
        return x.sum(axis=axis)

    with pytest.raises(
        TypeError, match=r"summed: the array argument 'axis' has a default; .* def summed\(xp,"
    ):
        differentiable(summed)


# Its rules ----------------------------------------------------------------------------------------


def test_modules_may_have_ops_of_one_name():
    """Each rule means the op that its module imports."""
    modules = []
    for factor in (2.0, 3.0):
        module = types.ModuleType("room")
        vars(module).update(differentiable=differentiable, factor=factor)
        exec(
            "def slope(xp, x): return factor * x\n"
            "slope = differentiable(slope)\n"
            "slope.derivative(x=lambda F, g: factor * g)\n"
            "def half(xp, x): return 0.5 * factor * x * x\n"
            "half = differentiable(half)\n"
            "half.derivative(x=lambda F, g, x: g * F(slope)(x))\n",
            vars(module),
        )
        modules.append(module)
    for module, factor in zip(modules, (2.0, 3.0), strict=True):
        check_gradients(module.half, X)
        x = Variable(X)
        module.half(x).sum().backward()
        np.testing.assert_array_equal(x.grad, factor * X)


def test_an_op_may_be_called_as_a_public_function_is():
    def exp(xp, x):
        return x * 0 + 7

    f = differentiable(exp)
    assert f(X).array[0] == 7
    assert F.exp(0.0).array == 1


def test_a_rule_names_what_it_wants_in_any_order():
    seen = []

    def rule(offset, x, F, y, factor, like_x, g):
        seen.append((offset, factor, like_x.shape))
        return g * factor + 0 * (y + x)

    f = differentiable(scaled)
    f.derivative(x=rule)
    x = Variable(X)
    f(x, 3.0, offset=1.0).sum().backward()
    np.testing.assert_array_equal(x.grad, [3.0, 3.0])
    assert seen == [(1.0, 3.0, (2,))]
    check_gradients(lambda v: f(v, 3.0, offset=1.0), X)


def test_what_a_rule_names_by_keyword_or_with_a_default():
    def by_keyword(F, *, g, factor):
        return g * factor

    def with_its_own(F, g, k=10.0, *, factor):
        return g * factor * k

    for rule, slope in ((by_keyword, 2.0), (with_its_own, 20.0)):
        f = differentiable(scaled)
        f.derivative(x=rule)
        x = Variable(X)
        f(x).sum().backward()
        np.testing.assert_array_equal(x.grad, [slope, slope])


def test_a_rule_that_names_what_there_is_not():
    f = differentiable(scaled)
    with pytest.raises(
        TypeError,
        match="the rule of x names 'axis'; a rule of scaled may name F, g, y, x, like_x, factor, offset",
    ):
        f.derivative(x=lambda F, g, axis: g)
    with pytest.raises(TypeError, match="names 'needs'"):
        f.derivative(x=lambda F, g, needs: g)
    with pytest.raises(TypeError, match="names 'like_factor'"):
        f.derivative(x=lambda F, g, like_factor: g)
    with pytest.raises(TypeError, match="names '_x'"):
        f.derivative(x=lambda F, g, _x: g)
    with pytest.raises(TypeError, match=r"names '\*\*all'"):
        f.derivative(x=lambda F, g, **all: g)
    with pytest.raises(
        TypeError, match=r"the joint rule names 'z'; .* F, g, y, needs, x, like_x, factor, offset"
    ):
        f.joint_derivative(lambda F, g, z: (g,))
    with pytest.raises(TypeError, match="scaled: the rule of x: expected a function or zero, got 3"):
        f.derivative(x=3)
    f.derivative(x=lambda F, g: g)  # nothing was taken before


def test_a_derivative_by_what_is_no_array_argument():
    f = differentiable(scaled)
    for name in ("factor", "z", "y"):
        expected = f"scaled.derivative: '{name}' is not an array argument; it has x"
        with pytest.raises(TypeError, match=expected):
            f.derivative(**{name: zero})


def test_an_argument_called_self():
    def kernel(xp, self):
        return 2 * self

    f = differentiable(kernel)
    f.derivative(self=lambda F, g: 2 * g)
    check_gradients(f, X)


def test_rules_are_given_once():
    f = differentiable(plus)
    f.derivative(x=zero)
    f.derivative(x2=zero)
    with pytest.raises(ValueError, match=r"plus\.derivative: the derivative by x is already defined"):
        f.derivative(x=zero)
    with pytest.raises(ValueError, match=r"plus\.joint_derivative: its derivatives are already defined"):
        f.joint_derivative(lambda F, g: (g, g))


def test_rules_may_come_after_a_call():
    f = differentiable(plus)
    x = Variable(X)
    y = f(x, x)
    with pytest.raises(NotImplementedError, match="plus: no derivative with respect to x is defined"):
        y.sum().backward()
    f.derivative(x=lambda F, g, x: g * x, x2=zero)
    f(x, x).sum().backward()
    np.testing.assert_array_equal(x.grad, X)


@pytest.mark.parametrize("double", [False, True])
def test_a_missing_derivative_names_the_op_and_the_argument(double):
    f = differentiable(plus)
    f.derivative(x=lambda F, g: g)
    x, c = Variable(X), Variable(X, requires_grad=False)
    f(x, c).sum().backward(enable_double_backprop=double)
    for y in (f(c, x), f(x, x)):
        with pytest.raises(NotImplementedError, match="plus: no derivative with respect to x2 is defined"):
            y.sum().backward(enable_double_backprop=double)


def test_a_zero_derivative_stops_the_graph():
    f = differentiable(plus)
    f.derivative(x=zero, x2=lambda F, g: g)
    x, w = Variable(X), Variable(X)
    f(x, w).sum().backward()
    assert x.grad is None
    np.testing.assert_array_equal(w.grad, [1.0, 1.0])
    assert not f(x, X).requires_grad


def test_a_rule_may_answer_zero():
    f = differentiable(plus)
    f.derivative(x=lambda F, g: zero, x2=lambda F, g: g)
    x, w = Variable(X), Variable(X)
    f(x, w).sum().backward()
    assert x.grad is None
    assert w.grad is not None


def test_a_rule_that_returns_no_array():
    f = differentiable(plus)
    f.derivative(x=lambda F, g: 1.0, x2=zero)
    with pytest.raises(TypeError, match="plus: the rule of x returned float; expected an array"):
        f(Variable(X), X).sum().backward()


def test_a_rule_that_computes_with_public_functions():
    f = differentiable(plus)
    f.derivative(x=lambda F, g: pdist.functions.negative(g), x2=zero)
    with pytest.raises(TypeError, match="the rule of x returned Variable; expected an array, computed with"):
        f(Variable(X), X).sum().backward()


def test_a_rule_may_return_a_constant_where_a_graph_is_made():
    f = differentiable(plus)
    f.derivative(x=lambda F, g: np.ones(2), x2=zero)
    x = Variable(X)
    (g,) = pdist.grad([f(x, X) * x], [x], enable_double_backprop=True)
    np.testing.assert_array_equal(g.array, 1 + X + X)


def node_of(y):
    return y.creator


def test_what_no_rule_names_is_not_saved():
    f = differentiable(times)
    f.derivative(x=lambda F, g, scale, like_x: g * scale, scale=lambda F, g: 0 * g)
    a, b = F.exp(Variable(X)), F.exp(Variable(X))
    node = node_of(f(a, b))
    assert node.args[0] is node_of(a)
    assert node.args[1] is b.array
    assert node.output is None


@pytest.mark.parametrize("constant", [X, Variable(X, requires_grad=False), 2.0])
@pytest.mark.parametrize("joint", [False, True])
def test_like_has_a_shape_and_a_dtype_also_of_a_constant(constant, joint):
    seen = []

    def rule(F, g, like_x, like_scale):
        seen.append([(v.shape, v.dtype, v.ndim, v.size) for v in (like_x, like_scale)])
        assert not isinstance(like_x, np.ndarray)
        assert not isinstance(like_scale, np.ndarray)
        return (g, None) if joint else g

    f = differentiable(times)
    if joint:
        f.joint_derivative(rule)
    else:
        f.derivative(x=rule)
    f(F.exp(Variable(X)), constant).sum().backward()
    shape = np.shape(getattr(constant, "array", constant))
    assert seen == [[((2,), np.dtype(float), 1, 2), (shape, np.dtype(float), len(shape), 2 if shape else 1)]]


# Other ops in a rule ------------------------------------------------------------------------------


def test_an_unknown_function_in_a_rule():
    f = differentiable(plus)
    f.derivative(x=lambda F, g: F.no_such_thing(g), x2=zero)
    x = Variable(X)
    for double in (False, True):
        with pytest.raises(
            AttributeError, match=r"no function of pdist.functions is called 'no_such_thing'; .* F\("
        ):
            f(x, X).sum().backward(enable_double_backprop=double)


def test_private_ops_are_no_attributes_of_F():
    public = set(pdist.functions.__all__)
    for op in EVERY_OP.values():
        if op.kernel.__name__ not in public:
            for namespace in (raw(np), pdist.autograd.public):
                assert not hasattr(namespace, op.kernel.__name__)


def test_every_public_function_that_has_a_kernel_is_an_attribute_of_F():
    for name in pdist.functions.__all__:
        function = getattr(F, name)
        assert getattr(pdist.autograd.public, name) is function
        if hasattr(function, "kernel"):
            assert callable(getattr(raw(np), name))
        else:
            with pytest.raises(AttributeError, match=f"F.{name} cannot be used in rules"):
                getattr(raw(np), name)


def test_an_op_called_through_F():
    inner = differentiable(times)
    inner.derivative(x=lambda F, g, scale: g * scale, scale=lambda F, g, x: g * x)

    @in_rules(lambda xp, x: 3.0 * x)
    def thrice(x):
        return 3.0 * x

    f = differentiable(plus)
    f.derivative(x=lambda F, g, x, x2: F(thrice)(F(inner)(g, x * x2)), x2=zero)
    x = Variable(X)
    f(x, X).sum().backward()
    np.testing.assert_array_equal(x.grad, 3 * X * X)
    (g,) = pdist.grad([f(x, X)], [x], enable_double_backprop=True)
    (h,) = pdist.grad([g], [x])
    np.testing.assert_array_equal(h.array, 3 * X)


@pytest.mark.parametrize(
    "wrong", [np.exp, "exp", len, F.average], ids=["ufunc", "string", "builtin", "no raw form"]
)
@pytest.mark.parametrize("double", [False, True])
def test_what_is_no_op_cannot_be_called_through_F(wrong, double):
    f = differentiable(plus)
    f.derivative(x=lambda F, g: F(wrong)(g), x2=zero)
    with pytest.raises(
        TypeError, match=r"F\(\.\.\.\): expected an op, made by differentiable, or a function under"
    ):
        f(Variable(X), X).sum().backward(enable_double_backprop=double)


# Joint rules, any number of arguments -------------------------------------------------------------


def test_a_joint_rule_is_told_what_is_needed():
    needed = []

    def rule(F, g, needs, x, scale):
        needed.append((needs.x, needs.scale))
        return g * scale, g * x

    f = differentiable(times)
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


def test_a_joint_rule_may_come_after_a_call():
    f = differentiable(plus)
    x = Variable(X)
    assert f(x, X).requires_grad
    f.joint_derivative(lambda F, g, x: (g * x, None))
    f(x, X).sum().backward()
    np.testing.assert_array_equal(x.grad, X)
    with pytest.raises(ValueError, match="already defined"):
        f.derivative(x=zero)


def test_a_joint_rule_with_settings_that_leaves_one_out():
    def mixed(xp, x1, x2, *, weight=0.5):
        return weight * x1 + x2

    f = differentiable(mixed)
    f.joint_derivative(lambda F, g, weight: (g * weight, None))
    x, c = Variable(X), Variable(X)
    f(x, X, weight=3.0).sum().backward()
    np.testing.assert_array_equal(x.grad, [3.0, 3.0])
    with pytest.raises(NotImplementedError, match="mixed: no derivative with respect to x2"):
        f(x, c).sum().backward()


def test_a_joint_rule_that_miscounts():
    f = differentiable(plus)
    f.joint_derivative(lambda F, g: (g,))
    with pytest.raises(TypeError, match="plus: the joint rule returned 1 gradients; expected 2"):
        f(Variable(X), X).sum().backward()


@pytest.fixture
def total():
    def total(xp, *xs, scale=1.0):
        result = xs[0] * scale
        for x in xs[1:]:
            result = result + x * scale
        return result

    f = differentiable(total)
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
    with pytest.raises(TypeError, match=r"total\(\) got an unexpected keyword argument 'axis'"):
        total(X, axis=1)
    with pytest.raises(TypeError, match=r"total: xs\[1\]: expected numbers"):
        total(X, np.array(["a"]))


def test_any_number_of_arguments_takes_a_joint_rule():
    def several(xp, *xs):
        return xs[0]

    f = differentiable(several)
    with pytest.raises(TypeError, match="takes a joint_derivative"):
        f.derivative(xs=zero)


def test_any_number_of_arguments_saved_or_by_their_shapes():
    def first(xp, *xs):
        return xs[0] * 1

    def rule(F, g, like_xs):
        shapes.append([x.shape for x in like_xs])
        return [g, *[None] * (len(like_xs) - 1)]

    shapes: list = []
    f = differentiable(first)
    f.joint_derivative(rule)
    x = F.exp(Variable(X))
    y = f(x, np.ones((3, 2)))
    assert node_of(y).args[0] is node_of(x)
    y.sum().backward()
    assert shapes == [[(2,), (3, 2)]]

    f = differentiable(first)
    f.joint_derivative(lambda F, g, xs: [g * xs[1], None])
    x = F.exp(Variable(X))
    y = f(x, 2 * X)
    assert node_of(y).args[0] is x.array
    y.sum().backward()


# A recording in one thread -------------------------------------------------------------------------


def test_a_recording_leaves_the_functions_of_other_threads_alone():
    """Neither functions, their code nor their globals change, and arrays here go to kernels as they are."""
    inside, go_on = threading.Event(), threading.Event()

    def step(x):
        inside.set()
        assert go_on.wait(60)
        return F.exp(x) * 2

    def state():
        return {
            name: (f, f.__code__, dict(f.__globals__))
            for name in ("exp", "add", "matmul", "sum")
            if (f := getattr(F, name))
        }

    F.exp(X), F.add(X, X), F.sum(X)
    before, coerced = state(), []
    op = F.exp.op
    op.coerce = lambda *args: coerced.append(args) or type(op).coerce(op, *args)
    traced = pdist.trace(step)
    thread = threading.Thread(target=traced, args=(X,))
    thread.start()
    try:
        assert inside.wait(60)
        assert hooks.running == 1
        assert state() == before
        y = F.exp(Variable(X))
        y.sum().backward()
        assert coerced == []
    finally:
        go_on.set()
        thread.join()
        del op.coerce
    assert state() == before
    np.testing.assert_array_equal(traced(X).array, 2 * np.exp(X))


# The table -----------------------------------------------------------------------------------------


def test_the_calculus_prints_as_a_table():
    text = table(["pdist", "pdist_nn"])
    blocks = {block.split("(")[0]: block for block in text.replace("\n    ", "\t").splitlines()}
    assert blocks["multiply"] == "multiply(x1, x2)\tx1: g * x2\tx2: g * x1"
    assert blocks["exp"] == "exp(x)\tx: g * y"
    assert blocks["sign"] == "sign(x)\tx: 0"
    assert blocks["squared_difference"].split("\t")[1:] == [
        "    d = g * (2 * (x1 - x2))",
        "x1: d",
        "x2: -d if needs.x2 else zero",
    ]
    for op in EVERY_OP.values():
        for x in op.array_names:
            assert x + ":" in blocks[op.name] or x + ", " in blocks[op.name], op.name


def test_the_table_is_what_the_module_prints():
    done = subprocess.run(
        [sys.executable, "-m", "pdist.autograd", "pdist_nn"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert (
        "pdist.functions.arithmetic\n--------------------------\nadd(x1, x2)\n    x1: g\n    x2: g\n"
        in done.stdout
    )
    assert "pdist_nn.divergences" in done.stdout


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


@pytest.mark.parametrize("kind", sorted(REFUSED))
def test_every_op_refuses_what_is_no_array_of_numbers(kind):
    for op in EVERY_OP.values():
        settings = {s: None for s, p in op.settings.items() if p.default is p.empty}
        for i in range(1 if op.variadic else op.arity):
            arrays = [X] * i + [REFUSED[kind]] + [X] * (op.arity - i - 1)
            with pytest.raises(TypeError) as caught:
                op.function(*arrays, **settings)
            assert str(caught.value).startswith(f"{op.name}: {op.argument_name(i)}: ")


@pytest.mark.parametrize("bad", [REFUSED[kind] for kind in sorted(REFUSED) if kind != "variables"])
def test_variables_refuse_what_is_no_array_of_numbers(bad):
    for make in (Variable, pdist.as_variable, pdist.as_array):
        with pytest.raises(TypeError, match=r"expected|masked"):
            make(bad)


def test_every_op_has_a_docstring_whose_examples_hold():
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for op in EVERY_OP.values():
        function, name = op.function, op.kernel.__name__
        if getattr(sys.modules[op.kernel.__module__], name, None) is not function:
            continue  # made by a family of distributions
        assert function.__doc__, name
        for test in finder.find(
            function, name, globs={"np": np, "pdist": pdist, "F": F, "Variable": Variable, name: function}
        ):
            runner.run(test)
    assert runner.summarize(verbose=False).failed == 0
