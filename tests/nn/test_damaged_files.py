"""Files that are damaged or of another model: refused, and nothing has changed then."""

from __future__ import annotations

import io
import os
import pickle
import zipfile

import numpy as np
import pytest
from saved_models import Model, assert_same, state, train

import pdist_nn as nn
import pdist_nn.links as L
from pdist_nn import optimizers, serializers


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
        ({"layers/0/W": np.array("3")}, "layers/0/W is not an array"),
        ({"seen": np.zeros(3)}, "seen is an array"),
        (
            {"layers/0/W": np.array([None], object)},
            "is damaged or not an .npz file: .*an array of dtype object",
        ),
        (
            {"layers/0/W": np.zeros((4, 3), "c8")},
            "is damaged or not an .npz file: .*an array of dtype complex64",
        ),
        ({"seen": np.array("{broken")}, "is damaged or not an .npz file"),
        ({"seen": np.array("[" * 100000)}, "is damaged or not an .npz file"),
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
        with pytest.raises(ValueError, match=r"is damaged or not an .npz file"):
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

    def refuse(content, message="is damaged or not an .npz file"):
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
