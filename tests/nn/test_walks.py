"""Walks over links: each link and parameter once, in proportion to their number; what is registered."""

from __future__ import annotations

import sys
from collections import deque

import numpy as np
import pytest

import pdist
import pdist.distributions as D
import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L
from pdist_nn import optimizers, serializers


class Tied(nn.Chain):
    def __init__(self):
        super().__init__()
        with self.init_scope():
            self.a = L.Linear(2, 2, nobias=True, initialW=1.0)
            self.b = L.Linear(2, 2, nobias=True)
        with self.b.init_scope():
            self.b.W = self.a.W

    def forward(self, x):
        return self.b(self.a(x))


def test_tied_parameters_count_once():
    model, other = Tied(), Tied()
    for m in (model, other):
        m.cleargrads()
        F.sum(m(np.ones((1, 2), np.float32))).backward()
    expected = model.a.W.grad + other.a.W.grad
    model.addgrads(other)
    np.testing.assert_array_equal(model.a.W.grad, expected)
    assert model.count_params() == 4 and len(list(model.params())) == 1
    optimizer = optimizers.SGD(1.0).setup(model)
    before = model.a.W.array.copy()
    optimizer.update()
    np.testing.assert_array_equal(model.a.W.array, before - expected)
    model.cleargrads()
    assert model.b.W.grad is None


def test_addgrads_of_a_layer_used_twice_and_of_untied_ones():
    layer, again = L.Linear(2, 2), L.Linear(2, 2)
    model, other = nn.Sequential(layer, F.tanh, layer), nn.Sequential(again, F.tanh, again)
    F.sum(other(np.ones((1, 2), np.float32))).backward()
    model.addgrads(other)
    np.testing.assert_array_equal(layer.W.grad, again.W.grad)
    apart = nn.Sequential(L.Linear(2, 2), F.tanh, L.Linear(2, 2))
    F.sum(apart(np.ones((1, 2), np.float32))).backward()
    model.cleargrads()
    model.addgrads(apart)
    np.testing.assert_array_equal(layer.W.grad, apart[0].W.grad + apart[2].W.grad)


@pytest.mark.parametrize("prior", [None, D.Normal(1.0, 2.0)])
def test_a_stochastic_layer_used_twice_counts_once(prior):
    layer = L.DenseReparameterization(3, 3, prior=prior)
    alone = layer.kl_divergence().item()
    inner = nn.Sequential(layer, F.tanh)
    for model in (
        nn.Sequential(layer, F.tanh, layer),
        nn.Sequential(inner, inner),
        nn.Sequential(inner, layer),
    ):
        assert model.kl_divergence().item() == pytest.approx(alone, rel=1e-6)
    apart = nn.Sequential(layer, layer.copy("copy"))
    assert apart.kl_divergence().item() == pytest.approx(2 * alone, rel=1e-6)


@pytest.mark.parametrize(
    "wrap", [lambda a: [a], lambda a: (1, a), lambda a: {"x": a}, lambda a: {"x": [[a]]}]
)
@pytest.mark.parametrize("make", [lambda: L.Linear(1, 2), lambda: nn.Parameter(1.0, (2,))])
def test_links_in_plain_containers_are_refused(wrap, make):
    class Scoped(nn.Chain):
        def __init__(self):
            super().__init__()
            with self.init_scope():
                self.parts = wrap(make())
                self.head = L.Linear(1, 1)

    class Unscoped(nn.Link):
        def __init__(self):
            self.head = L.Linear(1, 1)
            self.parts = wrap(make())

    message = r"coped\.parts is a \w+ that holds a \w+, which would neither be trained nor saved; write "
    with pytest.raises(TypeError, match=message):
        Scoped()
    for use in (nn.Link.count_params, optimizers.SGD().setup):
        with pytest.raises(TypeError, match=message):
            use(Unscoped())


def test_a_list_filled_later_is_refused_too(tmp_path):
    class Late(nn.Chain):
        def __init__(self):
            super().__init__()
            with self.init_scope():
                self.parts = []
                self.head = L.Linear(1, 1)

    late = Late()
    assert late.count_params() == 2
    late.parts.append(L.Linear(1, 1))
    with pytest.raises(TypeError, match=r"write ChainList\(\*links\)"):
        optimizers.SGD().setup(late)
    with pytest.raises(TypeError, match=r"write ChainList\(\*links\)"):
        serializers.save_npz(tmp_path / "m.npz", late)


def test_helpers_assigned_outside_of_the_scope_may_be_in_lists():
    class Student(nn.Chain):
        def __init__(self):
            super().__init__()
            self.teachers = [L.Linear(1, 1)]
            with self.init_scope():
                self.sizes = [1, {"a": 2}]
                self.head = L.Linear(1, 1)

    assert optimizers.SGD().setup(Student()).target.count_params() == 2


def calls(function):
    """How many calls of Python functions it makes."""
    n = 0

    def count(frame, event, argument):
        nonlocal n
        n += event == "call"

    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
    return n


@pytest.mark.parametrize(
    "build",
    [
        lambda links: nn.ChainList(*links),
        lambda links: nn.Sequential(*links),
        lambda links: nn.ChainList().extend(links),
        lambda links: [whole.append(link) for whole in [nn.ChainList()] for link in links],
        lambda links: [whole.insert(i, link) for whole in [nn.ChainList()] for i, link in enumerate(links)],
        lambda links: [
            whole.__setitem__(i, a) for whole in [nn.ChainList(*links)] for i, a in enumerate(links)
        ],
        lambda links: nn.Chain(**{f"l{i}": link for i, link in enumerate(links)}),
        lambda links: [chain[f"l{i}"] for chain in [wide(links)] for i in range(len(links))],
        lambda links: nn.ChainList(*links).count_params(),
    ],
)
def test_building_takes_time_in_proportion_to_the_number_of_links(build):
    few, many = [L.Linear(1, 1) for _ in range(100)], [L.Linear(1, 1) for _ in range(400)]
    assert calls(lambda: build(many)) <= 4.5 * calls(lambda: build(few))


def wide(links):
    return nn.Chain(**{f"l{i}": link for i, link in enumerate(links)})


def test_children_are_named_after_their_positions():
    a, b, c, d = (L.Linear(1, 1) for _ in range(4))
    model = nn.ChainList(a, b)
    model.insert(-1, c)
    assert [link.name for link in model] == ["0", "1", "2"] and list(model) == [a, c, b]
    model.insert(-9, d)
    assert [link.name for link in model] == ["0", "1", "2", "3"] and model[0] is d
    model[-1] = nn.Chain()
    del model[0]
    assert [link.name for link in model] == ["0", "1", "2"]


def test_a_trace_sees_a_layer_appended_or_replaced():
    model = nn.Sequential(L.Linear(2, 2))
    function = pdist.trace(lambda x: model(x).sum())
    x = np.ones((1, 2), np.float32)
    for change in (lambda: model.append(L.Linear(2, 2)), lambda: model.__setitem__(0, L.Linear(2, 2))):
        function(x), function(x)
        change()
        assert function(x).item() == pytest.approx(model(x).sum().item(), rel=1e-6)


def nest(depth):
    model = L.Linear(1, 1)
    for _ in range(depth):
        model = nn.ChainList(model)
    return model


def doubled(depth):
    """A layer that is reached by 2^depth paths."""
    model = L.Linear(1, 1)
    for _ in range(depth):
        model = nn.ChainList(model, model)
    return model


WALKS = {
    "params": lambda model: list(model.params()),
    "links": lambda model: list(model.links()),
    "namedparams": lambda model: list(model.namedparams()),
    "namedlinks": lambda model: list(model.namedlinks()),
    "count_params": nn.Link.count_params,
    "cleargrads": nn.Link.cleargrads,
    "disable_update": nn.Link.disable_update,
    "to_cpu": nn.Link.to_cpu,
    "setup": lambda model: optimizers.SGD().setup(model),
    "kl_divergence": nn.Link.kl_divergence,
    "serialize": lambda model: model.serialize(serializers.DictionarySerializer()),
}


@pytest.mark.parametrize("walk", WALKS)
@pytest.mark.parametrize("make", [nest, lambda n: nn.ChainList(*(L.Linear(1, 1) for _ in range(n)))])
def test_walks_take_time_in_proportion_to_the_number_of_links(make, walk):
    few, many = make(50), make(200)
    assert calls(lambda: WALKS[walk](many)) <= 4.5 * calls(lambda: WALKS[walk](few))


@pytest.mark.parametrize("walk", [w for w in WALKS if not w.startswith("named") and w != "serialize"])
def test_walks_by_identity_visit_a_shared_link_once(walk):
    few, many = doubled(10), doubled(40)
    assert calls(lambda: WALKS[walk](many)) <= 4.5 * calls(lambda: WALKS[walk](few))


def test_links_are_counted_once_and_paths_each():
    model = doubled(3)
    assert len(list(model.links())) == 4 and len(list(model.links(skipself=True))) == 3
    assert len(list(model.params())) == 2
    assert len(list(model.namedlinks())) == 15 and len(list(model.namedparams())) == 16
    assert [path for path, _ in model.namedlinks()][:4] == ["/", "/0", "/0/0", "/0/0/0"]


def test_depth_is_not_bounded_by_recursion():
    model = nest(3000)
    assert model.count_params() == 2
    assert next(path for path, _ in model.namedparams()) == "/0" * 3000 + "/W"
    optimizers.SGD().setup(model)


class Knot(nn.Link):
    def __init__(self):
        super().__init__()
        with self.init_scope():
            self.part = nn.Chain(layer=L.Linear(1, 1))
        self.part.layer.owner = self  # not registered: Linear has opened its init_scope, and closed it
        self.part.owner = self  # registered: Chain has opened none


def test_a_link_that_contains_itself_is_named():
    for use in (nn.Link.count_params, optimizers.SGD().setup, lambda knot: list(knot.namedparams())):
        with pytest.raises(ValueError, match=r"Knot: /part/owner, a Knot, contains itself; register parts"):
            use(Knot())
    knot = Knot()
    del knot.part.owner
    assert knot.count_params() == 2


def test_addgrads_of_another_structure_says_where_they_differ():
    with pytest.raises(ValueError, match=r"Linear.addgrads: the links differ in /W, /a/W, /a/b, /b"):
        L.Linear(1, 1).addgrads(nn.Chain(a=L.Linear(1, 1)))
    with pytest.raises(ValueError, match=r"Linear.addgrads: /W has shape \(1, 1\) here and \(1, 2\) there"):
        L.Linear(1, 1).addgrads(L.Linear(2, 1))


def test_addgrads_of_another_dtype_is_refused():
    a, b = (L.Linear(1, 1, nobias=True, initialW=np.ones((1, 1), t)) for t in ("f4", "f8"))
    b.W.grad = np.ones((1, 1))
    with pytest.raises(ValueError, match=r"grad of W: expected .* dtype float32, got .* dtype float64"):
        a.addgrads(b)


@pytest.mark.parametrize("wrap", [lambda a: deque([a]), lambda a: np.array([[a, a]], dtype=object)])
def test_other_containers_are_refused_too(wrap):
    class Holder(nn.Chain):
        def __init__(self):
            super().__init__()
            with self.init_scope():
                self.parts = wrap(L.Linear(1, 1))

    with pytest.raises(TypeError, match=r"Holder\.parts is a \w+ that holds a Linear"):
        Holder()
