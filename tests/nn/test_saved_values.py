"""Values in files: what is saved comes back as it was, or is refused."""

from __future__ import annotations

import copy
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pdist_nn as nn
from pdist_nn import plain, serializers


class Holder(nn.Chain):
    def __init__(self, value):
        super().__init__()
        self.add_persistent("p", value)


def nested(depth):
    value = 0
    for _ in range(depth):
        value = [value]
    return value


REFUSED = [
    (2, 3),
    [1, (2, 3)],
    {"a": {"b": (1,)}},
    {1: "a"},
    [{None: 1}],
    {1, 2},
    b"bytes",
    1 + 2j,
    np.complex64(1),
    np.datetime64("2020-01-01"),
    np.array([1 + 2j]),
    np.array(["a", "bc"]),
    np.array([b"a"]),
    np.array(["2020-01-01"], "M8[D]"),
    np.array([1], "m8[s]"),
    np.zeros(2, [("a", "f4")]),
    np.array([None]),
    np.ma.masked_array([1.0, 2.0], [True, False]),
    [np.float32(1)],
    [np.zeros(2)],
    10**5000,
    nested(plain.MAX_DEPTH + 1),
    "x" * plain.MAX_TEXT,
]


@pytest.mark.parametrize("value", REFUSED, ids=range(len(REFUSED)))
def test_what_would_be_loaded_as_something_else_is_refused_when_saved(tmp_path, value):
    with pytest.raises((TypeError, ValueError), match=r"save_npz: p"):
        serializers.save_npz(tmp_path / "m.npz", Holder(value))
    assert not list(tmp_path.iterdir())


plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(plain_values)
def test_plain_values_come_back_as_they_were(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("plain") / "m.npz"
    serializers.save_npz(path, Holder(value))
    again = Holder(copy.deepcopy(value))
    again.p = None
    serializers.load_npz(path, again)
    assert again.p == value and repr(again.p) == repr(value)


@pytest.mark.parametrize(
    "value", [nested(plain.MAX_DEPTH), np.float32(0.1), np.int8(3), np.bool_(True), 0.1, "[[{{"]
)
def test_numbers_of_numpy_keep_their_types_and_depth_its_bound(tmp_path, value):
    serializers.save_npz(tmp_path / "m.npz", Holder(value))
    again = Holder(value)
    serializers.load_npz(tmp_path / "m.npz", again)
    assert again.p == value and type(again.p) is type(value)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 1000 + "1" + "}" * 1000, "[" * 70 + "]" * 70])
def test_deep_json_in_a_file_is_refused_before_it_is_parsed(tmp_path, text):
    np.savez(tmp_path / "m.npz", p=np.array(text))
    holder = Holder(1)
    with pytest.raises(ValueError, match=r"nested more than 64 deep"):
        serializers.load_npz(tmp_path / "m.npz", holder)
    assert holder.p == 1


@pytest.mark.parametrize(("dtype", "shape"), [("<U99999999", ()), ("<U3", (2,))])
def test_long_json_in_a_file_is_refused_by_its_header(tmp_path, dtype, shape):
    with zipfile.ZipFile(tmp_path / "m.npz", "w") as archive, archive.open("p.npy", "w") as member:
        header = {"descr": dtype, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(member, header)
    with pytest.raises(ValueError, match=r"expected one of at most"):
        serializers.load_npz(tmp_path / "m.npz", Holder(1))
