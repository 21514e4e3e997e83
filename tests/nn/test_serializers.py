"""Files: what is saved comes back; what is damaged, hostile or of something else changes nothing."""

from __future__ import annotations

import errno
import io
import os
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L
from pdist_nn import optimizers, serializers


class Model(nn.Chain):
    """A model with layers, a persistent array, a persistent number."""

    def __init__(self, n=4, width=3):
        super().__init__()
        with self.init_scope():
            self.layers = nn.Sequential(L.Linear(width, n), F.tanh, L.Linear(n, 1))
        self.add_persistent("mean", np.zeros(3))
        self.add_persistent("seen", 0)

    def forward(self, x):
        return self.layers(x)


def state(*objects):
    """All values of some objects, copied."""
    saver = serializers.DictionarySerializer()
    for i, found in enumerate(objects):
        found.serialize(saver[str(i)])
    return {name: value.copy() if hasattr(value, "copy") else value for name, value in saver.target.items()}


def assert_same(one, two):
    assert one.keys() == two.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, two[name], err_msg=name)
        assert getattr(value, "dtype", None) == getattr(two[name], "dtype", None)


def train(model, optimizer, steps=3):
    x = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
    for _ in range(steps):
        optimizer.update(lambda: (model(x) ** 2).sum())


@pytest.mark.parametrize("compression", [False, True])
def test_a_model_comes_back(tmp_path, compression):
    model, other = Model(), Model()
    model.mean += 1.5
    model.seen = 7
    serializers.save_npz(tmp_path / "m.npz", model, compression)
    serializers.load_npz(tmp_path / "m.npz", other)
    assert_same(state(model), state(other))
    assert other.seen == 7
    with np.load(tmp_path / "m.npz", allow_pickle=False) as file:  # any NumPy reads it
        np.testing.assert_array_equal(file["layers/0/W"], model.layers[0].W.array)


def test_equal_models_write_equal_files(tmp_path):
    model = Model()
    serializers.save_npz(tmp_path / "a.npz", model)
    serializers.save_npz(tmp_path / "b.npz", model)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_streams_serve_too():
    stream = io.BytesIO()
    model, other = Model(), Model()
    serializers.save_npz(stream, model)
    stream.seek(0)
    serializers.load_npz(stream, other)
    assert_same(state(model), state(other))


@pytest.mark.parametrize("name", ["SGD", "MomentumSGD", "RMSprop", "Adam", "AdamW"])
def test_an_optimizer_goes_on_where_it_was(tmp_path, name):
    model, twin = Model(), Model()
    optimizer = getattr(optimizers, name)().setup(model)
    optimizer.add_hook(optimizers.LearningRateSchedule(optimizers.CosineDecay(10)))
    train(model, optimizer)
    serializers.save_npz(tmp_path / "m.npz", model)
    serializers.save_npz(tmp_path / "o.npz", optimizer)
    other = getattr(optimizers, name)().setup(twin)
    other.add_hook(optimizers.LearningRateSchedule(optimizers.CosineDecay(10)))
    serializers.load_npz(tmp_path / "m.npz", twin)
    serializers.load_npz(tmp_path / "o.npz", other)
    assert other.t == 3
    train(model, optimizer)
    train(twin, other)
    assert_same(state(model, optimizer), state(twin, other))


def test_counts_of_parameters_that_were_passed_over_come_back(tmp_path):
    model, twin = Model(), Model()
    optimizer, other = optimizers.Adam().setup(model), optimizers.Adam().setup(twin)
    train(model, optimizer, 2)
    model.layers[0].disable_update()
    train(model, optimizer, 3)
    serializers.save_npz(tmp_path / "o.npz", optimizer)
    serializers.load_npz(tmp_path / "o.npz", other)
    assert other.buffers[0].counts() == [2, 2, 5, 5]
    assert_same(state(optimizer), state(other))


def test_shapes_not_known_yet_are_the_file_s(tmp_path):
    class Both:
        def __init__(self, width):
            self.model = Model(width=width)
            self.optimizer = optimizers.Adam().setup(self.model)

        def serialize(self, serializer):
            self.model.serialize(serializer["model"])
            self.optimizer.serialize(serializer["optimizer"])

    one, two = Both(3), Both(None)
    train(one.model, one.optimizer)
    serializers.save_npz(tmp_path / "a.npz", one)
    serializers.load_npz(tmp_path / "a.npz", two)
    assert two.model.layers[0].in_size == 3
    assert_same(state(one), state(two))
    train(one.model, one.optimizer)
    train(two.model, two.optimizer)
    assert_same(state(one), state(two))
    serializers.save_npz(tmp_path / "b.npz", Both(None))
    serializers.load_npz(tmp_path / "b.npz", three := Both(None))
    assert three.model.layers[0].in_size is None


def test_a_stochastic_layer_takes_its_width_from_a_file(tmp_path):
    one, two = (L.DenseReparameterization(n, 2, prior=L.NormalPosterior) for n in (3, None))
    serializers.save_npz(tmp_path / "a.npz", one)
    serializers.load_npz(tmp_path / "a.npz", two)
    assert two.in_size == 3
    assert_same(state(one), state(two))
    assert two(np.ones((1, 3), np.float32)).shape == (1, 2)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


class Holder:
    def __init__(self, value):
        self.value = value

    def serialize(self, serializer):
        self.value = serializer("value", self.value)


@given(json_values)
def test_any_plain_value_comes_back(value):
    stream = io.BytesIO()
    serializers.save_npz(stream, Holder(value))
    other = Holder(None)
    serializers.load_npz(stream, other)
    assert repr(other.value) == repr(value)


@given(
    st.sampled_from([np.float32, np.float64, np.int64, np.uint8, np.bool_]),
    st.lists(st.integers(0, 3), max_size=3).map(tuple),
    st.booleans(),
)
def test_any_array_comes_back(dtype, shape, fortran):
    array = np.asarray(np.random.default_rng(0).integers(0, 2, shape), dtype)
    stream = io.BytesIO()
    serializers.save_npz(stream, Holder(np.array(array, order="F" if fortran else "C")))
    other = Holder(np.ones(shape, dtype))
    serializers.load_npz(stream, other)
    assert other.value.dtype == dtype
    np.testing.assert_array_equal(other.value, array)


@pytest.mark.parametrize("value", [object(), np.array([None]), {1, 2}, lambda: 0])
def test_what_cannot_be_saved(tmp_path, value):
    with pytest.raises(TypeError, match=r"save_npz: value is a"):
        serializers.save_npz(tmp_path / "a.npz", Holder(value))
    assert os.listdir(tmp_path) == []


def test_a_part_of_a_file(tmp_path):
    model = Model()
    serializers.save_npz(tmp_path / "a.npz", nn.Chain(inner=model))
    serializers.load_npz(tmp_path / "a.npz", other := Model(), path="inner/")
    assert_same(state(model), state(other))


def test_lenient_loading(tmp_path):
    serializers.save_npz(tmp_path / "a.npz", L.Linear(2, 3, nobias=True))
    layer = L.Linear(2, 3, initial_bias=5)
    with pytest.raises(ValueError, match=r"it has no b"):
        serializers.load_npz(tmp_path / "a.npz", layer)
    serializers.load_npz(tmp_path / "a.npz", layer, strict=False)
    serializers.load_npz(tmp_path / "a.npz", layer, may_lack=lambda name: name == "b")
    serializers.load_npz(tmp_path / "a.npz", layer, ignore_names=lambda name: name == "b")
    np.testing.assert_array_equal(layer.b.array, 5)


# Files that do not fit -----------------------------------------------------------------------------------


class Odd(nn.Chain):
    """A model whose loading fails half-way."""

    def __init__(self):
        super().__init__()
        with self.init_scope():
            self.l = L.Linear(3, 4)
        self.limit = 3

    def serialize(self, serializer):
        super().serialize(serializer)
        limit = serializer("limit", self.limit)
        if limit > 5:
            raise RuntimeError(f"limit is {limit}")
        self.limit = limit


def test_a_load_that_fails_half_way_is_undone(tmp_path):
    odd = Odd()
    odd.__dict__["limit"] = 4
    serializers.save_npz(tmp_path / "a.npz", odd)
    rewrite(tmp_path / "a.npz", {"limit": np.array("9")})
    other = Odd()
    before = state(other)
    with pytest.raises(ValueError, match=r"does not fit Odd: limit is 9"):
        serializers.load_npz(tmp_path / "a.npz", other)
    assert_same(before, state(other))


def rewrite(path, changes):
    """Replace or remove arrays of a file."""
    with np.load(path) as file:
        arrays = dict(file)
    arrays |= changes
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            if array is not None:
                with archive.open(name + ".npy", "w") as member:
                    np.lib.format.write_array(member, np.asanyarray(array))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layers/0/W": np.zeros((4, 4), np.float32)}, r"layers/0/W has shape \(4, 4\), expected \(4, 3\)"),
        ({"layers/0/W": np.zeros((4, 3))}, "layers/0/W has dtype float64, expected float32"),
        ({"layers/0/W": None}, "it has no layers/0/W"),
        ({"layers/9/W": np.zeros(1)}, "unexpected layers/9/W"),
        ({"layers/0/W": np.array("3")}, "layers/0/W is no array"),
        ({"seen": np.zeros(3)}, "seen is an array"),
        ({"layers/0/W": np.array([None], object)}, "is damaged or no .npz file: .*an array of dtype object"),
        ({"layers/0/W": np.zeros((4, 3), "c8")}, "is damaged or no .npz file: .*an array of dtype complex64"),
        ({"seen": np.array("{broken")}, "is damaged or no .npz file"),
        ({"seen": np.array("[" * 100000)}, "is damaged or no .npz file"),
    ],
)
def test_a_file_of_something_else_changes_nothing(tmp_path, changes, message):
    path = tmp_path / "m.npz"
    serializers.save_npz(path, Model())
    rewrite(path, changes)
    model = Model()
    before = state(model)
    with pytest.raises(ValueError, match=rf"load_npz: .*m.npz.* {message}"):
        serializers.load_npz(path, model)
    assert_same(before, state(model))


def test_a_file_of_another_model_says_what_differs(tmp_path):
    serializers.save_npz(tmp_path / "a.npz", Model(n=5))
    with pytest.raises(
        ValueError,
        match=r"a.npz does not fit Model: layers/0/W has shape \(5, 3\), expected \(4, 3\); layers/0/b",
    ):
        serializers.load_npz(tmp_path / "a.npz", Model())
    serializers.save_npz(tmp_path / "a.npz", nn.ChainList(*[L.Linear(1, 1) for _ in range(20)]))
    with pytest.raises(ValueError, match=r"and 38 more"):
        serializers.load_npz(tmp_path / "a.npz", Model())


def test_an_optimizer_of_another_kind(tmp_path):
    model = Model()
    adam, sgd = optimizers.Adam().setup(model), optimizers.MomentumSGD().setup(Model())
    train(model, adam)
    serializers.save_npz(tmp_path / "o.npz", adam)
    before = state(sgd)
    with pytest.raises(ValueError, match=r"o.npz does not fit MomentumSGD: it has no lr; .*unexpected alpha"):
        serializers.load_npz(tmp_path / "o.npz", sgd)
    assert_same(before, state(sgd))


def test_every_truncation_is_noticed(tmp_path):
    path = tmp_path / "m.npz"
    serializers.save_npz(path, Model())
    whole = path.read_bytes()
    model = Model()
    before = state(model)
    for n in range(0, len(whole), 97):
        path.write_bytes(whole[:n])
        with pytest.raises(ValueError, match=r"is damaged or no .npz file"):
            serializers.load_npz(path, model)
    assert_same(before, state(model))


@pytest.mark.parametrize("compression", [False, True])
def test_a_changed_byte_is_noticed_or_harmless(tmp_path, compression):
    path = tmp_path / "m.npz"
    original = Model()
    serializers.save_npz(path, original, compression)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    noticed = 0
    for _ in range(150):
        changed = bytearray(whole)
        changed[rng.integers(len(whole))] ^= 1 << int(rng.integers(8))
        path.write_bytes(bytes(changed))
        model = Model()
        before = state(model)
        try:
            serializers.load_npz(path, model)
        except ValueError:
            noticed += 1
            assert_same(before, state(model))
        else:
            assert_same(state(original), state(model))
    assert noticed > 75


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("code from a file was run",))


def test_hostile_files(tmp_path):
    path = tmp_path / "m.npz"
    model = Model()
    before = state(model)

    def refuse(content, message="is damaged or no .npz file"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=message):
            serializers.load_npz(path, model)
        assert_same(before, state(model))

    def archive(members):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as file:
            for name, content in members:
                file.writestr(name, content)
        return stream.getvalue()

    def npy(header, content=b""):
        text = header.encode() + b" " * (64 - (10 + len(header) + 1) % 64) + b"\n"
        return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + content

    refuse(b"")
    refuse(b"not a zip file at all")
    refuse(pickle.dumps(Bomb()))
    refuse(archive([("layers/0/W.npy", pickle.dumps(Bomb()))]))
    refuse(archive([("../../evil.txt", b"")]), "unexpected member")
    with pytest.warns(UserWarning, match=r"Duplicate name"):
        content = archive([("layers/0/W.npy", b"1"), ("layers/0/W.npy", b"2")])
    refuse(content, "unexpected member 'layers/0/W.npy'")
    # a shape that would take more memory than there is, or nonsense
    for shape in ("(4, 1000000000000)", "(-4, -3)", "(4, 3.5)", "(4, 3)"):
        header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"
        refuse(archive([("layers/0/W.npy", npy(header, b"\0" * 8))]))
    refuse(archive([("layers/0/W.npy", npy("__import__('os').abort()"))]))
    refuse(
        archive([("layers/0/W.npy", npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", b"x" * 8))])
    )
    refuse(archive([("layers/0/W.npy", npy("(" * 5000))]))
    assert os.listdir(tmp_path) == ["m.npz"]


# Writing that fails --------------------------------------------------------------------------------------


class Failing(io.RawIOBase):
    """A disk that is full after some bytes, or a user who interrupts then."""

    def __init__(self, stream, room, error):
        self.stream, self.room, self.error = stream, room, error

    def write(self, data):
        self.room -= len(data)
        if self.room < 0:
            raise self.error
        return self.stream.write(data)

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.stream.close()

    def fileno(self):
        return self.stream.fileno()

    def seekable(self):
        return self.stream.seekable()

    def seek(self, *args):
        return self.stream.seek(*args)

    def tell(self):
        return self.stream.tell()

    def flush(self):
        self.stream.flush()


@pytest.mark.parametrize("room", [0, 100, 700, 1400])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_full_disk_or_an_interrupt_leaves_the_old_file(tmp_path, monkeypatch, room, error):
    path = tmp_path / "m.npz"
    old = Model()
    serializers.save_npz(path, old)
    real = open

    def limited(name, mode="r", *args, **kwargs):
        stream = real(name, mode, *args, **kwargs)
        return Failing(stream, room, error) if "x" in mode else stream

    monkeypatch.setattr("builtins.open", limited)
    with pytest.raises(type(error)):
        serializers.save_npz(path, Model())
    monkeypatch.undo()
    assert os.listdir(tmp_path) == ["m.npz"]
    serializers.load_npz(path, other := Model())
    assert_same(state(old), state(other))


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_failure_at_the_end_leaves_the_old_file(tmp_path, monkeypatch, name):
    path = tmp_path / "m.npz"
    old = Model()
    serializers.save_npz(path, old)

    def fail(*args):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, name, fail)
    with pytest.raises(OSError, match=r"Input/output error"):
        serializers.save_npz(path, Model())
    monkeypatch.undo()
    assert os.listdir(tmp_path) == ["m.npz"]
    serializers.load_npz(path, other := Model())
    assert_same(state(old), state(other))


def test_a_link_to_a_file_stays_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    path = tmp_path / "m.npz"
    path.symlink_to(tmp_path / "real" / "m.npz")
    serializers.save_npz(path, Model())
    assert path.is_symlink()
    assert os.listdir(tmp_path / "real") == ["m.npz"]


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        serializers.save_npz(tmp_path / "no" / "m.npz", Model())
    with pytest.raises(FileNotFoundError):
        serializers.load_npz(tmp_path / "m.npz", Model())
