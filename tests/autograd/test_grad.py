"""pdist.grad: gradients as answers, without touching anybody's ``.grad``."""

from __future__ import annotations

import numpy as np
import pytest

import pdist
import pdist.functions as F
from pdist import Variable, to_cpu
from pdist.autograd import differentiable
from pdist.backend import default_library


def leaf(xp, values, dtype=np.float64):
    return Variable(default_library().from_host(np.asarray(values, dtype)))


def equal(variable, values):
    np.testing.assert_array_equal(to_cpu(variable.array), values)


def test_answers_without_touching_grad(xp):
    x, w = leaf(xp, [1.0, 2.0]), leaf(xp, [3.0, 4.0])
    gx, gw = pdist.grad([(x * w * w).sum()], [x, w])
    equal(gx, [9.0, 16.0])
    equal(gw, [6.0, 16.0])
    assert x.grad is None
    assert w.grad is None
    assert not gx.requires_grad


def test_a_single_variable_stands_for_a_sequence_of_one(xp):
    x = leaf(xp, 3.0)
    (g,) = pdist.grad(x * x, x)
    equal(g, 6.0)


def test_outputs_of_several_elements_count_with_ones(xp):
    x = leaf(xp, [1.0, 2.0])
    (g,) = pdist.grad([x * x], [x])
    equal(g, [2.0, 4.0])


def test_by_a_variable_on_the_way_and_by_a_leaf(xp):
    x = leaf(xp, [1.0, 2.0])
    y = x * x
    z = y * y
    gy, gx, gz = pdist.grad([z], [y, x, z])
    equal(gy, [2.0, 8.0])
    equal(gx, [4.0, 32.0])
    equal(gz, [1.0, 1.0])


def test_rules_off_the_way_are_not_called(xp):
    def without_derivative(xp, x):
        return x + 0

    x = leaf(xp, [1.0])
    y = differentiable(without_derivative)(x)
    z = y * x
    (g,) = pdist.grad([z], [y])
    equal(g, [1.0])
    with pytest.raises(NotImplementedError, match="without_derivative: no derivative with respect to x"):
        pdist.grad([z], [x])


def test_repeated_inputs_have_answers_of_their_own(xp):
    x = leaf(xp, [1.0, 2.0])
    first, second = pdist.grad([x * x], [x, x])
    equal(first, [2.0, 4.0])
    equal(second, [2.0, 4.0])
    assert first.array is not second.array


def test_what_the_outputs_do_not_depend_on_has_none(xp):
    x, w = leaf(xp, [1.0]), leaf(xp, [1.0])
    c = Variable(xp.asarray([1.0]), requires_grad=False)
    assert pdist.grad([x * c], [w, c, x * 1.0]) == [None, None, None]


def test_several_outputs_are_summed(xp):
    x = leaf(xp, [1.0, 2.0])
    y = x * x
    (g,) = pdist.grad([y, y * 3, x], [x])
    equal(g, [9.0, 17.0])


def test_grad_outputs_weigh(xp):
    x = leaf(xp, [1.0, 2.0])
    weight = xp.asarray([10.0, 100.0])
    (g,) = pdist.grad([x * 2, x], [x], grad_outputs=[weight, None])
    equal(g, [21.0, 201.0])
    (g,) = pdist.grad([x], [x], grad_outputs=[Variable(weight)])
    equal(g, [10.0, 100.0])
    assert g.array is not weight


def test_loss_scale(xp):
    x = leaf(xp, [1.0, 2.0])
    (g,) = pdist.grad([x * 2], [x], loss_scale=4.0)
    equal(g, [8.0, 8.0])


def test_grad_inputs_are_added(xp):
    x, w = leaf(xp, [1.0, 2.0]), leaf(xp, [1.0, 2.0])
    extra = xp.asarray([5.0, 5.0])
    gx, gw = pdist.grad([x * 2], [x, w], grad_inputs=[extra, Variable(extra)])
    equal(gx, [7.0, 7.0])
    equal(gw, [5.0, 5.0])
    gx, gw = pdist.grad([x * 2], [x, w], grad_inputs=[Variable(extra), None], enable_double_backprop=True)
    equal(gx, [7.0, 7.0])
    assert gw is None


def test_set_grad_and_retain_grad(xp):
    x = leaf(xp, [1.0, 2.0])
    y = x * x
    pdist.grad([y * 3], [x], set_grad=True, retain_grad=True)
    np.testing.assert_array_equal(to_cpu(x.grad), [6.0, 12.0])
    np.testing.assert_array_equal(to_cpu(y.grad), [3.0, 3.0])
    pdist.grad([y * 3], [x], set_grad=True, enable_double_backprop=True)
    assert x.grad_var.requires_grad
    x.cleargrad()


def test_higher_orders(xp):
    x = leaf(xp, [1.0, 2.0])
    y, powers = x**4, []
    for _ in range(4):
        (y,) = pdist.grad([y], [x], enable_double_backprop=True)
        powers.append(y)
    for g, values in zip(powers, ([4, 32], [12, 48], [24, 48], [24, 24]), strict=True):
        np.testing.assert_allclose(to_cpu(g.array), values)


def test_mixed_second_derivatives_agree(xp):
    x, w = leaf(xp, 0.3), leaf(xp, -0.7)
    y = F.exp(x * w) + x * w * w
    gx, gw = pdist.grad([y], [x, w], enable_double_backprop=True)
    (xw,) = pdist.grad([gx], [w])
    (wx,) = pdist.grad([gw], [x])
    np.testing.assert_allclose(to_cpu(xw.array), to_cpu(wx.array), rtol=1e-15)


def test_a_gradient_penalty_trains(xp):
    x, w = leaf(xp, [0.5, -1.0]), leaf(xp, [2.0, 3.0])
    (g,) = pdist.grad([F.tanh(x * w).sum()], [x], enable_double_backprop=True)
    (g * g).sum().backward()
    t = np.tanh([1.0, -3.0])
    s, W = 1 - t * t, np.array([2.0, 3.0])
    expected = 2 * s * W * (s + W * -2 * t * s * np.array([0.5, -1.0]))
    np.testing.assert_allclose(to_cpu(w.grad), expected, rtol=1e-12)


def test_second_derivative_that_does_not_exist_is_none(xp):
    x = leaf(xp, [1.0])
    (g,) = pdist.grad([x * 3], [x], enable_double_backprop=True)
    assert pdist.grad([g], [x]) == [None]


def test_the_graph_stays_usable(xp):
    x = leaf(xp, [1.0])
    y = F.exp(x)
    pdist.grad([y], [x])
    y.backward()
    assert x.grad is not None


def test_inside_no_backprop_mode(xp):
    x = leaf(xp, [2.0])
    y = x**3
    with pdist.no_backprop_mode():
        (g,) = pdist.grad([y], [x], enable_double_backprop=True)
    (gg,) = pdist.grad([g], [x])
    equal(gg, [12.0])


def test_lists_of_the_wrong_length_or_shape(xp):
    x = leaf(xp, [1.0, 2.0])
    with pytest.raises(ValueError, match="one of grad_outputs for each of 1 Variables, got 2"):
        pdist.grad([x * 2], [x], grad_outputs=[None, None])
    with pytest.raises(
        ValueError, match=r"grad_outputs\[0\] has shape \(3,\); expected its Variable's, \(2,\)"
    ):
        pdist.grad([x * 2], [x], grad_outputs=[xp.ones(3)])
    with pytest.raises(ValueError, match="one of grad_inputs"):
        pdist.grad([x * 2], [x], grad_inputs=[])
    with pytest.raises(ValueError, match="grad_inputs"):
        pdist.grad([x * 2], [x], grad_inputs=[xp.ones((2, 2))])
