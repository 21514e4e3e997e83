"""Saving and loading models, optimizers and whole training runs.

Anything with a method ``serialize(serializer)`` can be saved. The same method serves both directions:

    def serialize(self, serializer):
        self.epoch = serializer("epoch", self.epoch)
        self.optimizer.serialize(serializer["optimizer"])

A saver stores the value and returns it; a loader returns the value in the file. Values are arrays, or
numbers, strings, None, and lists and dicts (with strings as keys) of these. Values that would be loaded as
something else, such as tuples, raise an error when saved.

Files are ``.npz`` without pickle: loading one runs no code from it. They are written under a temporary name,
synced to disk and renamed, so that at any moment there is either the old file or the new one. Loading
first compares all names, shapes and dtypes with the existing object, and only then changes anything.

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

ARRAY_KINDS = "fiub"  # the kinds of dtypes that are saved and loaded


class Unknown:
    """Represents an array that has no shape yet; those of one ``owner`` share a shape."""

    def __init__(self, owner: Any) -> None:
        self.owner = owner


class Serializer:
    """Base of savers and loaders: takes a key and the current value, returns the value to use."""

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
    """Returns the values of a dict by their path; missing ones keep their current value."""

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
        compression: whether to compress the arrays, which is slow and saves little for weights.

    Raises:
        OSError: if the disk is full or similar; an existing file is not affected.
        TypeError: if a value would be loaded differently, such as a tuple or a complex array; names it.
        ValueError: if a value that is not an array is nested too deep or too long.
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
    """A value as an array, or as JSON in a string array; an error if load_npz could not read it."""
    if "\0" in name or not name.isprintable():
        raise ValueError(f"save_npz: {name!r} is not a valid entry name: it has non-printable characters")
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
            # A fixed date, so that equal runs write equal files.
            info = zipfile.ZipInfo(name + ".npy", (1980, 1, 1, 0, 0, 0))
            info.compress_type = method
            with archive.open(info, "w", force_zip64=True) as member:
                npy.write_array(member, np.asanyarray(array), allow_pickle=False)


@contextmanager
def atomic_write(path: Any) -> Iterator[BinaryIO]:
    """A file that appears under ``path``, complete, when the block ends; not at all if the block fails.

    Args:
        path: the file. An existing file stays until then.
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
        # Closing may fail again on a full disk; what matters is that the partial file is removed.
        with suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(folder)


def remove_leftovers(folder: Any, written: Callable[[str], bool]) -> None:
    """Remove partial files that :func:`atomic_write` left in a killed process.

    Args:
        folder: the folder.
        written: tells whether a file is one of those written here.
    """
    for name in os.listdir(folder):
        half = re.fullmatch(r"\.(.+)\.[0-9a-f]{8}\.tmp", name)
        if half and written(half[1]):
            os.unlink(os.path.join(folder, name))


def _sync_folder(folder: str) -> None:
    """Sync a rename to disk, if the system supports it."""
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
        obj: the object to load into, of the same structure as the saved one. A parameter of unknown shape
            takes the file's.
        path: load only the part of the file under this path: a snapshot's model is under
            ``"updater/model:main/"``.
        strict: whether names that only one side has are an error; otherwise they are skipped.
        ignore_names: tells whether to ignore a name.
        may_lack: tells whether a name may be on one side only, in spite of ``strict``.

    Raises:
        ValueError: if the file is damaged or does not fit; lists the differences.
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
        raise ValueError(f"load_npz: {label} is damaged or not an .npz file: {error}") from error
    backup = {
        name: value.copy() if hasattr(value, "copy") else value for name, value in current.target.items()
    }
    try:
        obj.serialize(DictionaryDeserializer(values))
    except Exception as error:
        obj.serialize(DictionaryDeserializer(backup))
        raise ValueError(f"load_npz: {label} does not fit {type(obj).__name__}: {error}") from error


class Mismatch(Exception):
    """The file is intact but does not fit."""


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
    """Shape, order and dtype of an array, read before any memory is allocated for it."""
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
    """One value; zipfile verifies its checksum at the end."""
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
    """The names that only one side has."""
    wrong = [(name, "it has no") for name in expected if name not in members]
    wrong += [(name, "unexpected") for name in members if name not in expected]
    return [f"{what} {name}" for name, what in wrong if may_lack is None or not may_lack(name)]


def _compare_arrays(expected: dict[str, Any], headers: dict[str, Any]) -> list[str]:
    """The differences in shapes and dtypes."""
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
