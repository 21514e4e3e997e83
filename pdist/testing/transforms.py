"""The check of a transform: its inverse, its log-determinants, its sets."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import Variable, grad
from ..transforms import Transform
from .report import host


def check_transform(transform: Transform, x: Any, rtol: float = 1e-7) -> None:
    """The inverse undoes the map, both log-determinants are right, and the values lie in their sets.

    Determinants are computed from derivatives, of the coordinates that are free: of a simplex all but the
    last, of Cholesky factors and symmetric matrices those on and below the diagonal. From such a set they are
    not; there the transform's inverse may be checked instead.

    Args:
        transform: the transform.
        x: values of its domain, of shape ``[n, *element]``; those of numbers of shape ``[n]``.
        rtol: the allowed relative difference.

    Raises:
        AssertionError: if something does not hold; names the transform, what and where.

    >>> import numpy as np
    >>> from pdist import transforms as T
    >>> check_transform(T.Softplus(), np.array([-3.0, 0.0, 5.0]))
    """
    x = np.asarray(x, np.float64)
    y, log_det = (host(v) for v in transform.forward_and_log_det(Variable(x)))
    back, inverse_log_det = (host(v) for v in transform.inverse_and_log_det(Variable(y)))
    lead = x.shape[: x.ndim - transform.domain.event_ndim]
    _require(log_det.shape == lead, transform, "forward_log_det has another shape", log_det.shape, lead)
    _require(
        inverse_log_det.shape == lead,
        transform,
        "inverse_log_det has another shape",
        inverse_log_det.shape,
        lead,
    )
    shapes = transform.forward_shape(x.shape), transform.inverse_shape(y.shape)
    _require(shapes == (y.shape, x.shape), transform, "shapes", shapes, (y.shape, x.shape))
    for name, support, value in (("domain", transform.domain, x), ("codomain", transform.codomain, y)):
        inside = host(support.contains(value))
        _require(bool(inside.all()), transform, f"a value outside the {name}", value[~inside], str(support))
    _close(back, x, transform, "inverse(forward(x)) is not x", rtol)
    _close(inverse_log_det, -log_det, transform, "inverse_log_det is not -forward_log_det", rtol)
    free = _free(transform.domain, x.shape[len(lead) :]).all()
    for i in np.ndindex(lead) if free else ():
        truth = np.linalg.slogdet(_jacobian(transform, x[i]))[1]
        _close(log_det[i], truth, transform, f"forward_log_det at {x[i]}", rtol)
    if transform.increasing is not None:
        order = np.argsort(x)
        rises = np.diff(y[order]) * np.diff(x[order]) >= 0
        _require(bool((rises == transform.increasing).all()), transform, "increasing", y[order], x[order])
    if transform.constant:
        _close(log_det, np.full_like(log_det, log_det.reshape(-1)[0]), transform, "constant", rtol)


def _free(support: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Which elements of an array determine the others."""
    free = np.ones(shape, bool)
    if "sum 1" in support.name:
        free[..., -1] = False
    if support.event_ndim == 2 and support.name != "real":
        free = np.tril(free, -1 if "correlation" in support.name else 0)
    return free


def _jacobian(transform: Transform, x: np.ndarray) -> np.ndarray:
    """The derivatives of the free elements of y by those of x."""
    leaf = Variable(x.copy(), requires_grad=True)
    y = transform.forward(leaf)
    free_y = _free(transform.codomain, y.shape)
    rows = []
    for index in zip(*np.nonzero(free_y), strict=True) if y.ndim else [()]:
        (slope,) = grad([y[index] if index else y], [leaf], retain_grad=True)
        rows.append(np.zeros(x.shape) if slope is None else host(slope))
    return np.array(rows).reshape(len(rows), -1)


def _close(got: Any, expected: Any, transform: Transform, what: str, rtol: float) -> None:
    fits = np.isclose(got, expected, rtol=rtol, atol=rtol)
    _require(bool(np.all(fits)), transform, what, got, expected)


def _require(holds: bool, transform: Transform, what: str, got: Any, expected: Any) -> None:
    if not holds:
        raise AssertionError(f"{transform!r}: {what}\n  got:      {got}\n  expected: {expected}")
