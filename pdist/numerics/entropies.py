"""The entropies of a standard Gamma and a standard Student's t variable, and their derivatives.

Either is a few elementary terms and a rest that is smooth in v = a/(x + a), all as double words: the
logarithm of a scale may cancel them.

Source:
    The polynomials are Chebyshev expansions on [0, 1], cut off some digits below the last one.
"""

from __future__ import annotations

import math

from ..autograd import differentiable, zero
from .double import divide_double, is_double, log_double, polynomial, rounding, two_product, two_sum
from .gamma import (
    WIDE_ATANH,
    half_step_bend,
    half_step_bend_times,
    half_step_third_times,
    tetragamma_minus,
    tetragamma_minus_times,
    trigamma_minus,
    trigamma_minus_times,
)

# Of (float32, float64) the coefficients from the highest power on, the last three as double words
_STUDENT = (
    (
        (-8.323193583237298e-07, -4.932641672894533e-07, -8.525228736289137e-07, -1.6191244867513888e-05)
        + (-2.0960229448974133e-05, -0.00010814539564307779, -0.0005527847679331899, -0.001022513723000884)
        + (-0.005956102628260851,),
        ((-0.046930063515901566, -1.3116954189484886e-09),)
        + ((-0.20293773710727692, 2.840457646868799e-09),)
        + ((1.2575466632843018, 1.1786602804875201e-08),),
    ),
    (
        (4.395471099166882e-11, -9.268137908237847e-12, -3.7980020014637714e-10, 2.5848854749021564e-10)
        + (1.1127101769316661e-09, -1.0853092331991453e-09, -1.2632379381514877e-09, 1.1183094035068213e-09)
        + (1.5664199832667755e-09, -4.740073184943333e-10, -4.2933027097093125e-09, 7.2420087310530284e-09)
        + (-9.660537985796193e-09, 3.314383832610196e-09, 1.0175797045421668e-08, -1.0935616435861551e-07)
        + (1.31434300037846e-07, -5.711774146918729e-07, -8.259089222990932e-07, -1.1257365387981802e-06)
        + (-1.586525450301858e-05, -2.0814542215547425e-05, -0.00010829783709362404, -0.0005528238228418011)
        + (-0.0010224807540954953, -0.005956097909075051),
        ((-0.04693006748535216, 2.400080731555474e-18),)
        + ((-0.20293773442269195, -2.158106196517507e-18),)
        + ((1.2575466751059998, 2.2223807500760812e-17),),
    ),
)
_GAMMA = (
    (
        (-3.5132396192238957e-07, 1.7146948039226118e-07, 2.375487611061544e-06, -6.141647645563353e-06)
        + (5.072658950666664e-06, 2.9133829229976982e-05, -0.00018364204152021557, 0.00042716850293800235)
        + (0.0020994460210204124,),
        ((-0.039868127554655075, 3.8912617572606223e-10),)
        + ((-0.5, 1.5589529667181523e-10),)
        + ((0.9602792263031006, 2.766557871680675e-09),),
    ),
    (
        (1.5992946378295404e-11, -7.521476261111098e-11, 4.001217512816276e-11, 2.9778886964894997e-10)
        + (-4.781588373136215e-10, -9.559619034086969e-11, 5.373772414199667e-10, -1.0708755645513071e-10)
        + (4.560044674665824e-10, -2.6901713119359747e-09, 4.9790023301292525e-09, -4.64357835086629e-09)
        + (-2.7683848903482327e-09, 2.749419881648483e-08, -8.169585071578178e-08, 1.532764508490886e-07)
        + (-1.2806117889350666e-07, -3.730807452647962e-07, 2.127085809839987e-06, -5.513825548775328e-06)
        + (5.210151364473582e-06, 2.8807206954654915e-05, -0.00018367985682882554, 0.0004272449304897685)
        + (0.002099450541735885,),
        ((-0.03986813369645284, -1.7414533826901656e-18),)
        + ((-0.5, 2.475218567346625e-18),)
        + ((0.960279229160082, 2.064017390972687e-17),),
    ),
)


def _rest(xp, coefficients, x, a):
    """The polynomial in 2 v - 1 at v = a/(x + a)."""
    others, doubles = coefficients[is_double(x)]
    m, m_lo = two_sum(xp, x, a)
    v, v_lo = divide_double(xp, a, 0.0, m)
    v_lo = rounding(xp, v_lo - v * (m_lo / m), v)
    t, t_lo = two_sum(xp, 2 * v, -1.0)
    t_lo = t_lo + 2 * v_lo
    y, lo = polynomial((others, others), t), 0.0
    for c, c_lo in doubles:
        p, e = two_product(xp, y, t)
        e = e + (y * t_lo + lo * t)
        y, lo = two_sum(xp, c, p)
        lo = lo + (e + c_lo)
    return y, lo


def _reciprocal(xp, x):
    """1/x."""
    y, lo = divide_double(xp, 1.0, 0.0, x)
    return y, rounding(xp, lo, y)


def _log1p_reciprocal(xp, x):
    """log(1 + 1/x)."""
    few = x < 0.5
    n = xp.where(few, x, 1)
    m, m_lo = two_sum(xp, n, 1.0)
    (a, a_lo), (b, b_lo) = log_double(xp, m), log_double(xp, n)
    y, lo = _sum(xp, (a, a_lo + m_lo / m), (-b, -b_lo))
    n = xp.where(few, 1, x)
    d, d_lo = two_sum(xp, 2 * n, 1.0)
    u, u_lo = divide_double(xp, 1.0, 0.0, d)  # log(1 + 1/x) = 2 atanh(1/(2 x + 1))
    u_lo = rounding(xp, u_lo - u * (d_lo / d), u)
    w = u * u
    return xp.where(few, y, 2 * u), xp.where(few, lo, 2 * (u_lo + u * w * polynomial(WIDE_ATANH, w)))


def _sum(xp, a, b):
    y, lo = two_sum(xp, a[0], b[0])
    return y, lo + (a[1] + b[1])


def _normal(xp, y):
    """The double word with hi rounded from it, and 0 for lo where something is infinite."""
    hi, lo = two_sum(xp, *y)
    known = lo == lo
    return xp.where(known, hi, y[0]), xp.where(known, lo, 0)


def _beside(xp, main, rest):
    """main + rest; main where it is infinite, since the rest may be too, with the other sign."""
    return main + xp.where(abs(main) < math.inf, rest, 0)


def _gamma(xp, k):
    """log Gamma(k) + k + (1 - k) digamma(k), as -1/k + log(k)/2 + (3/2) log(1 + 1/k) and a rest."""
    (r, r_lo), (a, a_lo), (b, b_lo) = _reciprocal(xp, k), log_double(xp, k), _log1p_reciprocal(xp, k)
    c, c_lo = two_sum(xp, b, 0.5 * b)
    y = _sum(xp, (0.5 * a, 0.5 * a_lo), (c, c_lo + 1.5 * b_lo))
    return _normal(xp, _sum(xp, _sum(xp, (-r, -r_lo), y), _rest(xp, _GAMMA, k, 1.0)))


def _student(xp, df):
    """1/df + log(1 + 1/df)/2 and a rest between 1 and 1.42."""
    b, b_lo = _log1p_reciprocal(xp, df)
    y = _sum(xp, _reciprocal(xp, df), (0.5 * b, 0.5 * b_lo))
    return _normal(xp, _sum(xp, y, _rest(xp, _STUDENT, df, 2.0)))


@differentiable
def gamma_entropy(xp, k):
    """-E log f(Z) of a standard Gamma variable."""
    return _gamma(xp, k)[0]


@differentiable
def gamma_entropy_residual(xp, k):
    """What rounding took from it."""
    return _gamma(xp, k)[1]


@differentiable
def gamma_entropy_slope(xp, k):
    """The derivative 1 + (1 - k) trigamma(k) of the entropy."""
    return _beside(xp, trigamma_minus.kernel(xp, k), 1 / k - trigamma_minus_times(xp, k))


@differentiable
def gamma_entropy_bend(xp, k):
    """The second derivative."""
    rest = (tetragamma_minus_times(xp, k) + 1 / k / k) + trigamma_minus.kernel(xp, k)
    return _beside(xp, tetragamma_minus.kernel(xp, k), -rest)


@differentiable
def student_entropy(xp, df):
    """-E log f(Z) of a standard Student's t variable."""
    return _student(xp, df)[0]


@differentiable
def student_entropy_residual(xp, df):
    """What rounding took from it."""
    return _student(xp, df)[1]


@differentiable
def student_entropy_slope(xp, df):
    """The derivative of the entropy: no term of it is positive."""
    x = 0.5 * df
    return 0.5 * half_step_bend_times(xp, x) - 0.5 / df / df


@differentiable
def student_entropy_bend(xp, df):
    """The second derivative."""
    x = 0.5 * df
    rest = 0.25 * (half_step_bend.kernel(xp, x) + half_step_third_times(xp, x))
    return _beside(xp, 1 / df / df / df, rest)


gamma_entropy.derivative(k=lambda F, g, k: g * F(gamma_entropy_slope)(k))
gamma_entropy_slope.derivative(k=lambda F, g, k: g * F(gamma_entropy_bend)(k))
gamma_entropy_residual.derivative(k=zero)
student_entropy.derivative(df=lambda F, g, df: g * F(student_entropy_slope)(df))
student_entropy_slope.derivative(df=lambda F, g, df: g * F(student_entropy_bend)(df))
student_entropy_residual.derivative(df=zero)


def _student_third(F, g, df):
    x = 0.5 * df
    second, third = [F.polygamma(n, x + 0.5) - F.polygamma(n, x) for n in (2, 3)]
    return g * ((df + 1) / 16 * third + 0.25 * second + 1 / df / df / df)


# Without the last digits for large shapes
gamma_entropy_bend.derivative(k=lambda F, g, k: g * ((1 - k) * F.polygamma(3, k) - 2 * F.polygamma(2, k)))
student_entropy_bend.derivative(df=_student_third)
