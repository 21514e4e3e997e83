"""Backward passes: which gradients arrive, where, and in whose memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import pdist
import pdist.functions as F
from pdist import Variable, to_cpu
from pdist.autograd import differentiable
from pdist.autograd.gradient_check import check_gradients
from pdist.backend import default_library


def leaf(xp, values, dtype=np.float64):
    return Variable(default_library().from_host(np.asarray(values, dtype)))


def equal(array, values):
    np.testing.assert_array_equal(to_cpu(array), values)


# What arrives -------------------------------------------------------------------------------------


def test_a_leaf_used_twice_gets_both_gradients(xp):
    x = leaf(xp, [1.0, 2.0, 3.0])
    (x * x).sum().backward()
    equal(x.grad, [2.0, 4.0, 6.0])


def test_gradients_of_many_uses_add_up_without_touching_each_other(xp):
    x, w = leaf(xp, [1.0, 2.0]), leaf(xp, [3.0, 5.0])
    y = x * w
    (y + y + x + y + x).sum().backward()
    equal(x.grad, [11.0, 17.0])
    equal(w.grad, [3.0, 6.0])


def test_passes_add_to_the_gradient(xp):
    x = leaf(xp, [1.0, 2.0])
    for _ in range(3):
        (x * 2).sum().backward()
    equal(x.grad, [6.0, 6.0])
    x.cleargrad()
    assert x.grad is None


def test_a_pass_makes_a_new_array_of_a_gradient_that_was_there(xp):
    x = leaf(xp, [1.0])
    x.sum().backward()
    first = x.grad
    x.sum().backward()
    equal(first, [1.0])
    equal(x.grad, [2.0])


@given(shapes=hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3), data=st.data())
def test_gradients_are_summed_over_broadcast_axes(shapes, data):
    values = [
        data.draw(hnp.arrays(np.float64, shape, elements=st.integers(-3, 3).map(float)))
        for shape in shapes.input_shapes
    ]
    a, b = (Variable(v) for v in values)
    F.sum(a * b).backward()
    ones = np.ones(shapes.result_shape)
    for variable, other, i in ((a, values[1], 0), (b, values[0], 1)):
        full = other * ones
        lead = full.ndim - values[i].ndim
        full = full.sum(axis=tuple(range(lead)))
        axes = tuple(k for k, n in enumerate(values[i].shape) if n == 1)
        equal(variable.grad, full.sum(axis=axes, keepdims=True))
        assert type(variable.grad) is np.ndarray
        assert variable.grad.shape == variable.shape


def test_gradients_take_the_dtype_of_their_leaf(xp):
    single, double = leaf(xp, [1.0, 2.0], np.float32), leaf(xp, [3.0, 4.0])
    y = single * double
    assert y.dtype == np.float64
    y.sum().backward()
    assert single.grad.dtype == np.float32
    assert double.grad.dtype == np.float64
    equal(single.grad, [3.0, 4.0])


def test_a_cast_on_the_way_sends_each_side_its_dtype(xp):
    x = leaf(xp, [1.0, 2.0], np.float32)
    y = F.cast(x * 2, "float64")
    (y * y).sum().backward()
    assert x.grad.dtype == np.float32
    equal(x.grad, [8.0, 16.0])


def test_integers_take_part_without_a_gradient(xp):
    x, n = leaf(xp, [1.0, 2.0], np.float32), Variable(xp.asarray([3, 4]))
    assert not n.requires_grad
    y = x * n
    assert y.dtype == np.float32
    y.sum().backward()
    equal(x.grad, [3.0, 4.0])
    assert n.grad is None


def test_no_gradient_goes_through_integers(xp):
    x = leaf(xp, [1.5, 2.5])
    n = F.cast(x, "int64")
    assert not n.requires_grad
    assert n.creator is None


def test_0d_gradients_are_arrays(xp):
    x = leaf(xp, 2.0)
    y = x * x
    y.backward()
    y.cleargrad()
    (x * x).backward()
    assert isinstance(x.grad, type(x.array))
    equal(x.grad, 8.0)
    w = leaf(xp, [1.0, 2.0])
    (w * x).sum().backward()
    assert isinstance(x.grad, type(x.array))
    assert x.grad.shape == ()


def test_empty_arrays_have_empty_gradients(xp):
    x = leaf(xp, np.zeros((0, 3)))
    F.exp(x).sum().backward()
    assert x.grad.shape == (0, 3)


def test_the_own_gradient_is_the_weight_of_the_pass(xp):
    x = leaf(xp, [1.0, 2.0])
    y = x * 3
    y.grad = xp.asarray([10.0, 100.0])
    y.backward()
    equal(x.grad, [30.0, 300.0])


def test_loss_scale(xp):
    x = leaf(xp, [1.0, 2.0])
    (x * 3).sum().backward(loss_scale=8.0)
    equal(x.grad, [24.0, 24.0])


def test_one_element_of_any_shape_begins_with_one(xp):
    x = leaf(xp, [[2.0]])
    (x * x).backward()
    equal(x.grad, [[4.0]])


def test_several_elements_need_a_gradient_to_begin_with(xp):
    with pytest.raises(ValueError, match=r"shape \(2,\); only a single element"):
        (leaf(xp, [1.0, 2.0]) * 2).backward()


def test_what_needs_no_gradient_has_no_backward():
    with pytest.raises(ValueError, match="anything that requires a gradient"):
        F.exp(np.ones(())).backward()


def test_backward_of_a_leaf_is_one(xp):
    x = leaf(xp, 3.0)
    x.backward()
    equal(x.grad, 1.0)
    y = leaf(xp, 3.0)
    y.backward()
    assert x.grad is not y.grad


def test_a_leaf_that_wants_none_gets_none(xp):
    x, c = leaf(xp, [1.0]), Variable(xp.asarray([2.0]), requires_grad=False)
    (x * c).sum().backward()
    assert c.grad is None
    equal(x.grad, [2.0])


# Memory of its own --------------------------------------------------------------------------------


def arrays_of(*variables):
    return [variable.grad for variable in variables]


def assert_apart(*arrays):
    for i, a in enumerate(arrays):
        for b in arrays[:i]:
            assert not np.shares_memory(to_cpu(a), to_cpu(b))


@pytest.mark.parametrize("double", [False, True])
def test_leaf_gradients_share_no_memory(double):
    a, b, c = (Variable(np.array([1.0, 2.0])) for _ in range(3))
    y = a + b + c
    y.grad = seed = np.array([3.0, 4.0])
    y.backward(enable_double_backprop=double)
    assert_apart(seed, *arrays_of(a, b, c))
    for variable in (a, b, c):
        variable.cleargrad()


@pytest.mark.parametrize("double", [False, True])
def test_leaf_gradients_are_no_views(double):
    a, b = Variable(np.ones((2, 3))), Variable(np.ones(6))
    (F.reshape(a, (6,)) + b).sum().backward(enable_double_backprop=double)
    for variable in (a, b):
        assert variable.grad.base is None
        assert variable.grad.flags.writeable
        variable.grad[...] = 7.0
    assert_apart(*arrays_of(a, b))
    a.cleargrad(), b.cleargrad()


def test_leaf_gradients_are_not_the_shared_one():
    x, y = Variable(1.0), Variable(1.0)
    (x + y).backward()
    x.grad += 1
    z = Variable(1.0)
    (z + 0.0).backward()
    equal(z.grad, 1.0)
    equal(y.grad, 1.0)


def test_retained_gradients_share_no_memory_with_those_of_leaves():
    x = Variable(np.ones(3))
    y = x + 1.0
    y.grad = np.ones(3)
    y.backward(retain_grad=True)
    assert_apart(x.grad, y.grad)


def test_a_saved_array_is_never_changed():
    x = Variable(np.array([0.5, 1.0]))
    y = F.exp(x)
    before = y.array.copy()
    (y * y + y + x).sum().backward()
    equal(y.array, before)


# Retaining ----------------------------------------------------------------------------------------


def test_retain_grad_keeps_the_gradients_on_the_way(xp):
    x = leaf(xp, [1.0, 2.0])
    y = x * x
    z = (y * 3).sum()
    z.backward(retain_grad=True)
    equal(y.grad, [3.0, 3.0])
    equal(z.grad, 1.0)
    y.cleargrad()
    assert y.grad is None


def test_without_retain_grad_there_is_none_on_the_way(xp):
    x = leaf(xp, [1.0, 2.0])
    y = x * x
    y.sum().backward()
    assert y.grad is None


def test_a_used_graph_says_so(xp):
    x = leaf(xp, [1.0, 2.0])
    y = F.exp(x).sum()
    y.backward()
    with pytest.raises(ValueError, match=r"'exp' was freed by a previous pass.*retain_graph=True"):
        y.backward()


def test_retain_graph_lets_a_graph_be_used_again(xp):
    x = leaf(xp, [0.0, 0.0])
    y = F.exp(x).sum()
    y.backward(retain_graph=True)
    y.backward()
    equal(x.grad, [2.0, 2.0])


def test_a_graph_that_saved_nothing_can_be_used_again(xp):
    x = leaf(xp, [1.0, 2.0])
    y = (x + x - 3.0).sum()
    y.backward()
    y.backward()
    equal(x.grad, [4.0, 4.0])


def test_a_failing_rule_leaves_the_gradients_as_they_were(failing_op):
    x, w = Variable(np.array([1.0, 2.0])), Variable(np.array([1.0, 2.0]))
    x.grad = np.array([5.0, 5.0])
    y = (failing_op(x) + w).sum()
    with pytest.raises(RuntimeError, match="on purpose"):
        y.backward()
    equal(x.grad, [5.0, 5.0])
    assert w.grad is None


@pytest.fixture
def failing_op():
    def fails(xp, x):
        return x + 0

    def rule(F, g):
        raise RuntimeError("on purpose")

    op = differentiable(fails)
    op.derivative(x=rule)
    return op


# Unchaining ---------------------------------------------------------------------------------------


def test_unchain_makes_a_leaf_also_for_what_was_computed_before(xp):
    x = leaf(xp, [1.0, 2.0])
    y = x * 3
    z = (y * y).sum()
    y.unchain()
    z.backward()
    assert x.grad is None
    equal(y.grad, [6.0, 12.0])


def test_unchain_of_a_leaf_does_nothing(xp):
    x = leaf(xp, [1.0])
    x.unchain()
    (x * 2).sum().backward()
    equal(x.grad, [2.0])


def test_unchain_backward_truncates(xp):
    w = leaf(xp, 2.0)
    h = leaf(xp, 1.0)
    first = h * w
    total = first * w
    total.unchain_backward()
    assert total.creator is None
    (total * w).backward()
    equal(w.grad, 4.0)  # through the last product only
    assert h.grad is None
    equal(total.grad, 2.0)


def test_a_graph_beside_the_cut_one_still_works(xp):
    w, h = leaf(xp, 2.0), leaf(xp, 3.0)
    shared = h * w
    loss, other = F.exp(shared), shared * w
    loss.unchain_backward()
    other.backward()
    equal(w.grad, 6.0)
    assert h.grad is None


# Long graphs --------------------------------------------------------------------------------------


def test_a_chain_of_100000_operations():
    x = Variable(np.array([1.0, 2.0]))
    y = x
    for _ in range(100_000):
        y = y * 1.0
    y.sum().backward()
    equal(x.grad, [1.0, 1.0])


def test_a_ladder_of_paths_is_walked_once_a_node():
    calls = []

    def counted(xp, x):
        return x + 0

    op = differentiable(counted)
    op.derivative(x=lambda F, g: calls.append(1) or g)
    x = Variable(np.array(1.0))
    y = x
    for _ in range(60):  # 2^60 paths
        y = op(y)
        y = y + y
    y.backward()
    equal(x.grad, 2.0**60)
    assert len(calls) == 60


# Higher order by backward -------------------------------------------------------------------------


def test_second_order_by_backward(xp):
    x = leaf(xp, [1.0, 2.0])
    (x**3).sum().backward(enable_double_backprop=True)
    first = x.grad_var
    equal(first.array, [3.0, 12.0])
    x.cleargrad()
    first.sum().backward()
    equal(x.grad, [6.0, 12.0])


def test_third_order_by_backward(xp):
    x = leaf(xp, [1.0, 2.0])
    y = (x**4).sum()
    for _ in range(2):
        y.backward(enable_double_backprop=True)
        y = x.grad_var.sum()
        x.cleargrad()
    y.backward()
    equal(x.grad, [24.0, 48.0])


def test_double_backprop_adds_to_a_plain_gradient(xp):
    x = leaf(xp, [3.0])
    (x * 2).sum().backward()
    (x * x).sum().backward(enable_double_backprop=True)
    equal(x.grad, [8.0])
    assert x.grad_var.requires_grad
    (x * 1.0).sum().backward()
    equal(x.grad, [9.0])
    assert not x.grad_var.requires_grad


def test_double_backprop_works_inside_no_backprop_mode(xp):
    x = leaf(xp, [2.0])
    y = (x**3).sum()
    with pdist.no_backprop_mode():
        y.backward(enable_double_backprop=True)
    g = x.grad_var
    x.cleargrad()
    g.sum().backward()
    equal(x.grad, [12.0])


def test_mixed_dtypes_to_second_order(xp):
    single, double = leaf(xp, [0.5, 2.0], np.float32), leaf(xp, [3.0, 4.0])
    y = F.exp(single * double).sum()
    (g,) = pdist.grad([y], [single], enable_double_backprop=True)
    assert g.dtype == np.float32
    (gg,) = pdist.grad([g.sum()], [single])
    assert gg.dtype == np.float32
    s, d = to_cpu(single.array), to_cpu(double.array)
    np.testing.assert_allclose(to_cpu(gg.array), d**2 * np.exp(s * d), rtol=1e-6)


def test_against_finite_differences():
    check_gradients(lambda x, w: F.tanh(x * w + F.exp(w)) * x, [np.array([0.3, -0.2]), np.array(0.4)])


# A gradient to begin with that has a graph of its own -----------------------------------------------------


@pytest.mark.parametrize("scale", [None, 4.0])
@pytest.mark.parametrize("retain_grad", [False, True])
def test_the_graph_of_the_first_gradient_survives(scale, retain_grad):
    a, g = Variable(np.array(3.0)), Variable(np.array(2.0))
    y = F.square(a)
    y.grad_var = g
    y.backward(enable_double_backprop=True, loss_scale=scale, retain_grad=retain_grad)
    k = 1.0 if scale is None else scale
    assert a.grad == 12 * k
    by_g, by_a = pdist.grad([a.grad_var], [g, a])
    assert by_g.array == 6 * k
    assert by_a.array == 4 * k


def test_a_first_gradient_that_was_computed():
    a, b = Variable(np.array([1.0, 2.0])), Variable(np.array([3.0, 4.0]))
    y = F.exp(a)
    y.grad_var = b * b
    y.backward(enable_double_backprop=True)
    np.testing.assert_allclose(a.grad, b.array**2 * np.exp(a.array))
    (by_b,) = pdist.grad([F.sum(a.grad_var)], [b])
    np.testing.assert_allclose(by_b.array, 2 * b.array * np.exp(a.array))


def test_a_first_gradient_that_arrives_unchanged():
    """Each leaf gets an array of its own, but the graph goes through to the gradient that was given."""
    a, b, g = (Variable(np.array([value, 1.0])) for value in (3.0, 4.0, 5.0))
    y = a + b
    y.grad_var = g
    y.backward(enable_double_backprop=True)
    assert len({id(v.grad) for v in (a, b)} | {id(g.array)}) == 3
    for v in (a, b):
        np.testing.assert_array_equal(v.grad, g.array)
        (by_g,) = pdist.grad([F.sum(v.grad_var * v.grad_var)], [g])
        np.testing.assert_array_equal(by_g.array, 2 * g.array)


@pytest.mark.parametrize("f", [lambda a, b: a + b, lambda a, b: a * b + a], ids=["sum", "product"])
def test_grad_outputs_keep_their_graph(f):
    a, b, g = (Variable(np.array([value, 1.0])) for value in (3.0, 4.0, 5.0))
    found = pdist.grad([f(a, b)], [a], grad_outputs=[g], enable_double_backprop=True)
    (by_g,) = pdist.grad([F.sum(found[0])], [g])
    x = Variable(a.array)
    (expected,) = pdist.grad([F.sum(f(x, b))], [x])
    np.testing.assert_array_equal(by_g.array, expected.array)


def test_grad_inputs_keep_their_graph():
    a, extra = Variable(np.array(3.0)), Variable(np.array(5.0))
    (g,) = pdist.grad([F.square(a)], [a], grad_inputs=[extra * extra], enable_double_backprop=True)
    assert g.array == 31
    (by_extra,) = pdist.grad([g], [extra])
    assert by_extra.array == 10


def test_gradients_that_are_added_up_keep_their_graphs():
    a = Variable(np.array(3.0))
    F.square(a).backward(enable_double_backprop=True)
    (a * a * a).backward(enable_double_backprop=True)
    assert a.grad == 6 + 27
    (second,) = pdist.grad([a.grad_var], [a])
    assert second.array == 2 + 18


def test_a_plain_pass_takes_the_values_of_a_first_gradient():
    a, g = Variable(np.array(3.0)), Variable(np.array(2.0))
    y = F.square(a)
    y.grad_var = g
    y.backward()
    assert a.grad == 12
    assert g.grad is None
