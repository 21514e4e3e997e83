"""Matrix products, linear maps and Einstein summation."""

from __future__ import annotations

import math
import string
from typing import Any

import numpy as np

from ..autograd import Variable, differentiable, in_rules, promote
from ..backend import library
from .arguments import variable
from .indexing import diagonal


@differentiable
def matmul_(xp, a, b):
    """a @ b, the op behind :func:`matmul`."""
    return a @ b


def _product_left(F, g, like_a, b):
    if b.ndim == 1:
        return g[..., None] * b
    if like_a.ndim == 1:
        return (b @ g[..., None])[..., 0]
    return g @ b.swapaxes(-1, -2)


def _rows(x):
    """All axes except the last merged into one."""
    return x if x.ndim == 2 else x.reshape((math.prod(x.shape[:-1]), x.shape[-1]))


def _product_right(F, g, a, like_b):
    if a.ndim == 1:
        return a * g[..., None] if like_b.ndim == 1 else a[:, None] * g[..., None, :]
    if like_b.ndim == 1:
        g = g[..., None]
    if like_b.ndim <= 2:  # one matrix for the whole batch: sum over the batch inside the product
        product = _rows(a).T @ _rows(g)
        return product[:, 0] if like_b.ndim == 1 else product
    return a.swapaxes(-1, -2) @ g


matmul_.derivative(a=_product_left, b=_product_right)


@in_rules(lambda xp, a, b: a @ b)
def matmul(a: Any, b: Any, transa: bool = False, transb: bool = False) -> Variable:
    """The matrix product a @ b, with NumPy's rules for vectors and batches.

    Args:
        a: Variable or array of shape (..., m, k) or (k,).
        b: Variable or array of shape (..., k, n) or (k,); leading axes broadcast with those of a.
        transa: transpose the matrices of a first; False by default.
        transb: transpose the matrices of b first; False by default.

    Returns:
        Variable of shape (..., m, n); m is missing if a is a vector, and n if b is one.

    Raises:
        ValueError: if the shapes do not fit.

    >>> import numpy as np, pdist.functions as F
    >>> F.matmul(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]), transb=True).array
    array([[11.]])
    """
    a, b = variable("matmul", "a", a), variable("matmul", "b", b)
    if transa and a.ndim > 1:
        a = a.swapaxes(-1, -2)
    if transb and b.ndim > 1:
        b = b.swapaxes(-1, -2)
    if not a.ndim or not b.ndim or a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
        raise ValueError(
            f"matmul: shapes {a.shape} and {b.shape} do not fit: (..., m, k) and (..., k, n) expected"
        )
    return matmul_(a, b)


# Linear maps -----------------------------------------------------------------------------------------------


def product(xp, a, b):
    """a @ b of matrices.

    NumPy's dot calls the same routine as its matmul, with less overhead, and also if a dimension has
    length 1, where matmul's own loop is five times slower.
    """
    return a.dot(b) if xp is np and a.flags.forc and b.flags.forc else a @ b


@differentiable
def sum_rows(xp, x):
    """x.sum(axis=0) of a matrix, as a product with ones, which adds several rows at once."""
    n = x.shape[0]
    if library(xp).host:
        return product(xp, xp.ones(n, x.dtype), x)
    return (xp.ones((1, n), x.dtype) @ x)[0]


sum_rows.derivative(x=lambda F, g, like_x: F.broadcast_to(g, like_x.shape))


@differentiable
def linear_map(xp, x, W):
    """x W^T, the op behind :func:`linear` without b."""
    return product(xp, x, W.T)


linear_map.derivative(
    x=lambda F, g, W: g @ W,
    W=lambda F, g, x: g.T @ x,
)


@differentiable
def affine_map(xp, x, W, b):
    """x W^T + b, the op behind :func:`linear`."""
    y = product(xp, x, W.T)
    y += b
    return y


affine_map.derivative(
    x=lambda F, g, W: g @ W,
    W=lambda F, g, x: g.T @ x,
    b=lambda F, g: F(sum_rows)(g),
)


def linear(x: Any, W: Any, b: Any = None, n_batch_axes: int = 1) -> Variable:
    """x W^T + b, a linear map of each sample.

    Args:
        x: Variable or array; the axes after the first ``n_batch_axes`` are merged into one of length N.
        W: of shape (M, N).
        b: of shape (M,), or None (the default).
        n_batch_axes: number of leading batch axes of x; 1 by default.

    Returns:
        Variable whose leading axes are those of x and whose last one has length M.

    Raises:
        ValueError: if the shapes do not fit.

    >>> import numpy as np, pdist.functions as F
    >>> F.linear(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]), np.array([0.5])).array
    array([[11.5]])
    """
    x, W = variable("linear", "x", x), variable("linear", "W", W)
    shape = x.shape
    if x.ndim != 2 or n_batch_axes != 1:
        if not 1 <= n_batch_axes < x.ndim:
            raise ValueError(
                f"linear: n_batch_axes: expected 1 to {x.ndim - 1} for x of shape {shape}, got {n_batch_axes}"
            )
        rows = int(np.prod(shape[:n_batch_axes]))
        x = x.reshape((rows, int(np.prod(shape[n_batch_axes:]))))
    if W.ndim != 2 or W.shape[1] != x.shape[1]:
        raise ValueError(f"linear: W: expected shape (M, {x.shape[1]}) for x of shape {shape}, got {W.shape}")
    if b is None:
        y = linear_map(x, W)
    else:
        b = variable("linear", "b", b)
        if b.shape != W.shape[:1]:
            raise ValueError(
                f"linear: b: expected shape {W.shape[:1]} for W of shape {W.shape}, got {b.shape}"
            )
        y = affine_map(x, W, b)
    return y if n_batch_axes == 1 else y.reshape((*shape[:n_batch_axes], W.shape[0]))


# Einstein summation ----------------------------------------------------------------------------------------


@differentiable
def einsum_(xp, *xs, subscripts):
    """The op behind :func:`einsum`: every index of an operand is in another one or in the result."""
    return xp.einsum(subscripts, *xs, optimize=len(xs) > 1)


def _contract_rule(F, g, needs, xs, subscripts):
    inputs, output = subscripts.split("->")
    terms = inputs.split(",")
    gradients = []
    for i, need in enumerate(needs):
        others = [j for j in range(len(xs)) if j != i]
        rule = ",".join([output, *[terms[j] for j in others]]) + "->" + terms[i]
        gradients.append(F(einsum_)(g, *[xs[j] for j in others], subscripts=rule) if need else None)
    return gradients


einsum_.joint_derivative(_contract_rule)


def einsum(*operands: Any) -> Variable:
    """Einstein summation: ``einsum("ij,jk->ik", a, b)``, like ``numpy.einsum``.

    Args:
        *operands: the subscripts, with or without ``->``, optionally with an ellipsis, then Variables or
            arrays.

    Returns:
        Variable with one axis per index of the result.

    Raises:
        TypeError: if the subscripts do not come first.
        ValueError: if subscripts and operands do not fit.

    >>> import numpy as np, pdist.functions as F
    >>> F.einsum("ij,ij->i", np.eye(2), np.full((2, 2), 3.0)).array
    array([3., 3.])
    """
    subscripts, *values = operands
    if not isinstance(subscripts, str):
        raise TypeError(
            f"einsum: expected the subscripts first, as a string, got {type(subscripts).__name__}"
        )
    xs = promote("einsum", lambda i: f"operands[{i}]", values)
    terms, output = _subscripts(subscripts, [x.ndim for x in xs])
    lengths: dict[str, int] = {}
    for i, (term, x) in enumerate(zip(terms, xs, strict=True)):
        for index, n in zip(term, x.shape, strict=True):
            if lengths.setdefault(index, n) != n:
                if n != 1 and lengths[index] != 1:
                    raise ValueError(
                        f"einsum: operands[{i}] of shape {x.shape} does not fit {subscripts!r}: "
                        f"an index has length {lengths[index]} elsewhere"
                    )
                lengths[index] = n if n != 1 else lengths[index]
    simple = [_simplify(i, terms, output, x) for i, x in enumerate(xs)]
    return einsum_(*[x for _, x in simple], subscripts=",".join([t for t, _ in simple]) + "->" + output)


def _simplify(i: int, terms: list[str], output: str, x: Variable) -> tuple[str, Variable]:
    """Operand i with its diagonals taken and its own indices summed, so the gradient is an einsum too."""
    term = terms[i]
    for index in dict.fromkeys(term):
        while (first := term.index(index)) != (second := term.rindex(index)):
            x = diagonal(x, axis1=first, axis2=second)
            term = "".join([c for k, c in enumerate(term) if k not in (first, second)]) + index
    elsewhere = output + "".join(terms[:i] + terms[i + 1 :])
    own = [k for k, index in enumerate(term) if index not in elsewhere]
    if own:
        x = x.sum(axis=tuple(own))
        term = "".join([c for k, c in enumerate(term) if k not in own])
    return term, x


def _subscripts(subscripts: str, ndims: list[int]) -> tuple[list[str], str]:
    """The indices of each operand and of the result, with the ellipsis expanded."""
    text = subscripts.replace(" ", "")
    left, arrow, output = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(ndims):
        raise ValueError(f"einsum: {subscripts!r} names {len(terms)} operands, got {len(ndims)}")
    spare = [c for c in string.ascii_letters if c not in text]
    hidden = [n - len(t.replace("...", "")) if "..." in t else 0 for t, n in zip(terms, ndims, strict=True)]
    for i, (t, n, h) in enumerate(zip(terms, ndims, hidden, strict=True)):
        if h < 0 or ("..." not in t and len(t) != n):
            raise ValueError(f"einsum: {t!r} does not fit operands[{i}] with {n} axes")
    most = max(hidden)
    full = "".join(spare[:most])
    terms = [t.replace("...", full[most - h :]) for t, h in zip(terms, hidden, strict=True)]
    if not arrow:
        letters = left.replace("...", "").replace(",", "")
        output = full + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    output = output.replace("...", full)
    if unknown := set(output) - set("".join(terms)):
        raise ValueError(f"einsum: {subscripts!r}: no operand has the index {sorted(unknown)[0]!r}")
    return terms, output


__all__ = [
    "einsum",
    "linear",
    "matmul",
]
