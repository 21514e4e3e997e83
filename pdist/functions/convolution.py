"""Convolution and pooling of images: arrays of shape (N, channels, height, width)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd import Variable, differentiable
from .arguments import integer, variable
from .linear_algebra import matmul_


@differentiable
def im2col(xp, x, /, ksize, stride, pad, dilate=(1, 1), cover_all=False, fill=0.0):
    """The patches of images: (N, C, H, W) to (N, C, kh, kw, out_h, out_w).

    Each setting is a pair, for height and width. Pixels beyond the border are ``fill``; with ``cover_all``, a
    last partial patch covers pixels that would otherwise be left over.
    """
    (kh, kw), (sy, sx), (dy, dx) = ksize, stride, dilate
    out_h, out_w = out_size(x.shape, ksize, stride, pad, dilate, cover_all)
    y = xp.empty((*x.shape[:2], kh, kw, out_h, out_w), dtype=x.dtype)
    x = _padded(xp, x, stride, pad, fill)
    for i in range(kh):
        for j in range(kw):
            y[:, :, i, j] = x[:, :, i * dy :: sy, j * dx :: sx][:, :, :out_h, :out_w]
    return y


@differentiable
def col2im(xp, x, /, shape, ksize, stride, pad, dilate=(1, 1), cover_all=False):
    """Images of ``shape`` with each patch of x added at the position where :func:`im2col` takes it from."""
    (kh, kw), (sy, sx), (dy, dx), (ph, pw) = ksize, stride, dilate, pad
    out_h, out_w = x.shape[-2:]
    n, c, h, w = shape
    y = xp.zeros((n, c, h + 2 * ph + sy - 1, w + 2 * pw + sx - 1), dtype=x.dtype)
    for i in range(kh):
        for j in range(kw):
            y[:, :, i * dy :: sy, j * dx :: sx][:, :, :out_h, :out_w] += x[:, :, i, j]
    return y[:, :, ph : ph + h, pw : pw + w]


im2col.derivative(
    x=lambda F, g, like_x, ksize, stride, pad, dilate, cover_all: F(col2im)(
        g, shape=like_x.shape, ksize=ksize, stride=stride, pad=pad, dilate=dilate, cover_all=cover_all
    )
)
col2im.derivative(
    x=lambda F, g, ksize, stride, pad, dilate, cover_all: F(im2col)(
        g, ksize=ksize, stride=stride, pad=pad, dilate=dilate, cover_all=cover_all
    )
)


def _padded(xp, x, stride, pad, fill):
    """x with a border of ``pad``, and room for a partial patch at the far ends."""
    (ph, pw), (sy, sx) = pad, stride
    n, c, h, w = x.shape
    y = xp.full((n, c, h + 2 * ph + sy - 1, w + 2 * pw + sx - 1), fill, dtype=x.dtype)
    y[:, :, ph : ph + h, pw : pw + w] = x
    return y


def out_size(shape, ksize, stride, pad, dilate=(1, 1), cover_all=False):
    """How many patches images of ``shape`` have along height and width."""
    sizes = []
    for n, k, s, p, d in zip(shape[-2:], ksize, stride, pad, dilate, strict=True):
        room = n + 2 * p - (d * (k - 1) + 1)
        sizes.append((room + s - 1 if cover_all else room) // s + 1)
    return tuple(sizes)


def convolution_2d(
    x: Any,
    W: Any,
    b: Any = None,
    stride: Any = 1,
    pad: Any = 0,
    cover_all: bool = False,
    *,
    dilate: Any = 1,
    groups: int = 1,
) -> Variable:
    """Images correlated with filters: y[n, o, i, j] = sum of W[o] times the patch of x[n] at (i, j), + b[o].

    Args:
        x: Variable or array of shape (N, C, H, W).
        W: filters of shape (O, C / groups, kh, kw).
        b: of shape (O,), or None (the default).
        stride: the distance between patches, one number or a pair for height and width; 1 by default.
        pad: the width of a border of zeros around the images, one number or a pair; 0 by default.
        cover_all: also take partial patches at the far ends; False by default.
        dilate: the distance between a patch's pixels, one number or a pair; 1 by default.
        groups: number of groups of channels, each with its own O / groups filters; 1 by default.

    Returns:
        Variable of shape (N, O, out_h, out_w).

    Raises:
        ValueError: if the shapes do not fit, or the images are smaller than a patch.

    >>> import numpy as np, pdist.functions as F
    >>> F.convolution_2d(np.arange(9.0).reshape(1, 1, 3, 3), np.ones((1, 1, 2, 2))).array
    array([[[[ 8., 12.],
             [20., 24.]]]])
    """
    who = "convolution_2d"
    x, W, groups = _images(who, x), variable(who, "W", W), integer(who, "groups", groups)
    c, o = x.shape[1], W.shape[0] if W.ndim else 0
    if W.ndim != 4 or W.shape[1] * groups != c or o % groups:
        raise ValueError(
            f"{who}: W: expected shape (O, {c / groups:g}, kh, kw) with O divisible by groups={groups} "
            f"for x of shape {x.shape}, got {W.shape}"
        )
    geometry = _geometry(who, x, W.shape[2:], stride, pad, dilate, cover_all)
    patches = im2col(x, **geometry)
    n, size = x.shape[0], math.prod(W.shape[1:])
    out = patches.shape[-2:]
    if groups == 1:
        y = matmul_(W.reshape((o, size)), patches.reshape((n, size, math.prod(out))))
    else:
        y = matmul_(
            W.reshape((groups, o // groups, size)), patches.reshape((n, groups, size, math.prod(out)))
        )
    y = y.reshape((n, o, *out))
    if b is None:
        return y
    b = variable(who, "b", b)
    if b.shape != (o,):
        raise ValueError(f"{who}: b: expected shape {(o,)} for W of shape {W.shape}, got {b.shape}")
    return y + b.reshape((o, 1, 1))


def max_pooling_2d(x: Any, ksize: Any, stride: Any = None, pad: Any = 0, cover_all: bool = True) -> Variable:
    """The largest pixel of each patch; tied pixels share the gradient.

    Args:
        x: Variable or array of shape (N, C, H, W).
        ksize: the size of the patches, one number or a pair for height and width.
        stride: the distance of patches, one number or a pair; None (the default) for their size.
        pad: the width of a border around the images, which is never the largest; 0 by default.
        cover_all: also take partial patches at the far ends, if they contain a pixel
            (the default).

    Returns:
        Variable of shape (N, C, out_h, out_w).

    Raises:
        ValueError: if x does not have four axes, or a patch would contain no pixel.

    >>> import numpy as np, pdist.functions as F
    >>> F.max_pooling_2d(np.arange(16.0).reshape(1, 1, 4, 4), 2).array
    array([[[[ 5.,  7.],
             [13., 15.]]]])
    """
    who = "max_pooling_2d"
    size, margin = _pair(who, "ksize", ksize), _pair(who, "pad", pad)
    if margin[0] >= size[0] or margin[1] >= size[1]:
        raise ValueError(
            f"{who}: pad is {margin}; expected less than ksize, {size}: a patch has to hold pixels"
        )
    patches = _patches(who, x, ksize, stride, pad, cover_all, -math.inf)
    steps = size if stride is None else _pair(who, "stride", stride)
    # With cover_all a last patch may begin beyond the last pixel.
    rows, columns = (-(-(n + p) // s) for n, p, s in zip(x.shape[2:], margin, steps, strict=True))
    return patches[..., :rows, :columns].max(axis=(2, 3))


def average_pooling_2d(x: Any, ksize: Any, stride: Any = None, pad: Any = 0) -> Variable:
    """The mean of each patch, with the border counted as zeros.

    Args:
        x: Variable or array of shape (N, C, H, W).
        ksize: the size of the patches, one number or a pair for height and width.
        stride: the distance of patches, one number or a pair; None (the default) for their size.
        pad: the width of a border of zeros around the images; 0 by default.

    Returns:
        Variable of shape (N, C, out_h, out_w).

    Raises:
        ValueError: if x does not have four axes, or the images are smaller than a patch.

    >>> import numpy as np, pdist.functions as F
    >>> F.average_pooling_2d(np.arange(16.0).reshape(1, 1, 4, 4), 2).array
    array([[[[ 2.5,  4.5],
             [10.5, 12.5]]]])
    """
    return _patches("average_pooling_2d", x, ksize, stride, pad, False, 0.0).mean(axis=(2, 3))


def _patches(who: str, x: Any, ksize: Any, stride: Any, pad: Any, cover_all: bool, fill: float) -> Variable:
    """The patches that a pooling function reduces."""
    x = _images(who, x)
    geometry = _geometry(
        who, x, _pair(who, "ksize", ksize), ksize if stride is None else stride, pad, 1, cover_all
    )
    return im2col(x, **geometry, fill=fill)


def _images(who: str, x: Any) -> Variable:
    x = variable(who, "x", x)
    if x.ndim != 4:
        raise ValueError(
            f"{who}: x: expected images of shape (N, channels, height, width), got shape {x.shape}"
        )
    return x


def _geometry(
    who: str, x: Variable, ksize: tuple[int, ...], stride: Any, pad: Any, dilate: Any, cover_all: bool
) -> dict[str, Any]:
    """The settings of :func:`im2col`; a ValueError if they leave no patch."""
    stride, pad, dilate = _pair(who, "stride", stride), _pair(who, "pad", pad), _pair(who, "dilate", dilate)
    if min(*stride, *dilate, *ksize) < 1 or min(pad) < 0:
        raise ValueError(
            f"{who}: expected ksize, stride and dilate of at least 1 and pad of at least 0, "
            f"got {ksize}, {stride}, {dilate} and {pad}"
        )
    if min(out_size(x.shape, ksize, stride, pad, dilate, cover_all)) < 1:
        raise ValueError(f"{who}: images of shape {x.shape} with pad {pad} have no patch of size {ksize}")
    return {"ksize": ksize, "stride": stride, "pad": pad, "dilate": dilate, "cover_all": cover_all}


def _pair(who: str, name: str, value: Any) -> tuple[int, int]:
    """One number or a pair of them, as two Python integers."""
    pair = (value, value) if np.ndim(value) == 0 else tuple(value)
    if len(pair) != 2:
        raise ValueError(f"{who}: {name}: expected one number or a pair, got {value!r}")
    return integer(who, name, pair[0]), integer(who, name, pair[1])


__all__ = [
    "average_pooling_2d",
    "convolution_2d",
    "max_pooling_2d",
]
