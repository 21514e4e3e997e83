"""Expectations over numbers: differentiable adaptive quadrature on panels, with an error estimate.

Panels are placed between quantiles of all components of p and q, and end at all possible jumps, kinks and
poles. Those that the Gauss-Legendre rule does not resolve are halved, the worst first. The search for
panels inspects values, and is one opaque call; gradients come from the rule on the resulting panels. If
an end of a panel is a point that moves with a parameter (an end of a support), so does the panel.

Next to a finite end of the support the rule is one on the logarithm of the distance from it, and the rest,
which a pole may have most of its probability in, follows from tails: see `remainders`. All is in float64.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable, as_variable, no_backprop_mode
from ...backend import hooks, library
from ...numerics.panels import gauss_legendre
from ..base.batching import Batched
from .integrands import MOST, Integrand, has_quantiles, leaves, numbers_at_once, wants_gradients, weighted
from .remainders import Edge, edges_of, remainders

_NODES, _WEIGHTS = gauss_legendre(20)
# From the values at the nodes, the coefficients of the last two Legendre polynomials, which measure the
# error.
_LAST = np.polynomial.legendre.legvander(_NODES, 19)[:, 18:].T * _WEIGHTS * np.array([[18.5], [19.5]])

# Half of the probabilities whose quantiles bound the panels; the others are their complements.
_FEW = (1e-300, 1e-60, 1e-16, 1e-8, 1e-4, 0.003, 0.03, 0.15, 0.5)
_MANY = (
    (1e-300, 1e-200, 1e-120, 1e-60, 1e-30, 1e-20, 1e-16, 1e-13, 1e-10, 1e-8, 1e-6, 1e-5, 1e-4)
    + (1e-3, 0.003, 0.01, 0.03, 0.06, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)
)  # fmt: skip
# Where 1 - u no longer resolves the upper tail: multiples of the last quantile's distance from the median.
_BEYOND = (1.5, 2.0, 4.0, *(10.0**n for n in range(1, 120, 2)))
_MANY_PARTS = 8  # from this number of components on, few quantiles of each
_MOST_PANELS = 2048
_ROUNDS, _AT_ONCE = 60, 32  # of halving, and the number of panels of each integral per round
_TRACED_ROUNDS, _TRACED_AT_ONCE = 24, 4  # in a trace, where shapes must not depend on values


def integral(p: Any, q: Any, f: Integrand) -> tuple[Variable, Any]:
    """E_p[f(log p(X), log q(X))] for continuous numbers, and its error.

    Args:
        p: a distribution of numbers.
        q: another, of the same batch shape.
        f: a function of two log densities.
    """
    dtype = np.result_type(p.dtype, q.dtype)
    p, q = (widened(d) for d in (p, q))
    edges = edges_of(p)
    marks = _marks(p) + _marks(q) + [edge.start for edge in edges]
    arrays = [v.array for v in leaves(p, q)]
    places = [mark.array for mark in marks]
    traced = hooks.current() is not None
    value, error, low, high = find_panels(p.xp, *places, *arrays, pair=(p, q), f=f, traced=traced)
    if not wants_gradients(p, q):
        return narrowed(as_variable(value), error, dtype)
    moving = [mark for mark in marks if mark.requires_grad]
    step = max(1, MOST // (len(_NODES) * numbers_at_once(p, q)))
    total: Any = remainders(p, q, f, edges, low, high)[0]
    for i in range(0, low.shape[0], step):
        a, b = (_moved(as_variable(end[i : i + step]), moving) for end in (low, high))
        total = total + F.sum(_rule(p, q, f, a, b, edges)[0], axis=0)
    return narrowed(total, error, dtype)


def widened(d: Any) -> Any:
    """The same distribution in float64, differentiably."""
    wide = np.dtype(np.float64)
    return d if d.dtype == wide else d._map(lambda value, _n: Batched._cast(value, wide))


def narrowed(y: Variable, error: Any, dtype: np.dtype) -> tuple[Variable, Any]:
    """A value in the dtype that was asked for, and its error, to which that rounding adds."""
    size = y.xp.where(abs(y.array) < math.inf, abs(y.array), 0)
    return F.cast(y, dtype), (error + float(np.finfo(dtype).eps) * size).astype(dtype)


def _rule(
    p: Any, q: Any, f: Integrand, a: Any, b: Any, edges: list[Edge], shift: bool = False
) -> tuple[Any, Any, Any]:
    """The integral over each panel [a, b], its mass under p, and f p dx at the nodes or the next floats."""
    weights = _constant(p, _WEIGHTS)
    x, step = _nodes(p, a, b, edges)
    shape = x.shape
    x = x * (1 + 2.0**-52) if shift else x
    y, density = weighted(p, q, f, x.reshape((-1, *shape[2:])))
    none = step.array == 0
    y = F.where(none, 0.0, y.reshape(shape) * step)
    mass = (density.array.reshape(shape) * step.array * weights).sum(axis=1)
    return F.sum(y * weights, axis=1), as_variable(mass), y


def _nodes(p: Any, a: Any, b: Any, edges: list[Edge]) -> tuple[Variable, Variable]:
    """The nodes of panels on a new axis 1, and what a step of the rule is there.

    They divide it in x or, in panels near an end of the support that are many times as wide as they are far
    from it, in the logarithm of the distance.
    """
    nodes = _constant(p, _NODES)
    a, b = as_variable(a), as_variable(b)
    half = (0.5 * b - 0.5 * a)[:, None]
    x = a[:, None] + half * (1 + nodes)
    step = half + 0 * nodes
    for edge in edges:
        use, near, ratio = edge.apart(a, b)
        log_ratio = F.log(ratio)[:, None]
        away = near[:, None] * F.exp(log_ratio * (0.5 + 0.5 * nodes))
        x = F.where(use[:, None], edge.at - edge.side * away, x)
        step = F.where(use[:, None], away * (0.5 * log_ratio), step)
    return x, step


def _middle(a: Any, b: Any, edges: list[Edge]) -> Any:
    """Where a panel is halved."""
    middle = a + (0.5 * b - 0.5 * a)
    for edge in edges:
        use, near, ratio = edge.apart(as_variable(a), as_variable(b))
        xp = ratio.xp
        middle = xp.where(use, edge.at.array - edge.side * near.array * xp.sqrt(ratio.array), middle)
    return middle


def _constant(p: Any, values: np.ndarray) -> Any:
    """Constants for the nodes of panels, on axis 1 of ``[panels, nodes, *batch]``."""
    array = library(p.xp).from_host(values.astype(p.dtype))
    return array.reshape((-1,) + (1,) * len(p.batch_shape))


def _moved(ends: Variable, marks: list[Variable]) -> Variable:
    """Ends of panels that move with the marks that they coincide with, or the first of several."""
    free: Any = True
    for mark in marks:
        here = free & (ends.array == mark.array)
        free = ~here & free
        ends = ends + F.where(here, mark - mark.array, 0.0)
    return ends


# The panels ------------------------------------------------------------------------------------------------


@hooks.opaque
def find_panels(xp, *arrays, pair, f, traced):
    """The integral, its error, and lower and upper ends of the panels that resolve it, ``[panels, *batch]``.

    Args:
        xp: the arrays' namespace.
        *arrays: the points where panels have to end, then the parameters of p and q.
        pair: p and q, whose parameters are replaced.
        f: a function of two log densities.
        traced: whether the number of panels may depend only on shapes.
    """
    own = iter(arrays[len(arrays) - len(leaves(*pair)) :])
    p, q = (d._with_arrays(own) for d in pair)
    marks = arrays[: len(arrays) - len(leaves(*pair))]
    with no_backprop_mode():
        edges = edges_of(p)
        low, high = _first_panels(p, q, marks, edges)
        y, mass, error = _evaluate(p, q, f, low, high, edges)
        rounds, at_once = (_TRACED_ROUNDS, _TRACED_AT_ONCE) if traced else (_ROUNDS, _AT_ONCE)
        tolerance = 1e-12
        for _ in range(rounds):
            bad = error > tolerance * (abs(y).sum(axis=0) + tolerance)
            n = at_once
            if not traced and library(xp).host:
                n = min(at_once, int(bad.sum(axis=0).max()))
            if not n:
                break
            worst = xp.argsort(-error, axis=0)[: min(n, len(error))]
            a, b = (xp.take_along_axis(ends, worst, axis=0) for ends in (low, high))
            middle = _middle(a, b, edges)
            halves = [_evaluate(p, q, f, *ends, edges) for ends in ((a, middle), (middle, b))]
            xp.put_along_axis(high, worst, middle, axis=0)
            low, high = xp.concatenate([low, middle]), xp.concatenate([high, b])
            for whole, left in zip((y, mass, error), halves[0], strict=True):
                xp.put_along_axis(whole, worst, left, axis=0)
            y, mass, error = (
                xp.concatenate([w, r]) for w, r in zip((y, mass, error), halves[1], strict=True)
            )
    with no_backprop_mode():  # how much the rounding of x, and of logarithms, changes it
        rounding = abs(_evaluate(p, q, f, low, high, edges, shift=True)[0] - y).sum(axis=0)
    rounding = 8 * rounding + 4 * float(np.finfo(y.dtype).eps) * abs(y).sum(axis=0)
    # Panels without width would have their nodes where a density is 0, and its slopes infinite.
    heaviest = xp.argmax(mass, axis=0)[None]
    inner = xp.take_along_axis(low + (0.5 * high - 0.5 * low), heaviest, axis=0)
    empty = low == high
    low, high = xp.where(empty, inner, low), xp.where(empty, inner, high)
    value, size = y.sum(axis=0), abs(y).sum(axis=0)
    with no_backprop_mode():
        rest, held, doubt, explained = remainders(p, q, f, edges, low, high)
        value, size = value + rest.array, size + abs(rest.array)
        total = error.sum(axis=0) + doubt + rounding
        total = total + abs(p_mass(p) - mass.sum(axis=0) - held) * xp.maximum(size, 1)
        for side in (-1, 1):
            estimate = _beyond_last(p, q, f, xp.concatenate([low, high]), side, size)
            total = total + xp.where(explained[side], 0, estimate)
    covered = (xp.asarray(p.support.low) >= q.support.low) & (xp.asarray(p.support.high) <= q.support.high)
    return value, xp.where(abs(value) < math.inf, total, xp.where(covered, math.inf, 0)), low, high


def p_mass(p: Any) -> Any:
    """The probability of the whole support: 1, unless it is a part of something."""
    return getattr(p, "_whole_mass", 1.0)


def _beyond_last(p: Any, q: Any, f: Integrand, ends: Any, side: int, size: Any) -> Any:
    """An estimate of the integral beyond the last panel end where p does not underflow, on one side.

    The integrand is extrapolated as the power of x that it follows between that end and a tenth of it; the
    estimate is infinite if that power is not integrable.
    """
    xp, end = p.xp, p.support.high if side > 0 else p.support.low

    def weight(x: Any) -> Any:  # the integrand in log x
        return abs(weighted(p, q, f, x)[0].array * x)

    seen = (weight(ends) > 0) & (side * ends > 0)
    last = xp.where(seen, side * ends, 0).max(axis=0, keepdims=True) * side
    heights = weight(xp.concatenate([last, 0.1 * last]))
    power = xp.log(heights[1] / heights[0]) / math.log(10)  # x^-power in log x
    rest = xp.where(power > 0, heights[0] / power, math.inf)
    counts = (heights[0] > float(np.finfo(ends.dtype).eps) * size) & (abs(xp.asarray(end)) == math.inf)
    return xp.where(counts, rest, 0)


def _evaluate(
    p: Any, q: Any, f: Integrand, low: Any, high: Any, edges: Any, shift: bool = False
) -> tuple[Any, Any, Any]:
    """For each panel the integral, its mass under p, and its error, in blocks."""
    xp = p.xp
    step = max(1, MOST // (len(_NODES) * numbers_at_once(p, q)))
    last = _LAST.astype(p.dtype)
    parts = []
    for i in range(0, max(len(low), 1), step):
        y, mass, values = (
            v.array for v in _rule(p, q, f, low[i : i + step], high[i : i + step], edges, shift)
        )
        rest = sum(abs((values * _constant(p, c)).sum(axis=1)) for c in last)
        parts.append((y, mass, xp.where(abs(rest) < math.inf, rest, 0)))
    return tuple(xp.concatenate(list(columns)) for columns in zip(*parts, strict=True))


def _first_panels(p: Any, q: Any, marks: Any, edges: list[Edge]) -> tuple[Any, Any]:
    """Lower and upper ends of panels between quantiles and marks, inside the range of p."""
    xp = p.xp
    inside = _quantiles(p)
    places = [xp.broadcast_to(mark, p.batch_shape)[None] for mark in marks]
    inside = xp.concatenate([inside, *places[: len(_marks(p))]])
    finite = abs(inside) < _far_out(p)
    low = xp.where(finite, inside, math.inf).min(axis=0)
    high = xp.where(finite, inside, -math.inf).max(axis=0)
    for edge in edges:
        start = edge.start.array
        low, high = (low, xp.minimum(high, start)) if edge.side > 0 else (xp.maximum(low, start), high)
    ends = xp.concatenate([inside, _quantiles(q)])
    if len(ends) > _MOST_PANELS:  # a subset: halving recovers the rest
        ends = xp.sort(ends, axis=0)[:: -(-len(ends) // _MOST_PANELS)]
    ends = xp.concatenate([ends, *places])
    ends = xp.where(abs(ends) < math.inf, ends, low)
    ends = xp.sort(xp.clip(ends, low, high), axis=0)
    return ends[:-1].copy(), ends[1:].copy()


def _far_out(p: Any) -> Any:
    """Where panels end at the latest: farther out, squares overflow and densities underflow."""
    middle = abs(p.icdf(0.5).array) if has_quantiles(p) else 1.0
    return p.xp.minimum(1e130 * p.xp.maximum(1.0, middle), 1e290)


def _marks(d: Any) -> list[Variable]:
    """Where the densities of a distribution's components may have jumps, kinks or poles."""
    found = []
    for part in d._components():
        for end, u in ((part.support.low, 0.0), (part.support.high, 1.0)):
            if isinstance(end, (int, float)):
                if math.isfinite(end):
                    found.append(as_variable(part.xp.full(d.batch_shape, end, d.dtype)))
            elif has_quantiles(part):  # moves with the parameters
                found += _rows(F.broadcast_to(part.icdf(u), part.batch_shape), d)
            else:
                found += _rows(as_variable(part.xp.broadcast_to(end, part.batch_shape)), d)
        for place in part._breakpoints():
            found += _rows(F.broadcast_to(place, part.batch_shape), d)
    return found


def _rows(x: Variable, d: Any) -> list[Variable]:
    """Values ``[*batch, *components]`` as a list of ``[*batch]``, one per component."""
    n = len(d.batch_shape)
    return [x[(..., *index)] for index in np.ndindex(x.shape[n:])] if x.ndim > n else [x]


def _quantiles(d: Any) -> Any:
    """Quantiles of a distribution's components, and values beyond them, on a new first axis."""
    xp, n = d.xp, len(d.batch_shape)
    parts = d._components()
    found = []
    for part in parts:
        count = math.prod(part.batch_shape[n:]) * len(parts)
        x = _quantiles_of(part, _MANY if count < _MANY_PARTS else _FEW)
        order = (*range(n + 1, x.ndim), *range(n + 1))
        found.append(x.transpose(order).reshape((-1, *d.batch_shape)))
    return xp.concatenate(found)


def _quantiles_of(d: Any, levels: tuple[float, ...]) -> Any:
    """Quantiles of a single distribution and values beyond the last; a wide grid if it has none."""
    xp, info = d.xp, np.finfo(d.dtype)
    shape = (-1,) + (1,) * len(d.batch_shape)
    if not has_quantiles(d):
        return _around_peak(d)
    lower = [u for u in levels if u >= float(info.tiny)]
    upper = [1 - u for u in levels[::-1] if float(info.eps) <= u < 0.5]
    u = xp.asarray(np.array(lower + upper), dtype=d.dtype).reshape(shape)
    x = xp.broadcast_to(d.icdf(u).array, (len(u), *d.batch_shape))
    end, middle = x[-1], x[len(lower) - 1]
    steps = [by * (end - middle) for by in _BEYOND if by < float(info.max)]
    between = [xp.maximum(middle - step, x[0]) for step in steps]  # heavy tails are wide between quantiles
    return xp.concatenate([x, *((middle + step)[None] for step in steps), *(y[None] for y in between)])


_GRID = np.concatenate([-(10.0 ** np.arange(8, -9, -0.5)), [0.0], 10.0 ** np.arange(-8, 8.5, 0.5)])


def _around_peak(d: Any) -> Any:
    """Ends of panels that widen away from 0, and from the highest density that a search finds."""
    xp, batch = d.xp, d.batch_shape
    grid = library(xp).from_host(_GRID.astype(d.dtype)).reshape((-1,) + (1,) * len(batch))
    grid = xp.broadcast_to(grid, (len(_GRID), *batch))
    inner = xp.asarray(d.support.inner, dtype=d.dtype) if not callable(d.support.inner) else 0
    x = grid + inner
    steps = xp.linspace(0, 1, 9, dtype=d.dtype).reshape((-1,) + (1,) * len(batch))
    for _ in range(60):
        y = d.log_prob(x).array
        best = xp.where(y == y, y, -math.inf).argmax(axis=0)[None]
        left, right = (xp.clip(best + i, 0, len(x) - 1) for i in (-1, 1))
        left, top, right = (xp.take_along_axis(x, i, axis=0) for i in (left, best, right))
        x = left + (right - left) * steps
    return xp.concatenate([grid, grid + inner, grid + top])
