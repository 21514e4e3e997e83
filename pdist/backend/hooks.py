"""The current recording of this thread, if any: the hooks of ``pdist.trace`` in the library.

While a function is traced, its arrays are proxies that record the operations on them. Code that uses
arrays not passed as arguments (parameters, an optimizer's moments, a random stream) calls these hooks to get
the proxy. In eager code this costs one check of :data:`running`.
"""

from __future__ import annotations

import functools
import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

running = 0  # the number of active recordings in all threads
rebound = 0  # changes whenever an array that a trace may hold by reference is replaced by another one
_moves = itertools.count(1)
_local = threading.local()
_lock = threading.Lock()


def current() -> Any:
    """The active recording of this thread; None if there is none."""
    return getattr(_local, "recording", None) if running else None


def begin(recording: Any) -> None:
    """Make ``recording`` the active one of this thread until :func:`end`."""
    global running
    _local.recording = recording
    with _lock:
        running += 1


def end() -> None:
    """Undo :func:`begin`."""
    global running
    _local.recording = None
    with _lock:
        running -= 1


def array_replaced() -> None:
    """Tell traces that some array they may hold was replaced: they check before they run again."""
    global rebound
    rebound = next(_moves)


def seen(array: Any, owner: Any = None, attribute: str = "_array", name: str = "") -> Any:
    """The proxy of an array in this thread's recording, or the array itself if there is none.

    Args:
        array: a raw array that is state: read by reference whenever the trace runs.
        owner: the object that holds it, if it may be given another one.
        attribute: the name of the owner's attribute.
        name: a name for the generated code.
    """
    recording = current()
    return array if recording is None else recording.seen(array, owner, attribute, name)


def read(owner: Any, attribute: str) -> Any:
    """The value of an attribute, an array or None, read anew at each call: its proxy in a recording."""
    recording = current()
    return getattr(owner, attribute) if recording is None else recording.read(owner, attribute)


def wraps(array: Any) -> None:
    """Tell the recording that a Variable is made from an array."""
    recording = current()
    if recording is not None:
        recording.wraps(array)


def assigned(owner: Any, attribute: str) -> None:
    """Tell the recording, in advance, that an attribute is about to get another array, or None."""
    recording = current()
    if recording is not None:
        recording.assigned(owner, attribute)


def replaces(owner: Any, array: Any, attribute: str = "_array") -> None:
    """Tell the recording and existing traces that ``owner`` is given another array."""
    recording = current()
    if recording is None:
        array_replaced()
    elif recording.concrete(array) is not recording.concrete(getattr(owner, attribute)):
        recording.assigned(owner, attribute)


@contextmanager
def paused(draws: bool = True) -> Iterator[None]:
    """Inside the block nothing is recorded: for one-time actions, such as the initialization of parameters.

    Args:
        draws: whether random numbers may be drawn in it, which the trace does not repeat.
    """
    recording = current()
    watch = recording.watch if draws and recording is not None else None
    _local.recording = None
    try:
        if watch is not None:
            watch.look()
        yield
        if watch is not None:
            watch.skip()
    finally:
        _local.recording = recording


def depends_on(owner: Any, attribute: str) -> Any:
    """An attribute whose object is fixed in a trace: if it is another one, a new trace is made.

    Code that sets it must call :func:`array_replaced`.
    """
    found = getattr(owner, attribute)
    recording = current()
    if recording is not None:
        recording.guard(owner, attribute, found)
    return found


def reads(item: Any) -> None:
    """Tell the recording that a user's object is called, whose numbers may change between calls."""
    recording = current()
    if recording is not None:
        recording.reads(item)


def section(name: str) -> None:
    """Name what happens outside ops from here on, for the comments of the generated code."""
    recording = current()
    if recording is not None:
        recording.section = name


def concrete(array: Any) -> Any:
    """The raw array behind a proxy, for checks made in the recorded call only; others unchanged."""
    recording = current()
    return array if recording is None else recording.concrete(array)


def once(function: Callable[..., Any], *args: Any) -> Any:
    """Do something in the recorded call only, on its real arrays: a check of values."""
    args = tuple([concrete(arg) for arg in args])
    with paused():
        return function(*args)


def check(function: Callable[..., Any], *args: Any, holds: Callable[..., Any] | None = None) -> None:
    """Make a check that raises an error if values are invalid, and repeat it whenever the trace runs.

    Args:
        function: called with raw arrays in place of proxies.
        *args: its arguments.
        holds: a function of a namespace and the arrays among the arguments that uses only array functions and
            returns a bool array, true everywhere if nothing is to be raised. A trace computes that, which
            costs less.
    """
    recording = current()
    if recording is None:
        function(*args)
    else:
        recording.check(function, args, holds)


def whole(array: Any) -> Any:
    """The proxy of the 0-d array that eager code makes from a NumPy scalar; others unchanged."""
    recording = current()
    return array if recording is None else recording.whole(array)


def assume(condition: Any) -> bool:
    """Whether a bool array may be assumed true everywhere, so that the code need not handle other values.

    A trace checks it before it does anything else; if it does not hold, another trace is used. This
    requires a condition that holds now and depends only on what exists when a call begins.
    """
    recording = current()
    return recording is not None and recording.assume(condition)


def effect(function: Callable[..., Any], *args: Any, changes: Any = None) -> None:
    """Do something to objects on the host, and repeat it whenever the trace runs: report a value, set a rate.

    Args:
        function: called with raw arrays in place of proxies. It may change state arrays in place.
        *args: its arguments; dicts are searched for arrays.
        changes: the arrays that it changes, an empty list for none; by default it may change any.
    """
    recording = current()
    if recording is None:
        function(*args)
    else:
        recording.effect(function, args, changes)


def opaque(function: Callable[..., Any]) -> Callable[..., Any]:
    """Record a function that inspects values as one call.

    Args:
        function: a function of a namespace and raw arrays, like a kernel; it returns an array or a tuple of
            arrays, and does not modify its arguments.

    Returns:
        The same function; a trace does not see what it does inside.
    """

    @functools.wraps(function)
    def whole(*args: Any, **kwargs: Any) -> Any:
        recording = current()
        if recording is None:
            return function(*args, **kwargs)
        return recording.opaque(function, args, kwargs)

    return whole
