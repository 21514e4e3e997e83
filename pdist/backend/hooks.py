"""Which recording, if any, is under way in this thread: the hooks of ``pdist.trace`` in the library.

While a function is traced its arrays are stand-ins that write down what is done with them. Whoever holds
arrays that nobody handed over (parameters, an optimizer's moments, a random stream) asks here first, and gets
the stand-in. Eager code pays for that with one look at :data:`running`.
"""

from __future__ import annotations

import functools
import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

running = 0  # how many recordings are under way in all threads
rebound = 0  # moves whenever an array that a trace may hold by reference was replaced by another one
_moves = itertools.count(1)
_local = threading.local()
_lock = threading.Lock()


def current() -> Any:
    """The recording under way in this thread; None where there is none."""
    return getattr(_local, "recording", None) if running else None


def begin(recording: Any) -> None:
    """Let ``recording`` be the one of this thread until :func:`end`."""
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
    """Tell traces that some array they may hold was replaced: they look before they run again."""
    global rebound
    rebound = next(_moves)


def seen(array: Any, owner: Any = None, attribute: str = "_array", name: str = "") -> Any:
    """The stand-in of an array in this thread's recording, the array itself where there is none.

    Args:
        array: a raw array that is state: read by reference whenever the trace runs.
        owner: the object that holds it, where it may be given another one.
        attribute: under which name.
        name: what the generated code may call it.
    """
    recording = current()
    return array if recording is None else recording.seen(array, owner, attribute, name)


def read(owner: Any, attribute: str) -> Any:
    """What an attribute holds at each call anew, an array or None: its stand-in where one records."""
    recording = current()
    return getattr(owner, attribute) if recording is None else recording.read(owner, attribute)


def wraps(array: Any) -> None:
    """Tell the recording that a Variable is made of an array."""
    recording = current()
    if recording is not None:
        recording.wraps(array)


def assigned(owner: Any, attribute: str) -> None:
    """Tell the recording, before it is done, that an attribute is given another array, or None."""
    recording = current()
    if recording is not None:
        recording.assigned(owner, attribute)


def replaces(owner: Any, array: Any, attribute: str = "_array") -> None:
    """Tell whoever records, or has recorded, that ``owner`` is given another array."""
    recording = current()
    if recording is None:
        array_replaced()
    elif recording.concrete(array) is not recording.concrete(getattr(owner, attribute)):
        recording.assigned(owner, attribute)


@contextmanager
def paused(draws: bool = True) -> Iterator[None]:
    """Inside the block nothing is recorded: for what happens once, such as the filling of parameters.

    Args:
        draws: whether random numbers may be drawn in it, which need not be drawn again by the trace.
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
    """An attribute whose object a trace is made for: it is made anew where that is another one.

    Whoever sets it calls :func:`array_replaced`.
    """
    found = getattr(owner, attribute)
    recording = current()
    if recording is not None:
        recording.guard(owner, attribute, found)
    return found


def reads(item: Any) -> None:
    """Tell the recording that an object of the user's is called, whose numbers may be others another time."""
    recording = current()
    if recording is not None:
        recording.reads(item)


def section(name: str) -> None:
    """Say what goes on outside all ops from here on, for the comments of the generated code."""
    recording = current()
    if recording is not None:
        recording.section = name


def concrete(array: Any) -> Any:
    """The raw array behind a stand-in, for checks that the first, recorded call makes; others as they are."""
    recording = current()
    return array if recording is None else recording.concrete(array)


def once(function: Callable[..., Any], *args: Any) -> Any:
    """Do something in the recorded call alone, on its real arrays: a check of values."""
    args = tuple([concrete(arg) for arg in args])
    with paused():
        return function(*args)


def check(function: Callable[..., Any], *args: Any, holds: Callable[..., Any] | None = None) -> None:
    """Do a check that raises an error if values are not as they must be, and again whenever the trace runs.

    Args:
        function: called with raw arrays in the place of stand-ins.
        *args: its arguments.
        holds: of a namespace and the arrays among the arguments, by array functions alone: a bool array that
            is true everywhere if there is nothing to raise. A trace computes that, which costs less.
    """
    recording = current()
    if recording is None:
        function(*args)
    else:
        recording.check(function, args, holds)


def whole(array: Any) -> Any:
    """What stands for the array without axes that eager code makes of NumPy's scalar; others as they are."""
    recording = current()
    return array if recording is None else recording.whole(array)


def assume(condition: Any) -> bool:
    """Whether a bool array may be taken to hold everywhere, so that the rest need not provide for others.

    A trace looks at it before it does anything else; where it does not hold, another trace is used. This
    takes a condition that holds now and depends on nothing but what is there when a call begins.
    """
    recording = current()
    return recording is not None and recording.assume(condition)


def effect(function: Callable[..., Any], *args: Any, changes: Any = None) -> None:
    """Do something to objects of the host, and again whenever the trace runs: report a value, set a rate.

    Args:
        function: called with raw arrays in the place of stand-ins. It may change state arrays in place.
        *args: its arguments; dicts are looked into.
        changes: the arrays that it changes, an empty list for none; by default it may change any.
    """
    recording = current()
    if recording is None:
        function(*args)
    else:
        recording.effect(function, args, changes)


def opaque(function: Callable[..., Any]) -> Callable[..., Any]:
    """Record a function that looks at values as one call.

    Args:
        function: of a namespace and raw arrays, as kernels are; it returns an array or a tuple of arrays, and
            changes nothing that it was given.

    Returns:
        The same function; a trace sees none of what it does inside.
    """

    @functools.wraps(function)
    def whole(*args: Any, **kwargs: Any) -> Any:
        recording = current()
        if recording is None:
            return function(*args, **kwargs)
        return recording.opaque(function, args, kwargs)

    return whole
