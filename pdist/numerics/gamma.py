"""The remainders of Stirling's approximation of the Gamma function, and differences for densities.

For large arguments log Gamma, digamma and trigamma are a large elementary part plus a small remainder.
Differences are computed from the remainders, which are smooth functions of v = 1/(x + 1): each is given by
its value at x + 1 and an elementary term that shifts it back to x. All are accurate for every x > 0.

Source:
    C. Loader, "Fast and accurate computation of binomial probabilities" (2000), for the use of the first.
    The polynomials are Chebyshev expansions on [0, 1], truncated below the last digit.
"""

from __future__ import annotations

import math

from ..autograd import differentiable
from ..backend import hooks
from ..functions.special import lgamma1p
from .blocks import in_blocks, piecewise
from .constants import HALF_LOG_2PI, SUBNORMAL
from .differences import deviance, log1pmx, log_ratio
from .double import is_double, log_double, polynomial, rounding, two_product, two_sum
from .panels import gauss_legendre

# Coefficients for (float32, float64), the highest power first
_STIRLING = (
    (1.437717145336137e-07, -2.438249282477045e-07, -4.3063653265562607e-07, 2.648864665388828e-06)
    + (-6.405044132407056e-06, -1.2964801499038003e-06, 0.00010076874605147168, -0.0004851002595387399)
    + (-0.0012300100643187761, 0.08268139511346817),
    (-2.1773609633307913e-11, 5.1202352025127823e-11, 4.983921329175265e-11, -2.2089651818644468e-10)
    + (1.2749304449257545e-10, 7.80450351161388e-11, -2.5346699143166865e-11, 2.175097107566272e-10)
    + (-1.326917033794611e-09, 3.077842410932077e-09, -4.24396162242737e-09, 1.185488304228361e-09)
    + (1.5406558905600582e-08, -5.987513429157628e-08, 1.2997996847072288e-07, -1.1717449942331085e-07)
    + (-4.274069604060133e-07, 2.5473663653581224e-06, -6.404042370035637e-06, -1.262164310333669e-06)
    + (0.00010076829937265172, -0.0004851043881008963, -0.0012300100649059174, 0.0826813919108186),
)
_LOG_MINUS_DIGAMMA = (
    (-7.387114209223e-08, -1.5437780120919342e-06, 5.7401357480557635e-06, -4.7397757043654565e-06)
    + (-3.0955674446886405e-05, 0.0001800715399440378, -0.00037745246663689613, -0.002291647717356682)
    + (0.03901057317852974, 0.5407257080078125),
    (-1.3868587856665284e-10, 1.624303834089855e-10, 7.589094394720963e-10, -1.152719508710035e-09)
    + (-1.033409909875904e-09, 2.1330067017493084e-09, 4.49075304397607e-11, 5.990633070339752e-10)
    + (-5.13293760238895e-09, 5.535396989942808e-09, 3.743783608187379e-09, -2.8747358350617388e-08)
    + (8.014350466023133e-08, -1.447713900138456e-07, 1.0582876859905827e-07, 4.0809043367994477e-07)
    + (-2.1206826345912817e-06, 5.241540246216873e-06, -4.15017179786186e-06, -3.0735545346973664e-05)
    + (0.0001798467535026801, -0.0003774918629452942, -0.0022916185861005817, 0.039010576469949286)
    + (0.5407256909229563,),
)
_TRIGAMMA = (
    (1.8056067574434564e-06, 1.5969992546160938e-06, -1.7905003915075213e-05, 2.8899439712404273e-05)
    + (8.908539712138008e-06, -0.00021110706438776106, 0.0007452635327354074, -0.0007902536308392882)
    + (-0.008007306605577469, 0.07343789935112, 0.5797362923622131),
    (-6.92371574442863e-10, 1.388100043533207e-09, 2.661453420691272e-09, -7.291664580377068e-09)
    + (-1.109942489265275e-09, 1.0716638809800143e-08, -7.435463600048354e-10, -5.278959674593461e-09)
    + (-1.583641577694965e-08, 3.572409486336325e-08, -2.922641216899727e-08, -7.505657175392638e-09)
    + (1.121815159457415e-07, -3.4476328106028976e-07, 6.784430490813825e-07, -7.768196085614338e-07)
    + (-4.309692661198992e-07, 5.139380799955282e-06, -1.5412911864832318e-05, 2.49668461776369e-05)
    + (7.639539459818e-06, -0.00020931430246066182, 0.0007455560427234089, -0.0007905804377635287)
    + (-0.008007331347174882, 0.07343791576769715, 0.5797362673929057),
)
_HALF_STEP = (
    (-8.530795980732364e-07, 2.1030693915236043e-06, -3.576339224764524e-08, -9.29820816963911e-06)
    + (2.9754375646007247e-05, -4.482756776269525e-05, -7.95188607298769e-05, 0.0007727991323918104)
    + (-0.00208574952557683, -0.006367957219481468, 0.12148921936750412),
    (-2.1817036437261373e-10, 7.194668822941102e-11, 1.7120802514690108e-09, -1.316378808031328e-09)
    + (-4.397923917736372e-09, 4.701006240878706e-09, 3.801833498463028e-09, -3.3610471985043173e-09)
    + (-5.480393260972962e-09, 7.216662359605428e-10, 1.7230164208409517e-08, -3.417458345522225e-08)
    + (4.6720938976678095e-08, -3.352316526264904e-08, -7.754279825118993e-08, 3.9924603602436813e-07)
    + (-9.798479383356734e-07, 1.3992159415841861e-06, 2.518451820777065e-07, -8.761092471153855e-06)
    + (2.9566938654554045e-05, -4.502186611017029e-05, -7.946953788273237e-05, 0.0007728292074896937)
    + (-0.0020857539707962052, -0.006367958390275732, 0.12148922218710419),
)
_HALF_STEP_BEND = (
    (8.727420208742842e-06, -1.535773481009528e-05, -1.5173538486124016e-05, 8.547951438231394e-05)
    + (-0.00017558922991156578, 0.00013427608064375818, 0.000702076533343643, -0.0035456845071166754)
    + (0.006024511996656656, 0.023275354877114296, -0.23661048710346222),
    (1.905031175900113e-09, 1.6279993782273237e-09, -2.0039384828097858e-08, 4.430761245126157e-09)
    + (6.331238840269799e-08, -4.4604629028537154e-08, -6.603612714979461e-08, 4.5121556362306123e-08)
    + (5.3349203478973215e-08, 3.579600991387152e-08, -2.388742842520351e-07, 3.371089095035271e-07)
    + (-2.7469579442264226e-07, -1.6516849965220203e-07, 1.5343286687839376e-06, -4.25560225408582e-06)
    + (7.363662052048558e-06, -5.593675643989167e-06, -1.5111005460074814e-05, 7.683516250963598e-05)
    + (-0.00017520789404241088, 0.00013775142482435736, 0.0007019265592153162, -0.0035462678857351294)
    + (0.006024528260692939, 0.023275383112417978, -0.23661048598393258),
)
_HALF_STEP_THIRD = (
    (1.8886001271312125e-05, 4.807029472431168e-05, 5.972376311547123e-05, 0.00015755849017295986)
    + (0.0004854845174122602, 0.0012015056563541293, 0.002873932709917426, 0.0068392022512853146)
    + (0.01572609879076481, 0.0345485657453537, 0.07073383033275604, 0.1263376921415329)
    + (0.17432312667369843, 0.14196348190307617),
    (1.601201115447917e-10, 4.3392358740862595e-10, 1.7095535386677226e-10, 5.390076072332244e-10)
    + (4.447891782763654e-09, 1.2050171975457044e-08, 2.7979487293881987e-08, 7.660455801293071e-08)
    + (2.129706145205637e-07, 5.733958898015281e-07, 1.534079632142137e-06, 4.081757840013933e-06)
    + (1.078279817660385e-05, 2.8250785975137905e-05, 7.320803804295738e-05, 0.0001876677146211465)
    + (0.00047463773827514347, 0.0011799310726119407, 0.002878510829021572, 0.00684698371610611)
    + (0.015725117249614586, 0.03454724102009045, 0.07073392316518269, 0.1263377797048524)
    + (0.17432312141541953, 0.1419634822467861),
)
_TETRAGAMMA = (
    (-7.784065019222908e-06, 1.3221034350863192e-05, 1.537362186354585e-05, -6.513654807349667e-05)
    + (0.00010760623263195157, -9.418578702025115e-05, -0.00023598704137839377, 0.00141737493686378)
    + (-0.0034267245791852474, 0.0009709155419841409, 0.0344010628759861, -0.20429909229278564)
    + (-1.232910394668579,),
    (-4.255686249140322e-09, 3.558598840812139e-09, 3.170843216167415e-08, -3.20392262567101e-08)
    + (-9.151258718245983e-08, 1.0416757339048142e-07, 1.3664118081016322e-07, -1.552555088421818e-07)
    + (-1.6405708312211082e-07, 1.672052935007422e-07, 1.7458079736042843e-07, -2.502642791332157e-07)
    + (1.1796836347882735e-07, -1.4045213453721313e-07, 8.920942901413368e-08, 4.7525096577343556e-07)
    + (-1.7525766357661167e-06, 3.6406480844400208e-06, -4.995751855069138e-06, 1.9483143309595432e-06)
    + (1.371253171802553e-05, -5.222214264353831e-05, 0.0001078752293790354, -0.00010139844669876643)
    + (-0.00023588428120019185, 0.0014193628870234711, -0.003426764742300005, 0.0009706780177670041)
    + (0.03440106670196198, -0.2042990846087406, -1.2329104505535087),
)
WIDE_ATANH = (  # (atanh(sqrt w)/sqrt w - 1)/w for 0 <= w <= 1/4, in powers of w
    (0.15872491896152496, 0.018047397956252098, 0.08818051964044571, 0.08951491117477417)
    + (0.11120323091745377, 0.14285418391227722, 0.20000003278255463, 0.3333333432674408),
    (0.24563835042037457, -0.23298203541465154, 0.2022657648796405, -0.02980546372600855)
    + (0.05821636797402154, 0.03994369752216006, 0.048116426730731715, 0.0525805891966618)
    + (0.05882731204684146, 0.06666646722822435, 0.07692308416473138, 0.09090909073693465)
    + (0.11111111111358091, 0.14285714285712428, 0.20000000000000007, 0.3333333333333333),
)


def _rest(xp, coefficients, x):
    """v = 1/(x + 1) and the polynomial in 2 v - 1."""
    v = 1 / (x + 1)
    return v, polynomial(coefficients, 2 * v - 1)


def log1pmx_wide(u):
    """log(1 + u) - u for -0.6 < u < 1.5, to the last digits."""
    v = u / (2 + u)
    w = v * v
    return v * (2 * w * polynomial(WIDE_ATANH, w) - u)


# Stirling's formula ----------------------------------------------------------------------------------------


@differentiable
def stirling_error(xp, x):
    """log Gamma(x + 1) - ((x + 1/2) log x - x + log(2 pi)/2), for x > 0; about 1/(12 x) for large x."""
    v, rest = _rest(xp, _STIRLING, x)
    u = 1 / (2 * x + 1)  # from x + 1 back to x: (x + 1/2) log(1 + 1/x) - 1 = atanh(u)/u - 1
    w = u * u
    return v * rest + xp.where(x > 0.5, w * polynomial(WIDE_ATANH, w), (x + 0.5) * xp.log1p(1 / x) - 1)


@differentiable
def log_minus_digamma(xp, x):
    """log x - digamma(x), for x > 0; about 1/(2 x) for large x."""
    v, rest = _rest(xp, _LOG_MINUS_DIGAMMA, x)
    return v * rest - log1pmx(xp, 1 / x)


@differentiable
def trigamma_minus(xp, x):
    """trigamma(x) - 1/x, for x > 0; about 1/(2 x^2) for large x."""
    v, rest = _rest(xp, _TRIGAMMA, x)
    return v * v * rest + v / x / x


def trigamma_minus_times(xp, x):
    """x trigamma_minus(x), which is a number yet where the second factor underflows."""
    v, rest = _rest(xp, _TRIGAMMA, x)
    return (x * v) * v * rest + v / x


def tetragamma_minus_times(xp, x):
    """x times the derivative of trigamma_minus; about -1/x^2 for large x."""
    v, rest = _rest(xp, _TETRAGAMMA, x)
    return v * v * ((x * v) * rest - (3 + 2 / x) / x)


@differentiable
def tetragamma_minus(xp, x):
    """The second derivative of digamma(x), and 1/x^2, for x > 0; about -1/x^3 for large x."""
    return tetragamma_minus_times(xp, x) / x


stirling_error.derivative(x=lambda F, g, x: g * (0.5 / x - F(log_minus_digamma)(x)))
log_minus_digamma.derivative(x=lambda F, g, x: -g * F(trigamma_minus)(x))
trigamma_minus.derivative(x=lambda F, g, x: g * F(tetragamma_minus)(x))
tetragamma_minus.derivative(x=lambda F, g, x: g * (F.polygamma(3, x) - 2 / x / x / x))


# Half a step, as in the density of Student's t --------------------------------------------------------------


@differentiable
def half_step(xp, x):
    """log Gamma(x + 1/2) - log Gamma(x) - log(x)/2, for x > 0; about -1/(8 x) for large x."""
    return x * log1pmx(xp, 0.5 / x) + (stirling_error.kernel(xp, x + 0.5) - stirling_error.kernel(xp, x))


@differentiable
def half_step_slope(xp, x):
    """digamma(x + 1/2) - digamma(x) - 1/(2 x), for x > 0; about 1/(8 x^2) for large x."""
    v, rest = _rest(xp, _HALF_STEP, x)
    return v * v * rest + 0.25 * v / x / (x + 0.5)


@differentiable
def half_step_bend(xp, x):
    """trigamma(x + 1/2) - trigamma(x) + 1/(2 x^2), for x > 0; about -1/(4 x^3) for large x."""
    v, rest = _rest(xp, _HALF_STEP_BEND, x)
    step = 0.25 * v / x / (x + 0.5)
    return v * v * v * rest - step * (1 / x + 1 / (x + 0.5) + v)


def half_step_bend_times(xp, x):
    """(x + 1/2) half_step_bend(x), which is a number yet where the second factor underflows."""
    v, rest = _rest(xp, _HALF_STEP_BEND, x)
    return ((x + 0.5) * v) * v * v * rest - 0.25 * v / x * (1 / x + 1 / (x + 0.5) + v)


def half_step_third_times(xp, x):
    """(x + 1/2) times the derivative of half_step_bend; about 3/(4 x^3) for large x."""
    y, v = x + 0.5, 2 / (x + 2)
    r, s = 1 / y, y / x / (x + 1)
    step = (3 - (0.375 - 0.03125 * r * r) * r * r) * s * s / x / (x + 1)  # from x + 1 back to x
    return (y * v) * v * v * v * polynomial(_HALF_STEP_THIRD, 2 * v - 1) + step


@differentiable
def half_step_third(xp, x):
    """The derivative of half_step_bend, for x > 0."""
    return half_step_third_times(xp, x) / (x + 0.5)


@differentiable
def gamma_step(xp, x):
    """Gamma(x + 1/2) / Gamma(x), for x > 0; about sqrt(x) for large x."""
    return xp.sqrt(x) * xp.exp(half_step.kernel(xp, x))


gamma_step.derivative(x=lambda F, g, y, x: g * y * (F(half_step_slope)(x) + 0.5 / x))
half_step.derivative(x=lambda F, g, x: g * F(half_step_slope)(x))
half_step_slope.derivative(x=lambda F, g, x: g * F(half_step_bend)(x))
half_step_bend.derivative(x=lambda F, g, x: g * F(half_step_third)(x))


# The density of counts and waiting times --------------------------------------------------------------------


def log_power(xp, k, z, power=None):
    """log(z^k / Gamma(k + 1)) as a double word, for 0 <= k <= 1 and 0 < z < inf; or z^power instead."""
    power = k if power is None else power
    log_z, log_lo = two_sum(xp, *log_double(xp, xp.maximum(z, SUBNORMAL[is_double(z)])))
    y, y_lo = two_product(xp, power, log_z)
    h, h_lo = two_sum(xp, y, -lgamma1p(xp, k))
    return h, h_lo + rounding(xp, y_lo + power * log_lo, 4 * (abs(y) + abs(power)))


def _log_density_of_few(xp, z, k):
    """For k < 2: z^(k - 1) / Gamma(k) directly, or for small k as z^k / Gamma(k + 1) times k/z."""
    below, few = k < 1, k < 0.5
    h, lo = log_power(xp, xp.where(below, k, k - 1), z, xp.where(few, k, k - 1))
    ratio = xp.where(few, log_ratio.kernel(xp, k, z, k - z), xp.where(below, xp.log(k), 0))
    h, h_lo = two_sum(xp, h, -z)
    y, y_lo = two_sum(xp, h, ratio)
    at_zero = xp.where(below, math.inf, xp.where(k == 1, 0, -math.inf)).astype(z.dtype)
    return (xp.where(z < math.inf, xp.where(z > 0, y + (y_lo + (h_lo + lo)), at_zero), -math.inf),)


def _log_density_of_many(xp, z, k):
    """From Loader's two terms, which do not cancel for large k."""
    far = deviance(xp, k, z, k - z) + (stirling_error.kernel(xp, k) + (0.5 * xp.log(k) + HALF_LOG_2PI))
    return (xp.where(z > 0, log_ratio.kernel(xp, k, z, k - z) - far, -math.inf),)


@differentiable
@in_blocks
@hooks.opaque
def log_gamma_density(xp, z, k):
    """(k - 1) log z - z - log Gamma(k) for z >= 0: the log density of a standard Gamma variable."""
    if k.size > 1:
        z, k = xp.broadcast_arrays(z, k)
    return piecewise(xp, ((k < 2, _log_density_of_few), (None, _log_density_of_many)), z, k)[0]


@differentiable
def log_minus_digamma_of(xp, z, k):
    """log z - digamma(k): the derivative of :func:`log_gamma_density` in k."""
    return log_ratio.kernel(xp, z, k, z - k) + log_minus_digamma.kernel(xp, k)


log_gamma_density.derivative(
    z=lambda F, g, z, k: g * (((k - 1) - z) / z),
    k=lambda F, g, z, k: g * F(log_minus_digamma_of)(z, k),
)
log_minus_digamma_of.derivative(
    z=lambda F, g, z: g / z,
    k=lambda F, g, k: -g * (F(trigamma_minus)(k) + 1 / k),
)


# Divergence of shapes ---------------------------------------------------------------------------------------

_NODES, _WEIGHTS = gauss_legendre(12)


@differentiable
def log_minus_digamma_change(xp, a, b):
    """The change of log x - digamma(x) from x = b to a, accurate for small differences."""
    near = 0
    for t, w in zip(_NODES, _WEIGHTS, strict=True):  # minus the mean of trigamma_minus in between
        near = near - float(w) * trigamma_minus.kernel(xp, b + (0.5 * (1 + float(t))) * (a - b))
    far = log_minus_digamma.kernel(xp, a) - log_minus_digamma.kernel(xp, b)
    return xp.where(_alike(a, b), 0.5 * (a - b) * near, far)


@differentiable
def bregman_gamma(xp, a, b):
    """phi(a) - phi(b) - (a - b) phi'(b) >= 0 with phi(x) = log Gamma(x) - x log x + x.

    phi' is digamma(x) - log x. For a and b within a factor of two as (a - b)^2 times the integral of (1 - t)
    phi''(b + t (a - b)), t from 0 to 1, in which no term is negative.
    """
    near = bregman_gamma_near(xp, b, a - b)
    far = (
        (stirling_error.kernel(xp, a) - stirling_error.kernel(xp, b))
        - 0.5 * log_ratio.kernel(xp, a, b, a - b)
        + (a - b) * log_minus_digamma.kernel(xp, b)
    )
    far = xp.where((a < 1) & (b < 1), _bregman_of_few(xp, xp.minimum(a, 1), xp.minimum(b, 1)), far)
    return xp.where(_alike(a, b), near, far)


def bregman_gamma_near(xp, b, difference):
    """:func:`bregman_gamma` of b + difference and b, where these are within a factor of two."""
    near = 0
    for t, w in zip(_NODES, _WEIGHTS, strict=True):
        at, mass = 0.5 * (1 + float(t)), 0.5 * float(w)
        near = near + mass * (1 - at) * trigamma_minus.kernel(xp, b + at * difference)
    return difference * difference * near


def _bregman_of_few(xp, a, b):
    """For a and b up to 1: the terms of -log x, of log Gamma(x + 1), and of -x log x."""
    d = a - b
    slope = xp.log(b) - (log_minus_digamma.kernel(xp, b) - 1 / b)  # digamma(b + 1)
    curved = (lgamma1p(xp, a) - lgamma1p(xp, b)) - d * slope
    of_log = d / b - log_ratio.kernel(xp, a, b, d)
    return (of_log - deviance(xp, a, b, d)) + curved


def _alike(a, b):
    return (a < 2 * b) & (b < 2 * a)


log_minus_digamma_change.derivative(
    a=lambda F, g, a: -g * F(trigamma_minus)(a),
    b=lambda F, g, b: g * F(trigamma_minus)(b),
)
bregman_gamma.derivative(
    a=lambda F, g, a, b: -g * F(log_minus_digamma_change)(a, b),
    b=lambda F, g, a, b: g * (b - a) * F(trigamma_minus)(b),
)
