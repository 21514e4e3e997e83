"""Saving and loading models, optimizers and whole training runs.

Anything with a method ``serialize(serializer)`` can be saved. The method is called alike for both ways:

    def serialize(self, serializer):
        self.epoch = serializer("epoch", self.epoch)
        self.optimizer.serialize(serializer["optimizer"])

A saver stores the value and returns it; a loader returns what the file has. Values are arrays, or numbers,
strings, None, and lists and dicts (with strings as keys) of these. What would be loaded as something else,
such as a tuple, is refused when it is saved.

Files are ``.npz`` without pickle: loading one runs no code of its. They are written under a temporary name,
brought to the disk and renamed, so that at any moment there is either the old file or the new one. Loading
first compares all names, shapes and dtypes with what is there, and only then changes anything.

>>> import os, tempfile, pdist_nn
>>> model, other = pdist_nn.links.Linear(2, 3), pdist_nn.links.Linear(2, 3)
>>> with tempfile.TemporaryDirectory() as folder:
...     path = os.path.join(folder, "model.npz")
...     save_npz(path, model)
...     load_npz(path, other)
>>> bool((model.W.array == other.W.array).all())
True
"""

from __future__ import annotations

import os
import re
import secrets
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from pdist.backend import library_of, to_cpu

from .plain import MAX_TEXT, from_json, to_json

ARRAY_KINDS = "fiub"  # of the dtypes that are saved and loaded


class Unknown:
    """Stands for an array that has no shape yet; those of one ``owner`` have the same one."""

    def __init__(self, owner: Any) -> None:
        self.owner = owner


class Serializer:
    """Base of savers and loaders: takes a key and the present value, returns the value to go on with."""

    def __init__(self, path: str = "") -> None:
        self.path = path

    def __getitem__(self, key: str) -> Any:
        """The serializer of a part: its keys begin with ``key/``."""
        raise NotImplementedError

    def __call__(self, key: str, value: Any) -> Any:
        raise NotImplementedError


class DictionarySerializer(Serializer):
    """Stores all values in the dict ``target`` by their path.

    >>> import pdist_nn
    >>> saver = DictionarySerializer()
    >>> pdist_nn.links.Linear(2, 3).serialize(saver)
    >>> {name: array.shape for name, array in saver.target.items()}
    {'W': (3, 2), 'b': (3,)}
    """

    def __init__(self, target: dict[str, Any] | None = None, path: str = "") -> None:
        super().__init__(path)
        self.target: dict[str, Any] = {} if target is None else target

    def __getitem__(self, key: str) -> DictionarySerializer:
        return DictionarySerializer(self.target, f"{self.path}{key}/")

    def __call__(self, key: str, value: Any) -> Any:
        path = self.path + key
        if path in self.target:
            raise ValueError(f"serialize: two values are called {path!r}")
        self.target[path] = value
        return value


class DictionaryDeserializer(Serializer):
    """Returns the values of a dict by their path; those that it has not stay as they are."""

    def __init__(self, source: dict[str, Any], path: str = "") -> None:
        super().__init__(path)
        self.source = source

    def __getitem__(self, key: str) -> DictionaryDeserializer:
        return DictionaryDeserializer(self.source, f"{self.path}{key}/")

    def __call__(self, key: str, value: Any) -> Any:
        found = self.source.get(self.path + key, value)
        if library_of(value) is not None and found is not value:
            return library_of(value).from_host(found)  # type: ignore[union-attr]
        if isinstance(value, np.generic) and found is not None and found is not value:
            return type(value)(found)  # a NumPy number keeps its type
        return found


# Writing ----------------------------------------------------------------------------------------------------


def save_npz(file: Any, obj: Any, compression: bool = False) -> None:
    """Save a model, an optimizer or anything with a ``serialize`` method.

    Args:
        file: a path, or a file open for writing in binary.
        obj: what to save.
        compression: whether to deflate the arrays, which takes long and saves little for weights.

    Raises:
        OSError: if the disk is full and the like; a file that was there before is untouched.
        TypeError: if a value would be loaded as another one, such as a tuple or a complex array; it is named.
        ValueError: if a value is nested too deep, or too long for what is not an array.
    """
    saver = DictionarySerializer()
    obj.serialize(saver)
    arrays = {name: _encode(name, value) for name, value in saver.target.items()}
    if hasattr(file, "write"):
        _write(file, arrays, compression)
        return
    with atomic_write(file) as stream:
        _write(stream, arrays, compression)


def _encode(name: str, value: Any) -> np.ndarray:
    """A value as an array, what is not an array as JSON in a string; refuses what load_npz cannot read."""
    if "\0" in name or not name.isprintable():
        raise ValueError(f"save_npz: {name!r} is no name of an entry: it has characters that do not print")
    if library_of(value) is not None:
        array = to_cpu(value)
        if array.dtype.hasobject:
            raise TypeError(f"save_npz: {name} is an array of Python objects, which cannot be saved")
        if array.dtype.kind not in ARRAY_KINDS:
            raise TypeError(
                f"save_npz: {name} is an array of dtype {array.dtype}; expected floats, integers or booleans"
            )
        if type(array) not in (np.ndarray, np.memmap):
            raise TypeError(
                f"save_npz: {name} is a {type(array).__name__}, which would be loaded as a plain array"
            )
        return array
    if isinstance(value, np.generic):
        value = value.item()
    elif isinstance(value, Unknown):
        value = None
    return np.array(to_json(name, value))


def _write(stream: BinaryIO, arrays: dict[str, np.ndarray], compression: bool) -> None:
    method = zipfile.ZIP_DEFLATED if compression else zipfile.ZIP_STORED
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, array in arrays.items():
            # A fixed date: equal runs write equal files.
            info = zipfile.ZipInfo(name + ".npy", (1980, 1, 1, 0, 0, 0))
            info.compress_type = method
            with archive.open(info, "w", force_zip64=True) as member:
                npy.write_array(member, np.asanyarray(array), allow_pickle=False)


@contextmanager
def atomic_write(path: Any) -> Iterator[BinaryIO]:
    """A file that appears under ``path``, complete, when the block ends; not at all if the block fails.

    Args:
        path: where. What was there before stays until then.
    """
    path = os.path.realpath(os.fspath(path))
    folder, name = os.path.split(path)
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"{path}: there is no folder {folder}; make it first")
    temporary = os.path.join(folder, f".{name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        # Closing may fail again on a full disk; what counts is that the half-written file goes.
        with suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(folder)


def remove_leftovers(folder: Any, written: Callable[[str], bool]) -> None:
    """Remove what a killed process left half-written by :func:`atomic_write`.

    Args:
        folder: where.
        written: says whether a file is one of those written here.
    """
    for name in os.listdir(folder):
        half = re.fullmatch(r"\.(.+)\.[0-9a-f]{8}\.tmp", name)
        if half and written(half[1]):
            os.unlink(os.path.join(folder, name))


def _sync_folder(folder: str) -> None:
    """Bring a rename to the disk, if the system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        with suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)


# Reading ----------------------------------------------------------------------------------------------------


def load_npz(
    file: Any,
    obj: Any,
    path: str = "",
    strict: bool = True,
    ignore_names: Callable[[str], bool] | None = None,
    may_lack: Callable[[str], bool] | None = None,
) -> None:
    """Load what :func:`save_npz` saved.

    Args:
        file: a path, or a file open for reading in binary.
        obj: what to load it into, made as the saved one was. A parameter of unknown shape takes the
            file's.
        path: load only the part of the file under this path: that of a snapshot's model is
            ``"updater/model:main/"``.
        strict: whether names that only one side has are an error; else they are passed over.
        ignore_names: says whether to ignore a name.
        may_lack: says whether a name may be on one side only, although ``strict``.

    Raises:
        ValueError: if the file is damaged or is of something else; it says in what they differ.
            Nothing has changed then.
    """
    if isinstance(file, (str, os.PathLike)):
        with open(file, "rb") as stream:
            load_npz(stream, obj, path, strict, ignore_names, may_lack)
        return
    label = getattr(file, "name", "the file")
    current = DictionarySerializer()
    obj.serialize(current)
    expected = {n: v for n, v in current.target.items() if not (ignore_names and ignore_names(n))}
    try:
        with zipfile.ZipFile(file) as archive:
            members = _members(archive, path)
            if ignore_names:
                members = {name: info for name, info in members.items() if not ignore_names(name)}
            wrong = _compare_names(expected, members, may_lack) if strict else []
            members = {name: info for name, info in members.items() if name in expected}
            headers = {name: _header(archive, info) for name, info in members.items()}
            wrong += _compare_arrays(expected, headers)
            if wrong:
                listing = "; ".join(wrong[:8]) + (f"; and {len(wrong) - 8} more" if len(wrong) > 8 else "")
                raise Mismatch(f"load_npz: {label} does not fit {type(obj).__name__}: {listing}")
            values = {name: _read(archive, info, *headers[name]) for name, info in members.items()}
    except Mismatch as error:
        raise ValueError(str(error)) from None
    except Exception as error:  # damaged files make zipfile and NumPy raise errors of a dozen kinds
        raise ValueError(f"load_npz: {label} is damaged or no .npz file: {error}") from error
    backup = {
        name: value.copy() if hasattr(value, "copy") else value for name, value in current.target.items()
    }
    try:
        obj.serialize(DictionaryDeserializer(values))
    except Exception as error:
        obj.serialize(DictionaryDeserializer(backup))
        raise ValueError(f"load_npz: {label} does not fit {type(obj).__name__}: {error}") from error


class Mismatch(Exception):
    """The file is sound but of something else."""


def _members(archive: zipfile.ZipFile, path: str) -> dict[str, zipfile.ZipInfo]:
    """The arrays of a file by name."""
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        name = info.filename.removesuffix(".npy")
        if name in members or name == info.filename:
            raise ValueError(f"unexpected member {info.filename!r}")
        members[name] = info
    return {name[len(path) :]: info for name, info in members.items() if name.startswith(path)}


def _header(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, order and dtype of an array, read before any memory is given to it."""
    with archive.open(info) as member:
        version = npy.read_magic(member)
        if version == (1, 0):
            header = npy.read_array_header_1_0(member)
        elif version == (2, 0):
            header = npy.read_array_header_2_0(member)
        else:
            raise ValueError(f"{info.filename}: version {version} of the format")
        shape, _, dtype = header
        size = int(np.prod(shape, dtype=object)) * dtype.itemsize
        if dtype.kind == "U" and (shape or dtype.itemsize > 4 * MAX_TEXT):
            raise ValueError(
                f"{info.filename}: strings of shape {shape} and {dtype.itemsize // 4} characters; "
                f"expected one of at most {MAX_TEXT}"
            )
        if dtype.hasobject or dtype.kind not in ARRAY_KINDS + "U":
            raise ValueError(f"{info.filename}: an array of dtype {dtype}")
        if min(shape, default=0) < 0 or member.tell() + size != info.file_size:
            raise ValueError(f"{info.filename}: its size does not fit its shape {shape}")
    return header


def _read(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, shape: tuple[int, ...], fortran: bool, dtype: np.dtype
) -> Any:
    """One value; zipfile checks its sum at the end."""
    data = archive.read(info)
    size = int(np.prod(shape)) * dtype.itemsize
    array = np.frombuffer(data, dtype, offset=len(data) - size, count=int(np.prod(shape)))
    array = array.reshape(shape[::-1]).T if fortran else array.reshape(shape)
    if dtype.kind == "U":
        return from_json(info.filename, str(array[()]))
    return array.copy()


def _compare_names(
    expected: dict[str, Any], members: dict[str, Any], may_lack: Callable[[str], bool] | None
) -> list[str]:
    """What one side has and the other has not."""
    wrong = [(name, "it has no") for name in expected if name not in members]
    wrong += [(name, "unexpected") for name in members if name not in expected]
    return [f"{what} {name}" for name, what in wrong if may_lack is None or not may_lack(name)]


def _compare_arrays(expected: dict[str, Any], headers: dict[str, Any]) -> list[str]:
    """What is wrong with shapes and dtypes."""
    wrong = []
    unknown: dict[int, tuple[str, tuple[int, ...]]] = {}
    for name, (shape, _, dtype) in headers.items():
        value = expected[name]
        array = library_of(value) is not None
        if isinstance(value, Unknown):
            if dtype.kind == "U":
                continue  # not known there either
            first, other = unknown.setdefault(id(value.owner), (name, shape))
            if dtype.kind != "f":
                wrong.append(f"{name} has dtype {dtype}, expected a floating one")
            elif other != shape:
                wrong.append(f"{name} has shape {shape}, and {first} {other}")
        elif (dtype.kind == "U") == array:
            wrong.append(f"{name} is {'not an array' if array else 'an array'}")
        elif array and shape != value.shape:
            wrong.append(f"{name} has shape {shape}, expected {value.shape}")
        elif array and dtype != value.dtype:
            wrong.append(f"{name} has dtype {dtype}, expected {value.dtype}")
    return wrong


__all__ = [
    "DictionaryDeserializer",
    "DictionarySerializer",
    "Serializer",
    "Unknown",
    "atomic_write",
    "load_npz",
    "remove_leftovers",
    "save_npz",
]
