"""The jobs written by hand in NumPy, for speed: the yardstick of the traced steps.

No autograd, every buffer made beforehand, all parameters in one array, each product writing its gradient
where Adam reads it. The mathematics is pdist's: densities of the mixture and the Bernoulli without overflow
or cancellation, slopes that are accurate in the tails. What makes it fast:

- Gradients are those of sums over the batch, not of means, because Adam is invariant to a gradient's scale:
  only its ``eps`` has to be scaled. Likewise its moments omit their factors 1 - beta.
- A layer's bias is an extra column of its W, and the layer before has a row of ones, where that is faster.
- softplus(x) = max(x, log1p(e^min(x, 20))), as x is softplus(x) to the last digit from 17 on; and its slope
  is 1 - e^-softplus(x), which is accurate in both tails.
- The Bernoulli log-density x l - softplus(l) is (x - [l > 0]) l - log1p(e^-|l|), its score
  (x - [l > 0]) + sgn(l) e/(1 + e) with the same e = e^-|l|. Signs are bits, set and cleared as such.
- Operations on numbers below 1e-38 take a processor a hundred times longer than others. A component's
  responsibility is therefore at least e^-64, too small to affect a float32 sum with the others, and Adam's
  means of gradients that have stayed 0 are set to 0 now and then.
- Buffers are aligned to cache lines: sums and products of numbers in the cache take half the time.
- Products are ``a.dot(b, out)``: ``matmul`` calls the same library, but has more overhead, and uses its own
  loop, five times slower, if a dimension has length 1.
- Masks multiply. ``where`` is ten times slower, because it branches at each number.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy import (
    add,
    bitwise_and,
    bitwise_or,
    copyto,
    cosh,
    divide,
    exp,
    expm1,
    greater,
    greater_equal,
    log,
    log1p,
    maximum,
    minimum,
    multiply,
    negative,
    sqrt,
    subtract,
    tanh,
)

from . import data
from .training import Training

BLOCK = 32768  # elements that Adam updates at a time: they stay in the core's own cache
SWEEP = 100  # steps after which decayed moments are set to 0
HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def number(value: float) -> np.ndarray:
    """A constant: NumPy handles a 0-d array faster than a Python number or a NumPy scalar."""
    return np.array(value, np.float32)


ZERO, ONE, MINUS_HALF, CAP, FLOOR = number(0), number(1), number(-0.5), number(20), number(-64)
INT_ZERO, SIGN = np.array(0, np.int32), np.array(-(2**31), np.int32)


def empty(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    """A buffer aligned to a cache line."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    memory = np.empty(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size].view(dtype).reshape(shape)


def full(value: float, *shape: int) -> np.ndarray:
    """A buffer filled with a number."""
    array = empty(*shape)
    array[...] = value
    return array


def over_rows(ufunc: Any, array: np.ndarray, out: np.ndarray) -> Callable[[], Any]:
    """A function that reduces an array over its first axis; two rows are combined directly."""
    if len(array) == 2:
        return partial(ufunc, array[0], array[1], out=out)
    return partial(ufunc.reduce, array, 0, None, out)


class Pack:
    """Parameters in one array, their gradients in another.

    Args:
        *shapes: the shapes of the parameters.
    """

    def __init__(self, *shapes: tuple[int, ...]) -> None:
        self.shapes = shapes
        size = sum(map(math.prod, shapes))
        self.p, self.g = full(0, size), full(0, size)

    def views(self, array: np.ndarray) -> list[np.ndarray]:
        """Each parameter's part."""
        ends = np.cumsum([math.prod(shape) for shape in self.shapes])
        return [
            part.reshape(shape) for part, shape in zip(np.split(array, ends[:-1]), self.shapes, strict=True)
        ]

    def adam(
        self, scale: float, alpha: float = 1e-3, beta1: float = 0.9, beta2: float = 0.999
    ) -> Callable[[], None]:
        """Adam's step with gradients that are ``scale`` times too large; it overwrites them.

        The moments are m/(1 - beta1) and v/(1 - beta2).
        """
        m, v = full(0, self.p.size), full(0, self.p.size)
        blocks = [
            tuple(a[i : i + BLOCK] for a in (self.p, self.g, m, v)) for i in range(0, self.p.size, BLOCK)
        ]
        forget1, forget2, eps, rate = number(beta1), number(beta2), number(0), number(0)
        power1 = power2 = 1.0
        steps = 0

        def update() -> None:
            nonlocal power1, power2, steps
            steps += 1
            if steps % SWEEP == 0:
                for moment in (m, v):
                    moment[np.abs(moment) < 1e-30] = 0
            power1 *= beta1
            power2 *= beta2
            root = math.sqrt((1 - power2) / (1 - beta2))
            eps[()] = 1e-8 * abs(scale) * root
            rate[()] = math.copysign(alpha, scale) * (1 - beta1) * root / (1 - power1)
            for p_, g_, m_, v_ in blocks:
                multiply(m_, forget1, m_)
                add(m_, g_, m_)
                multiply(g_, g_, g_)
                multiply(v_, forget2, v_)
                add(v_, g_, v_)
                sqrt(v_, g_)
                add(g_, eps, g_)
                divide(m_, g_, g_)
                multiply(g_, rate, g_)
                subtract(p_, g_, p_)

        return update


def mdn(batch: int, hidden: int, components: int) -> Training:
    """A mixture density network. Arrays are ``[features, batch]``; W has b as its last column."""
    B, H, k = batch, hidden, components
    pack = Pack((H, 2), (H, H + 1), (3 * k, H + 1))
    (W1, W2, W3), (gW1, gW2, gW3) = pack.views(pack.p), pack.views(pack.g)
    parameters = [a for W in (W1, W2, W3) for a in (W[:, :-1], W[:, -1])]
    for mine, given in zip(parameters, data.mdn_parameters(hidden, components), strict=True):
        mine[...] = given
    update = pack.adam(-B)
    x1, h1, h2 = full(1, 2, B), full(1, H + 1, B), full(1, H + 1, B)
    x_in, x1T, h1T, h2T = x1[:1].T, x1.T, h1.T, h2.T
    y1, y2, d2, d1, mask = h1[:H], h2[:H], empty(H, B), empty(H, B), empty(H, B, dtype=bool)
    W2T, W3T = W2[:, :H].T, W3[:, :H].T
    out, d_out = empty(3 * k, B), empty(3 * k, B)
    density = mixture(out, d_out)

    def step(x: np.ndarray, y: np.ndarray) -> Any:
        copyto(x_in, x)
        W1.dot(x1, y1)
        maximum(y1, ZERO, out=y1)
        W2.dot(h1, y2)
        maximum(y2, ZERO, out=y2)
        W3.dot(h2, out)
        total = density(y)
        d_out.dot(h2T, gW3)
        W3T.dot(d_out, d2)
        greater(y2, ZERO, mask)
        multiply(d2, mask, d2)
        d2.dot(h1T, gW2)
        W2T.dot(d2, d1)
        greater(y1, ZERO, mask)
        multiply(d1, mask, d1)
        d1.dot(x1T, gW1)
        update()
        return HALF_LOG_2PI - total / B

    return Training(step, lambda: parameters)


def mixture(out: np.ndarray, d_out: np.ndarray) -> Callable[[np.ndarray], Any]:
    """The log-density of a mixture of Normals from a layer's output, with its gradient.

    Args:
        out: ``[3 k, batch]``: logits, locations, scales before the softplus.
        d_out: receives the gradient.

    Returns:
        A function of the values ``[batch]`` that returns the sum, up to a constant per value.
    """
    k, B = len(out) // 3, out.shape[1]
    a, loc, rho = out[:k], out[k : 2 * k], out[2 * k :]
    d_a, d_loc, d_rho = d_out[:k], d_out[k : 2 * k], d_out[2 * k :]
    scale, z, t = empty(k, B), empty(k, B), empty(k, B)
    both, top, sum_w, sum_r, ones = empty(2, k, B), empty(B), empty(B), empty(B), full(1, B)
    w, r = both  # of the components alone, and of the components with the value
    find_top_w, find_top_r = over_rows(maximum, a, top), over_rows(maximum, r, top)
    add_w, add_r = over_rows(add, w, sum_w), over_rows(add, r, sum_r)

    def density(y: np.ndarray) -> Any:
        find_top_w()
        subtract(a, top, w)
        minimum(rho, CAP, out=scale)
        exp(scale, scale)
        log1p(scale, scale)
        maximum(scale, rho, out=scale)
        subtract(y, loc, z)
        divide(z, scale, z)
        multiply(z, z, r)
        multiply(r, MINUS_HALF, r)
        add(r, w, r)
        log(scale, t)
        subtract(r, t, r)
        find_top_r()
        subtract(r, top, r)
        maximum(both, FLOOR, out=both)
        exp(both, both)
        add_w()
        add_r()
        divide(w, sum_w, w)
        divide(r, sum_r, r)
        divide(sum_r, sum_w, sum_w)
        log(sum_w, sum_w)
        add(sum_w, top, top)
        subtract(r, w, d_a)
        divide(r, scale, r)
        multiply(r, z, d_loc)
        subtract(ONE, z, t)
        add(z, ONE, z)
        multiply(t, z, t)
        multiply(t, r, t)
        negative(scale, scale)
        expm1(scale, scale)
        multiply(t, scale, d_rho)
        return top.dot(ones)

    return density


def coin(logit: np.ndarray, d_logit: np.ndarray) -> Callable[[np.ndarray], Any]:
    """The negative log-density of Bernoulli values from their logits, with its gradient.

    Args:
        logit: ``[batch, n]``.
        d_logit: receives the gradient.

    Returns:
        A function of the values ``[batch, n]``, in [0, 1], that returns the sum.
    """
    shape = logit.shape
    e, miss, ones = empty(*shape), empty(*shape), full(1, logit.size)
    flat, e_flat, miss_flat = logit.reshape(-1), e.reshape(-1), miss.reshape(-1)
    bits, e_bits, d_bits = (array.view(np.int32) for array in (logit, e, d_logit))

    def density(x: np.ndarray) -> Any:
        bitwise_or(bits, SIGN, e_bits)  # -|l|
        exp(e, e)
        greater_equal(bits, INT_ZERO, miss)  # [l > 0]
        subtract(miss, x, miss)
        total = miss_flat.dot(flat)
        add(e, ONE, d_logit)
        divide(e, d_logit, d_logit)
        log1p(e, e)
        total += e_flat.dot(ones)
        bitwise_and(bits, SIGN, e_bits)
        bitwise_or(d_bits, e_bits, d_bits)
        subtract(miss, d_logit, d_logit)
        return total

    # The sum of log1p is taken before its memory is reused for the signs.
    return density


def bbb(batch: int) -> Training:
    """Bayes by backprop. Arrays are ``[features, batch]``."""
    B = batch
    pack = Pack((30,), (30,), (1,), (10,))
    (log_scale, loc, b2, b1), (g_log_scale, g_loc, _, g_b1) = pack.views(pack.p), pack.views(pack.g)
    parts = [
        a.reshape(shape)
        for i, j, shape in ((0, 20, (10, 2)), (20, 30, (1, 10)))
        for a in (loc[i:j], log_scale[i:j])
    ]
    parameters = [*parts[:2], b1, *parts[2:], b2]
    for mine, given in zip(parameters, data.bbb_parameters(), strict=True):
        mine[...] = given
    update = pack.adam(B)
    noise, moved, weights = empty(30), full(0, 31), empty(31)
    move = moved[:30]  # that of b2, after the weights, stays 0
    loc_b2, g_w2_b2 = pack.p[30:61], pack.g[50:61]
    W1, w2_b2, w2 = weights[:20].reshape(10, 2), weights[20:], weights[20:30, None]
    b1_column, g_W1 = b1[:, None], g_loc[:20].reshape(10, 2)
    h, a, d, ones = full(1, 11, B), empty(10, B), empty(10, B), full(1, B)
    y = h[:10]
    logit, d_logit = empty(B), empty(B)
    density = coin(logit[:, None], d_logit[:, None])
    twice, slope, ones64 = empty(30, dtype=float), empty(30, dtype=float), np.ones(30)
    rng = [np.random.default_rng()]

    def step(x: np.ndarray, t: np.ndarray) -> Any:
        rng[0].standard_normal(dtype=np.float32, out=noise)
        exp(log_scale, move)
        multiply(move, noise, move)
        add(loc_b2, moved, weights)
        W1.dot(x.T, a)
        add(a, b1_column, a)
        tanh(a, y)
        w2_b2.dot(h, logit)
        loss = density(t)
        h.dot(d_logit, g_w2_b2)
        multiply(w2, d_logit, d)
        cosh(a, a)
        multiply(a, a, a)
        divide(d, a, d)
        d.dot(x, g_W1)
        d.dot(ones, g_b1)
        add(log_scale, log_scale, twice)  # float64: e^2s - 1 - 2s cancels
        expm1(twice, slope)
        multiply(g_loc, move, g_log_scale)
        add(g_log_scale, slope, g_log_scale)
        add(g_loc, loc, g_loc)
        subtract(slope, twice, twice)
        divergence = loc.dot(loc) + twice.dot(ones64)
        update()
        return (loss + 0.5 * divergence) / B

    return Training(step, lambda: parameters, reseed=_reseed(rng))


def _reseed(rng: list[np.random.Generator]) -> Callable[[int], None]:
    def reseed(seed: int) -> None:
        rng[0] = np.random.default_rng(seed)

    return reseed


def vae(batch: int) -> Training:
    """A variational autoencoder. Arrays are ``[batch, features]``; the encoder's W is stored transposed.

    Since the first layer needs no gradient of its input, its W is used in one order only, and the products
    are faster in this one.
    """
    B = batch
    pack = Pack((784, 500), (500,), (40, 500), (40,), (500, 20), (500,), (784, 500), (784,))
    W1, b1, W2, b2, W3, b3, W4, b4 = pack.views(pack.p)
    gW1, gb1, gW2, gb2, gW3, gb3, gW4, gb4 = pack.views(pack.g)
    parameters = [W1.T, b1, W2[:20], b2[:20], W2[20:], b2[20:], W3, b3, W4, b4]
    for mine, given in zip(parameters, data.vae_parameters(), strict=True):
        mine[...] = given
    update = pack.adam(B)
    a1, h1, a2, h2, d = (empty(B, 500) for _ in range(5))
    q, d_q, z, d_z, noise, move = empty(B, 40), empty(B, 40), *(empty(B, 20) for _ in range(4))
    mean, log_scale, d_mean, d_log_scale = q[:, :20], q[:, 20:], d_q[:, :20], d_q[:, 20:]
    logit, d_logit, ones = empty(B, 784), empty(B, 784), full(1, B)
    density = coin(logit, d_logit)
    twice, slope, ones64 = empty(B, 20, dtype=float), empty(B, 20, dtype=float), np.ones(B * 20)
    square, ones20 = empty(B, 20), full(1, B * 20)
    square_flat, twice_flat = square.reshape(-1), twice.reshape(-1)
    W2T, W3T, W4T, d_T, d_qT, d_logitT = W2.T, W3.T, W4.T, d.T, d_q.T, d_logit.T
    rng = [np.random.default_rng()]

    def step(x: np.ndarray) -> Any:
        x.dot(W1, a1)
        add(a1, b1, a1)
        tanh(a1, h1)
        h1.dot(W2T, q)
        add(q, b2, q)
        rng[0].standard_normal(dtype=np.float32, out=noise)
        exp(log_scale, move)
        multiply(move, noise, move)
        add(mean, move, z)
        z.dot(W3T, a2)
        add(a2, b3, a2)
        tanh(a2, h2)
        h2.dot(W4T, logit)
        add(logit, b4, logit)
        loss = density(x)
        d_logitT.dot(h2, gW4)
        ones.dot(d_logit, gb4)
        d_logit.dot(W4, d)
        cosh(a2, a2)
        multiply(a2, a2, a2)
        divide(d, a2, d)
        d_T.dot(z, gW3)
        ones.dot(d, gb3)
        d.dot(W3, d_z)
        add(d_z, mean, d_mean)
        multiply(d_z, move, d_log_scale)
        add(log_scale, log_scale, twice)  # float64: e^2s - 1 - 2s cancels
        expm1(twice, slope)
        add(d_log_scale, slope, d_log_scale)
        subtract(slope, twice, twice)
        multiply(mean, mean, square)
        divergence = square_flat.dot(ones20) + twice_flat.dot(ones64)
        d_qT.dot(h1, gW2)
        ones.dot(d_q, gb2)
        d_q.dot(W2, d)
        cosh(a1, a1)
        multiply(a1, a1, a1)
        divide(d, a1, d)
        x.T.dot(d, gW1)
        ones.dot(d, gb1)
        update()
        return (loss + 0.5 * divergence) / B

    return Training(step, lambda: parameters, reseed=_reseed(rng))
