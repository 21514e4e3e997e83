"""Arrays that change between a forward and a backward pass: an error that names them, never a mixture."""

from __future__ import annotations

import gc
import pickle
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pdist
import pdist.functions as F
import pdist_nn
from pdist import Variable
from pdist.autograd import changes, note_written
from pdist_nn import links, optimizers

A, B = np.array([2.0, 3.0]), np.array([5.0, 7.0])


def fill(v):
    v.array[...] = 1.0


def one_element(v):
    v.array[0] += 1.0


def subtract(v):
    v.array -= 0.5


def through_data(v):
    v.data *= 2.0


def twice(v):
    v.array[0] = 9.0
    v.array[0] = 8.0


def shuffled(v):
    v.array[...] = v.array[::-1].copy()


def told(v):
    v._array += 1.0
    note_written(v)


def reshaped(v):
    v.array = np.ones(3)


def another_dtype(v):
    v.array = v.array.astype(np.float32)


IN_PLACE = [fill, one_element, subtract, through_data, twice, shuffled, told]
OTHER_SHAPE = [reshaped, another_dtype]


def by_name(function):
    return function.__name__


@pytest.mark.parametrize("change", IN_PLACE, ids=by_name)
@pytest.mark.parametrize("between", ["forward and backward", "two passes"])
@pytest.mark.parametrize("double", [False, True])
def test_a_leaf_that_was_changed_in_place(change, between, double):
    w, x = Variable(A.copy(), name="w"), Variable(B.copy())
    y = F.sum(F.power(w * x, 3.0))
    if between == "two passes":
        y.backward(retain_graph=True)
        w.cleargrad()
        x.cleargrad()
    change(w)
    for _ in range(2):
        with pytest.raises(
            RuntimeError, match=r"backward: x1 of 'multiply' \(w\) was changed in place after"
        ):
            y.backward(enable_double_backprop=double, retain_graph=True)
    with pytest.raises(RuntimeError, match="was changed in place"):
        pdist.grad([y], [x], enable_double_backprop=double)
    assert w.grad is None
    assert x.grad is None
    y = F.sum(w * x)
    y.backward()
    np.testing.assert_array_equal(x.grad, w.array)


@pytest.mark.parametrize("change", OTHER_SHAPE, ids=by_name)
def test_a_leaf_of_another_shape(change):
    w = Variable(A.copy())
    y = F.sum(w + 1.0)  # which saves nothing of w
    change(w)
    with pytest.raises(RuntimeError, match="x1 of 'add' was given an array of another shape or dtype"):
        y.backward()


@pytest.mark.parametrize("change", IN_PLACE, ids=by_name)
def test_what_was_not_saved_may_change(change):
    w = Variable(A.copy())
    y = F.sum(F.exp(w) + w)
    change(w)
    y.backward()
    np.testing.assert_array_equal(w.grad, np.exp(A) + 1)


def test_another_array_leaves_a_plain_pass_right():
    w, x = Variable(A), Variable(B)
    y = F.sum(w * w * x)
    w.array = 100 * A
    y.backward(retain_graph=True)
    np.testing.assert_array_equal(w.grad, 2 * A * B)
    with pytest.raises(RuntimeError, match="x1 of 'multiply' was given another array after 'multiply'"):
        y.backward(enable_double_backprop=True)


def test_a_change_before_another_array():
    w = Variable(A.copy())
    y = F.sum(w * w)
    w.array[...] = 1.0
    w.array = B
    with pytest.raises(RuntimeError, match="was changed in place"):
        y.backward()


def test_a_copy_in_another_dtype_keeps_the_old_values():
    w = Variable(A.astype(np.float32))
    y = F.sum(w * B)
    note_written(w)
    x = Variable(B)
    z = F.sum(w * x)
    w.array -= 1
    z.backward()
    np.testing.assert_array_equal(x.grad, A)
    y.backward()


def test_copy_keeps_the_old_values():
    w = Variable(A.copy())
    y = F.sum(F.copy(w) ** 2)
    w.array[...] = 0.0
    y.backward()
    np.testing.assert_array_equal(w.grad, 2 * A)


@pytest.mark.parametrize("op", [F.exp, lambda x: F.square(x * 1.0)], ids=["output", "argument"])
def test_a_computed_array_that_was_changed_in_place(op):
    x = Variable(A.copy())
    y = F.exp(x) if op is F.exp else x * 1.0
    z = F.sum(y if op is F.exp else F.square(y))
    y.array[...] = 0.0
    with pytest.raises(RuntimeError, match=r"the output of 'exp'|x of 'square'"):
        z.backward()


@pytest.mark.parametrize("op", [F.exp, F.square], ids=["exp", "square"])
def test_looking_changes_nothing(op):
    x = Variable(A)
    y = op(x)
    z = F.sum(F.square(y))
    for v in (x, y, z):
        assert v.array is v.array
        repr(v), str(v), float(np.sum(v.array)), v == v, F.where(v.array > 0, 1.0, 2.0)
    z.backward(retain_graph=True)
    x.array  # noqa: B018
    z.backward()
    assert x.grad is not None


def test_a_change_that_is_undone():
    w = Variable(A.copy())
    y = F.sum(w * w)
    kept = w.array.copy()
    w.array[...] = 0.0
    w.array[...] = kept
    y.backward()
    np.testing.assert_array_equal(w.grad, 2 * A)


def test_training_by_hand():
    """Each step changes the array in place between its own pass and the next."""
    mine = A.copy()
    w = Variable(mine)
    for _ in range(20):
        w.cleargrad()
        loss = F.sum(F.square(w) * B)
        assert loss.array > 0
        loss.backward()
        w.array[...] -= 0.01 * w.grad
        w.array -= 0.01 * w.grad
    assert w.array is mine
    assert abs(w.array).max() < 1


def test_an_old_and_a_new_graph():
    w = Variable(A.copy())
    old = F.sum(w * w)
    w.array[...] = B
    new = F.sum(w * w)
    new.backward()
    np.testing.assert_array_equal(w.grad, 2 * B)
    w.array[...] = 0.0
    for y in (old, new):
        with pytest.raises((RuntimeError, ValueError)):
            y.backward()
    with pytest.raises(RuntimeError, match="changed in place"):
        old.backward()


@given(st.lists(st.sampled_from(["compute", "write", "replace", "look", "backward"]), max_size=12))
def test_gradients_are_right_or_refused(actions):
    """In whatever order: a pass gives the gradient of the values it was computed with, or fails."""
    w = Variable(A.copy())
    pending, k = [], 1.0
    for action in actions:
        k += 1.0
        if action == "compute":
            pending.append((F.sum(w * w), w._array.copy(), True))
        elif action == "write":
            w.array[...] = k
            pending = [(y, was, False) for y, was, _ in pending]
        elif action == "replace":
            w.array = np.full(2, k)
        elif action == "look":
            assert w.array.shape == (2,)
        elif pending:
            y, was, fresh = pending.pop()
            w.cleargrad()
            try:
                y.backward()
            except RuntimeError:
                assert not fresh
            else:
                np.testing.assert_array_equal(w.grad, 2 * was)


# pdist_nn ------------------------------------------------------------------------------------------


@pytest.fixture
def model():
    return links.Linear(2, 1, initialW=np.ones((1, 2), np.float32))


X = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)


def loss_of(model):
    x = Variable(X.copy())
    return x, F.sum(F.square(model(x)))


@pytest.mark.parametrize("name", ["SGD", "MomentumSGD", "Adam", "RMSprop"])
@pytest.mark.parametrize("steps", [1, 2])
def test_an_update_between_two_passes(model, name, steps):
    optimizer = getattr(optimizers, name)().setup(model)
    for _ in range(steps):
        _, y = loss_of(model)
        model.cleargrads()
        y.backward(retain_graph=True)
        optimizer.update()
    with pytest.raises(RuntimeError, match=r"W of 'linear' .*|W of 'affine_map' \(W\) was changed in place"):
        y.backward()
    _, y = loss_of(model)
    y.backward()


def test_only_what_was_updated_counts(model):
    other = links.Linear(2, 1)
    optimizer = optimizers.SGD().setup(other)
    _, y = loss_of(model)
    _, z = loss_of(other)
    other.cleargrads()
    z.backward()
    optimizer.update()
    y.backward()
    assert model.W.grad is not None


def load(model, tmp_path):
    path = tmp_path / "model.npz"
    pdist_nn.serializers.save_npz(path, model)
    model.W.array = model.W.array + 1
    pdist_nn.serializers.load_npz(path, model)


def copied(model, tmp_path):
    model.copyparams(links.Linear(2, 1))


@pytest.mark.parametrize("change", [load, copied], ids=by_name)
@pytest.mark.parametrize("packed", [False, True])
def test_parameters_that_are_loaded_or_copied(model, change, packed, tmp_path):
    if packed:
        optimizer = optimizers.SGD().setup(model)
        _, y = loss_of(model)
        y.backward()
        optimizer.update()
    W = model.W.array.copy()
    x, y = loss_of(model)
    expected = 2 * (X @ W.T + model.b.array) @ W
    change(model, tmp_path)
    try:
        y.backward()
    except RuntimeError as error:
        assert "changed in place" in str(error)
    else:
        np.testing.assert_allclose(x.grad, expected, rtol=1e-6)


# What it costs -------------------------------------------------------------------------------------


def test_histories_keep_nothing_alive():
    x = Variable(A.copy())
    y = F.exp(x)
    z = F.sum(y)
    assert y.array is not None
    saved, node = weakref.ref(y.array), y.creator
    del y
    z.backward()
    assert saved() is None
    assert node._history.given() is None
    gc.collect()


def test_nothing_is_looked_at_where_no_graph_may_hold_it():
    x = Variable(A.copy())
    assert x.array.sum() == 5.0
    assert not hasattr(x, "_history")
    constant = Variable(A, requires_grad=False)
    assert constant.array.sum() == 5.0
    assert not hasattr(constant, "_history")


def test_a_large_array_is_sampled():
    array = np.zeros(10 * changes._SAMPLE)
    before = changes.checksum(array)
    array += 1.0
    assert changes.checksum(array) != before
    for small in (
        np.zeros(()),
        np.zeros((3, 0)),
        np.zeros((4, 6), np.float32)[::2, ::-1],
        np.zeros(3, np.float16),
    ):
        before = changes.checksum(small)
        small += 1.0
        assert (changes.checksum(small) != before) == bool(small.size)


def test_copies_begin_anew():
    w = Variable(A.copy())
    y = F.sum(w * w)
    w.array[...] = 0.0
    again = pickle.loads(pickle.dumps(w))
    assert not hasattr(again, "_history")
    del y
