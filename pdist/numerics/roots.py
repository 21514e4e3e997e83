"""Elementwise searches on arrays: roots of increasing functions, and counts.

A search inspects values to see whether it is done, so an op that uses one is declared ``hooks.opaque``: a
trace repeats it as one call, and never captures it in a graph. A device is asked only now and then.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..backend import library, to_cpu, truth

#: of x: an error, positive if x is too large; Newton's correction, to be subtracted; and the error's noise
Newton = Callable[[Any], tuple[Any, Any, Any]]


_PATIENCE = 8  # steps between two questions to a device, each of which has to wait for it


def ended(xp, done, step: int) -> bool:
    """Whether all of ``done`` is true after the step of that number, asked at every eighth step on a device.

    >>> import numpy as np
    >>> ended(np, np.array([True, False]), 0)
    False
    """
    return (library(xp).host or step % _PATIENCE == _PATIENCE - 1) and truth(done.all())


def search_root(xp, f: Newton, low, high, most: int = 120):
    """The root of an increasing function between ``low`` and ``high``, by safeguarded Newton steps.

    A step that leaves the bracket, that does not halve the previous step, or that is not a number is
    replaced by a bisection. So no smoothness is assumed: at a jump the search ends on its upper side.

    Args:
        xp: the arrays' namespace.
        f: the error, Newton's correction and the noise at x; an error within the noise counts as 0.
        low: lower ends; the error there is assumed to be negative.
        high: upper ends, of the same shape. If an element's ends are infinite, nan, or not in order, its
            result is ``high``.
        most: maximum number of steps.

    Returns:
        The roots, of the shape of ``low``.

    >>> import numpy as np
    >>> def cube(x):
    ...     return x**3 - 8, (x**3 - 8) / (3 * x**2), 1e-15
    >>> search_root(np, cube, np.array([0.0]), np.array([100.0]))
    array([2.])
    """
    fixed = ~((low < high) & (abs(low) < math.inf) & (abs(high) < math.inf))
    found = high
    low, high = xp.where(fixed, 0, low), xp.where(fixed, 0, high)
    x = 0.5 * low + 0.5 * high
    step = 0.5 * high - 0.5 * low  # halves: the width itself may overflow
    done = fixed
    for i in range(most):
        error, newton, noise = f(x)
        near = abs(error) <= noise
        low, high = xp.where(error < 0, x, low), xp.where(error > 0, x, high)
        new, middle = x - newton, low + (0.5 * high - 0.5 * low)
        closed = ~((low < middle) & (middle < high))  # no number is left in between: the error jumps here
        slow = ~((new > low) & (new < high) & (abs(newton) < step))
        step = 0.5 * xp.where(slow, 0.5 * high - 0.5 * low, abs(newton))
        new = xp.where(near, x, xp.where(closed, high, xp.where(slow, middle, new)))
        done = fixed | near | closed | (new == x)
        x = new
        if ended(xp, done, i):
            break
    return xp.where(fixed, found, xp.where(done, x, high))


def search_count(xp, reached: Callable[[Any], Any], low, high):
    """The smallest integer above ``low`` at which ``reached`` is true, by bisection.

    Args:
        xp: the arrays' namespace.
        reached: for an array of integers (as floats), whether each is large enough; monotone.
        low: integers that are too small, which is not checked.
        high: integers that are large enough, which is not checked, of the same shape. If an element's ends
            are infinite, nan or not in order, its result is ``high``.

    >>> import numpy as np
    >>> search_count(np, lambda n: n * n >= 50, np.array([-1.0]), np.array([100.0]))
    array([8.])
    """
    fixed = ~((low < high) & (abs(low) < math.inf) & (abs(high) < math.inf))
    found = high
    low, high = xp.where(fixed, -1, low), xp.where(fixed, 0, high)
    for i in range(bisections(xp, low, high)):
        middle = xp.floor(0.5 * low + 0.5 * high)
        if ended(xp, ~((low < middle) & (middle < high)), i):
            break  # where counts are large there are few numbers between, however far apart the ends
        enough = (middle > low) & reached(middle)
        low, high = xp.where(enough, low, middle), xp.where(enough, middle, high)
    return xp.where(fixed, found, high)


def bracket_count(xp, reached: Callable[[Any], Any], guess, step, floor):
    """Brackets for :func:`search_count`, found by steps from a guess.

    Args:
        xp: the arrays' namespace.
        reached: as there.
        guess: integers, of the shape of the result.
        step: the first step; each following one is twice as long.
        floor: an integer below all of them that is too small.

    Returns:
        Integers that are too small, and integers that are large enough.

    >>> import numpy as np
    >>> [end.tolist() for end in bracket_count(np, lambda n: n >= 50, np.array([40.0, 60.0]), 1.0, -1.0)]
    [[47.0, 45.0], [55.0, 53.0]]
    """
    low = high = guess
    up, searching = ~reached(guess), guess == guess
    for i in range(1200):  # more than the exponents of float64
        probe = xp.where(up, high + step, xp.maximum(low - step, floor))
        found = reached(probe)
        low = xp.where(searching & ~(up & found), probe, low)
        high = xp.where(searching & (up | found), probe, high)
        searching = searching & (up != found)
        if ended(xp, ~searching, i):
            break
        step = 2 * step
    return low, high


def bisections(xp, low, high) -> int:
    """The number of bisections that reduce integer brackets to length one."""
    width = high - low
    if not width.size:
        return 0
    widest = float(to_cpu(xp.where(width < math.inf, width, 2).max()))
    return math.ceil(math.log2(max(widest, 2)))
