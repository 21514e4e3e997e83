"""Links: registration, traversal, copies, devices, persistent values."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L


class Pair(nn.Chain):
    """Two layers, and a persistent value of its own."""

    def __init__(self, n: int = 3) -> None:
        super().__init__()
        with self.init_scope():
            self.first = L.Linear(2, n)
            self.second = L.Linear(n, 1)
        self.add_persistent("count", np.zeros(2, np.float32))

    def forward(self, x: object) -> object:
        return self.second(F.tanh(self.first(x)))


class Nested(nn.Link):
    """A tree of links of a given form: a number is so many parameters, a list is children."""

    def __init__(self, form: object) -> None:
        super().__init__()
        with self.init_scope():
            for i, part in enumerate(form):
                if isinstance(part, int):
                    setattr(self, f"p{i}", nn.Parameter(float(part), (part,)))
                else:
                    setattr(self, f"c{i}", Nested(part))


forms = st.recursive(
    st.lists(st.integers(1, 3), max_size=3), lambda f: st.lists(st.one_of(st.integers(1, 3), f), max_size=3)
)


def flat(form: object, path: str = "") -> dict[str, int]:
    found = {f"{path}/p{i}": part for i, part in enumerate(form) if isinstance(part, int)}
    for i, part in enumerate(form):
        if not isinstance(part, int):
            found |= flat(part, f"{path}/c{i}")
    return found


@given(forms)
def test_every_parameter_is_found_once_by_its_path(form):
    link = Nested(form)
    expected = flat(form)
    assert {path: p.size for path, p in link.namedparams()} == expected
    assert link.count_params() == sum(expected.values())
    assert {id(p) for p in link.params()} == {id(p) for _, p in link.namedparams()}
    assert len(list(link.params())) == len(expected)


@given(forms)
def test_copies_and_pickles_have_the_same_structure_and_arrays_of_their_own(form):
    link = Nested(form)
    for other in (
        copy.deepcopy(link),
        pickle.loads(pickle.dumps(link)),
        link.copy("copy"),
        link.copy("init"),
    ):
        ours, theirs = dict(link.namedparams()), dict(other.namedparams())
        assert ours.keys() == theirs.keys()
        for path, p in theirs.items():
            assert p is not ours[path]
            assert not np.shares_memory(p.array, ours[path].array)
            np.testing.assert_array_equal(p.array, ours[path].array)


def test_a_shared_copy_has_the_same_arrays_and_gradients_of_its_own():
    link = Pair()
    other = link.copy("share")
    (other(np.ones((1, 2), np.float32)).sum()).backward()
    for ours, theirs in zip(link.params(), other.params(), strict=True):
        assert ours.array is theirs.array
        assert ours.grad is None
        assert theirs.grad is not None


def test_scopes_register_as_in_chainer():
    class Scoped(nn.Chain):
        def __init__(self):
            super().__init__()
            self.before = L.Linear(1, 1)
            with self.init_scope():
                self.inside = L.Linear(1, 1)
            self.after = nn.Parameter(0.0, ())

    assert dict(Scoped().namedparams()).keys() == {"/inside/W", "/inside/b"}
    assert [link.name for link in Scoped().children()] == ["inside"]


def test_without_a_scope_all_attributes_register():
    class Plain(nn.Chain):
        def __init__(self):
            super().__init__()
            self.layer = L.Linear(1, 1)
            self.factor = nn.Parameter(0.0, ())

    link = Plain()
    assert dict(link.namedparams()).keys() == {"/factor", "/layer/W", "/layer/b"}
    link.factor = 3.0
    del link.layer
    assert dict(link.namedparams()) == {}
    assert not hasattr(link, "layer")


def test_a_forgotten_super_init_does_no_harm():
    class Forgetful(nn.Chain):
        def __init__(self):
            self.layer = L.Linear(2, 1)

    assert Forgetful().count_params() == 3


def test_what_is_flattened_follows_changes_deep_inside():
    link = nn.Chain(a=nn.Chain(b=L.Linear(1, 1, nobias=True)))
    assert link.count_params() == 1
    link.a.b.extra = 5  # no parameter
    link.a.add_link("c", L.Linear(2, 2))
    assert link.count_params() == 7
    link.a.b.b = nn.Parameter(0.0, (1,))  # its scope was opened before, so this is no registration
    assert link.count_params() == 7
    with link.a.b.init_scope():
        link.a.b.b = nn.Parameter(0.0, (1,))
    assert link.count_params() == 8


def test_a_shared_child_counts_once():
    layer = L.Linear(2, 2)
    link = nn.Chain(a=layer, b=layer)
    assert len(list(link.params())) == 2
    assert len(list(link.namedparams())) == 4
    assert link.count_params() == 6


def test_links_are_named_by_path():
    link = nn.Chain(a=nn.Chain(b=nn.Link()), c=nn.ChainList(nn.Link(), nn.Link()))
    assert [path for path, _ in link.namedlinks()] == ["/", "/a", "/a/b", "/c", "/c/0", "/c/1"]
    assert [path for path, _ in link.namedlinks(skipself=True)] == ["/a", "/a/b", "/c", "/c/0", "/c/1"]
    assert list(link.links()) == [found for _, found in link.namedlinks()]
    assert link["a"] is link.a
    with pytest.raises(KeyError, match=r"no child 'z'"):
        link["z"]


def test_chain_list_is_a_list():
    a, b, c = (L.Linear(1, 1, initialW=float(i)) for i in range(3))
    chain = nn.ChainList(a, c)
    chain.insert(1, b)
    assert list(chain) == [a, b, c]
    assert len(chain) == 3
    assert [link.name for link in chain] == ["0", "1", "2"]
    chain[0] = c
    del chain[2]
    assert list(chain) == [c, b]
    assert dict(chain.namedparams()).keys() == {"/0/W", "/0/b", "/1/W", "/1/b"}
    chain.extend([a])
    assert chain[-1] is a
    with pytest.raises(TypeError, match=r"ChainList: expected a Link, got a function"):
        chain.append(lambda x: x)


def test_sequential_applies_its_layers():
    model = nn.Sequential(L.Linear(2, 3, initialW=1.0), F.relu, lambda x: x * 2)
    x = np.float32([[1, 2]])
    np.testing.assert_array_equal(model(x).array, np.full((1, 3), 6))
    assert nn.Sequential()(x) is x
    assert dict(model.namedparams()).keys() == {"/0/W", "/0/b"}
    with pytest.raises(TypeError, match=r"Sequential: expected a Link or a function, got a int"):
        model.append(3)


def test_sequential_passes_a_sample_or_what_the_head_says():
    x = np.zeros((4, 2), np.float32)
    seen = []
    mean = nn.heads.IndependentNormal(1, convert_to_array=lambda d: d.mean)
    model = nn.Sequential(mean, lambda x: seen.append(x) or x)
    model(x)
    assert seen[0].shape == (4, 1)
    assert not seen[0].array.any()
    draws = nn.Sequential(nn.heads.IndependentNormal(1), lambda x: x)(x)
    assert len(set(draws.array.ravel().tolist())) == 4
    assert nn.Sequential(mean)(x).event_shape == (1,)


def test_repeat_makes_layers_with_weights_of_their_own():
    model = L.Linear(3, 3).repeat(4)
    arrays = [layer.W.array for layer in model]
    assert len(model) == 4
    assert all((arrays[0] != other).any() for other in arrays[1:])


def test_copyparams():
    one, two = Pair(), Pair()
    one.count += 1
    two.copyparams(one)
    for a, b in zip(one.params(), two.params(), strict=True):
        np.testing.assert_array_equal(a.array, b.array)
        assert not np.shares_memory(a.array, b.array)
    np.testing.assert_array_equal(two.count, 1)
    assert two.count is not one.count
    two.copyparams(Pair(), copy_persistent=False)
    np.testing.assert_array_equal(two.count, 1)


def test_copyparams_of_another_structure_changes_nothing():
    model = Pair(3)
    before = [p.array.copy() for p in model.params()]
    with pytest.raises(
        ValueError, match=r"Pair.copyparams: /first/W has shape \(3, 2\) here and \(4, 2\) there"
    ):
        model.copyparams(Pair(4))
    with pytest.raises(ValueError, match=r"Chain.copyparams: the links differ in /first/W"):
        nn.Chain().copyparams(Pair(4))
    for p, array in zip(model.params(), before, strict=True):
        np.testing.assert_array_equal(p.array, array)


def test_gradients_are_cleared_and_added():
    one, two = Pair(), Pair()
    x = np.ones((1, 2), np.float32)
    one(x).sum().backward()
    two(x).sum().backward()
    expected = [a.grad + b.grad for a, b in zip(one.params(), two.params(), strict=True)]
    one.addgrads(two)
    for p, g in zip(one.params(), expected, strict=True):
        np.testing.assert_array_equal(p.grad, g)
    one.cleargrads()
    assert all(p.grad is None for p in one.params())
    one.addgrads(two)
    assert all(a.grad is not b.grad for a, b in zip(one.params(), two.params(), strict=True))


def test_persistents_are_listed_and_checked():
    link = nn.Chain(a=Pair())
    assert [path for path, _, _ in link.persistents()] == ["/a/count"]
    with pytest.raises(AttributeError, match=r"register_persistent: there is no attribute 'nothing'"):
        link.register_persistent("nothing")
    with pytest.raises(AttributeError, match=r"already an attribute 'count'"):
        link.a.add_persistent("count", 1)


def test_moving_between_devices(device, xp):
    model = Pair().to_device(device)
    assert model.xp is xp
    assert isinstance(model.count, xp.ndarray)
    assert model(xp.ones((1, 2), np.float32)).shape == (1, 1)
    assert model.to_cpu() is model
    assert model.xp is np
    assert isinstance(model.count, np.ndarray)


def test_repr_shows_the_tree():
    text = repr(nn.Chain(a=nn.Sequential(L.Linear(2, 3), F.relu)))
    assert "Linear(in_size=2, out_size=3, nobias=False)" in text
    assert "relu" in text
    assert text.count("\n") == 5


def test_a_link_without_forward_says_so():
    with pytest.raises(NotImplementedError, match=r"Nothing has no forward method"):
        type("Nothing", (nn.Link,), {})()(1)


def test_add_param_and_add_link_check():
    link = nn.Chain()
    p = link.add_param("w", (2,), 1.0)
    assert link.w is p
    with pytest.raises(AttributeError, match=r"Chain: there is already an attribute 'w'"):
        link.add_param("w", (2,))
    with pytest.raises(TypeError, match=r"Chain.add_link: l is a int; expected a Link"):
        link.add_link("l", 3)


# Parameters ----------------------------------------------------------------------------------------------


def test_a_parameter_may_get_its_shape_later():
    p = nn.Parameter(nn.initializers.One(), name="w")
    assert p.array is None
    assert "not known yet" in repr(p)
    p.initialize((2, 1))
    np.testing.assert_array_equal(p.array, [[1], [1]])
    assert p.requires_grad
    assert p.dtype == np.float32


def test_a_parameter_from_an_array_or_number():
    p = nn.Parameter(np.arange(3.0))
    assert p.dtype == np.float64
    assert nn.Parameter(2.5).array == np.float32(2.5)
    assert np.isnan(nn.Parameter(shape=(2,)).array).all()
    with pytest.raises(ValueError, match=r"an array of shape \(3,\) cannot fill a parameter of shape \(2,\)"):
        nn.Parameter(np.arange(3.0), (2,))


def test_an_array_of_integers_makes_a_floating_parameter():
    assert nn.Parameter(np.arange(3)).dtype == np.float32


@pytest.mark.parametrize("made", [nn.Parameter(1.0, (2,)), nn.Parameter(nn.initializers.One())])
def test_parameters_pickle_and_copy(made):
    for other in (pickle.loads(pickle.dumps(made)), copy.deepcopy(made)):
        assert type(other) is nn.Parameter
        assert other.is_initialized == made.is_initialized
        if made.is_initialized:
            np.testing.assert_array_equal(other.array, made.array)
            assert not np.shares_memory(other.array, made.array)
