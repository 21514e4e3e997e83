"""pdist.testing itself: right distributions pass, each way of being wrong is caught by the right property."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pdist
import pdist.distributions as D
from pdist import Variable
from pdist import functions as F
from pdist.testing import (
    PROPERTIES,
    Inapplicable,
    Measure,
    PropertyError,
    check_distribution,
    check_kl,
    strategies,
)
from pdist.testing.differences import slope
from pdist.testing.quadrature import support_end
from pdist.testing.report import require_close
from pdist.transforms.supports import boolean, interval, positive, real

# --- Distributions of somebody else's ---------------------------------------------------------------


class Triangle(D.Distribution):
    """Density 2 x / width^2 on (0, width]: as much as a user might write."""

    width = D.Param(positive)
    reparameterized = True

    @property
    def support(self) -> Any:
        return interval(0, self.width.array, "[0, width]")

    def _log_prob(self, x):
        return F.log(2 * x / self.width) - F.log(self.width)

    def _cdf(self, x):
        inside = F.clip(x / self.width, 0.0, 1.0)
        return inside * inside

    def _icdf(self, p):
        return F.where((p.array >= 0) & (p.array <= 1), self.width * F.sqrt(p), math.nan)

    def _mean(self):
        return self.width * (2 / 3)

    def _mode(self):
        return self.width

    def _variance(self):
        return self.width * self.width / 18

    def _entropy(self):
        return F.log(self.width / 2) + 0.5

    def _sample(self, shape, rng):
        return self.width * np.sqrt(rng.random(shape, dtype=self.dtype))


class Geometric(D.Distribution):
    """The number of failures before the first success; nothing but a density and a sampler."""

    p = D.Param(interval(0.0, 1.0, "[0, 1]"))
    support = D.supports.non_negative_integer

    def _log_prob(self, x):
        return x * F.log1p(-self.p) + F.log(self.p)

    def _mean(self):
        return (1 - self.p) / self.p

    def _sample(self, shape, rng):
        return F.floor(np.log1p(-rng.random(shape, dtype=self.dtype)) / F.log1p(-self.p))


class Scanned(D.Distribution):
    """A density alone, far from 0 and narrow: where it lies must be found."""

    loc = D.Param(real)
    support = real

    def _log_prob(self, x):
        z = (x - self.loc) * 20
        return -0.5 * z * z - 0.5 * math.log(2 * math.pi) + math.log(20)


def test_a_class_has_all_properties() -> None:
    assert set(check_distribution(Triangle).values()) == {"holds", "no formula for Triangle and Triangle"}


def test_an_instance_has_all_properties() -> None:
    outcome = check_distribution(Triangle(np.array([0.5, 3.0], np.float32)))
    assert [name for name, said in outcome.items() if said != "holds"] == ["kl"]


def test_a_factory_and_a_strategy_do_as_well() -> None:
    assert check_distribution(lambda: Triangle(2.0), properties=["cdf"]) == {"cdf": "holds"}
    drawn = st.floats(0.5, 2).map(Triangle)
    assert check_distribution(drawn, properties=["cdf", "icdf"]) == {"cdf": "holds", "icdf": "holds"}


def test_what_makes_no_sense_is_said() -> None:
    outcome = check_distribution(Geometric(np.array([0.3, 0.6])))
    assert outcome["log_prob_normalized"] == outcome["sample"] == outcome["moments"] == "holds"
    assert outcome["icdf"] == "Geometric has no icdf"
    outcome = check_distribution(Scanned(np.array([-70.0, 123.4])))
    assert outcome["log_prob_normalized"] == outcome["gradients"] == "holds"
    assert outcome["sample"] == "Scanned has no sample"


def test_an_unknown_property_is_refused() -> None:
    with pytest.raises(ValueError, match=r"unknown properties \['colour'\].*'shapes'"):
        check_distribution(Triangle, properties=["colour"])


# --- Wrong distributions ----------------------------------------------------------------------------


class WrongScale(D.Normal):
    def _log_prob(self, x):
        return super()._log_prob(x) + 0.01


class NotMasked(Triangle):
    masked = False


class WrongCdf(D.Normal):
    def _cdf(self, x):
        return F.ndtr(1.02 * self._standardize(x))


class WrongTail(D.Normal):
    def _log_survival_function(self, x):
        return super()._log_survival_function(x) * 1.001


class WrongIcdf(D.Normal):
    def _icdf(self, p):
        return super()._icdf(p) + 1e-3


class WrongSpread(D.Normal):
    def _sample(self, shape, rng):
        return self.loc + 1.3 * self.scale * rng.standard_normal(shape, dtype=self.dtype)


class OneDraw(D.Normal):
    def _sample(self, shape, rng):
        return self.loc + self.scale * np.full(shape, rng.standard_normal(dtype=self.dtype))


class OwnStream(D.Normal):
    def _sample(self, shape, rng):
        own = np.random.default_rng()
        return self.loc + self.scale * own.standard_normal(shape, dtype=self.dtype)


class BiasedCoin(D.Bernoulli):
    def _sample(self, shape, rng):
        return pdist.as_variable((rng.random(shape) < 0.9 * self.p.array).astype(self.dtype))


class Detached(D.Normal):
    """Its samples forget the scale on the way, and rsample says nothing about it."""

    def _sample(self, shape, rng):
        return self.loc + self.scale.array * rng.standard_normal(shape, dtype=self.dtype)


class WrongPath(D.Normal):
    def _sample(self, shape, rng):
        noise = rng.standard_normal(shape, dtype=self.dtype)
        wrong = self.loc + self.scale * noise * 0.5
        return wrong + (self.scale.array * noise * 0.5)


class WrongMean(D.Normal):
    def _mean(self):
        return self.loc + 1e-3


class WrongEntropy(D.Normal):
    def _entropy(self):
        return super()._entropy() + 0.01


class WrongMode(Triangle):
    def _mode(self):
        return self.width / 2


class WrongVariance(D.Normal):
    def _variance(self):
        return self.scale


@pdist.differentiable
def careless_log_prob(xp, x, loc, scale):
    z = (x - loc) / scale
    return -0.5 * z * z - (xp.log(scale) + 0.5 * math.log(2 * math.pi))


careless_log_prob.derivative(
    x=lambda F, g, x, loc, scale: -g * ((x - loc) / scale) / scale,
    loc=lambda F, g, x, loc, scale: g * ((x - loc) / scale) / scale,
    scale=lambda F, g, x, loc, scale: g * (((x - loc) / scale) ** 2 - 1) / scale * 1.001,
)


@pdist.differentiable
def once_right_log_prob(xp, x, loc, scale):
    z = (x - loc) / scale
    return -0.5 * z * z - (xp.log(scale) + 0.5 * math.log(2 * math.pi))


# The score is right, but hides from differentiation what it depends on.
once_right_log_prob.derivative(
    x=lambda F, g, x, loc, scale: -g * _hidden(x - loc) / scale / scale,
    loc=lambda F, g, x, loc, scale: g * _hidden(x - loc) / scale / scale,
    scale=lambda F, g, x, loc, scale: g * (((x - loc) / scale) ** 2 - 1) / scale,
)


def _hidden(value: Any) -> Any:
    return value.array if isinstance(value, Variable) else value


class WrongGradient(D.Normal):
    def _log_prob(self, x):
        return careless_log_prob(x, self.loc, self.scale)


class WrongSecondGradient(D.Normal):
    def _log_prob(self, x):
        return once_right_log_prob(x, self.loc, self.scale)


class Promoting(D.Normal):
    def _log_prob(self, x):
        return super()._log_prob(x) * np.ones(1)


class Cancelling(D.Normal):
    """x/scale - loc/scale loses what (x - loc)/scale keeps."""

    def _log_prob(self, x):
        z = x * x / (self.scale * self.scale) - 2 * x * self.loc / (self.scale * self.scale)
        z = z + self.loc * self.loc / (self.scale * self.scale)
        return -0.5 * z - F.log(self.scale) - 0.5 * math.log(2 * math.pi)


class Flat(D.Normal):
    def _log_prob(self, x):
        return F.sum(super()._log_prob(x))


class Changing(D.Normal):
    def _log_prob(self, x):
        x.array[...] = 0
        return super()._log_prob(x)


class Forgetful(D.Normal):
    """A copy by pickling comes back with another location."""

    def __setstate__(self, state):
        super().__setstate__({**state, "loc": state["loc"] + 1})


class Unexpanded(D.Normal):
    def expand(self, batch_shape):
        wide = super().expand(batch_shape)
        return D.Normal(wide.loc, wide.scale)


class CutOff(D.Normal):
    def expand(self, batch_shape):
        return self._map(lambda v, n: Variable(np.broadcast_to(v.array, batch_shape), requires_grad=False))


class Shy(D.Normal):
    def __repr__(self) -> str:
        return "Shy()"


class NanToZero(D.Normal):
    def _log_prob(self, x):
        return F.where(np.isnan(x.array), 0.0, super()._log_prob(x))


class StrayDraws(Triangle):
    def _sample(self, shape, rng):
        return super()._sample(shape, rng) + 0.1


def normal(cls: type[D.Distribution], dtype: Any = np.float64) -> D.Distribution:
    return cls(np.array([0.0, 3.0], dtype), np.array([1.0, 2.0], dtype))


@pytest.mark.parametrize(
    ("dist", "name", "says"),
    [
        (normal(WrongScale), "log_prob_normalized", "the integral of prob"),
        (NotMasked(np.array(2.0)), "support", "log_prob"),
        (normal(NanToZero), "support", "log_prob of nan"),
        (StrayDraws(np.array(2.0)), "sample", "a draw outside the support"),
        (normal(WrongCdf), "cdf", "the integral of prob"),
        (normal(WrongTail), "cdf", "log_survival_function"),
        (normal(WrongIcdf), "icdf", r"cdf\(icdf\(p\)\)"),
        (normal(WrongSpread), "sample", "draws do not follow"),
        (normal(OneDraw), "sample", "draws are not independent"),
        (normal(OwnStream), "sample", "the same seed gives other draws"),
        (BiasedCoin(np.array([0.5, 0.9])), "sample", "draws do not follow"),
        (normal(Detached), "pathwise", "rsample silently gives no gradient in scale"),
        (normal(WrongPath), "pathwise", "gradients of f.sample. with respect to scale"),
        (normal(WrongMean), "moments", "mean"),
        (normal(WrongVariance), "moments", "variance"),
        (normal(WrongEntropy), "moments", "entropy"),
        (WrongMode(np.array(2.0)), "moments", "likelier than the mode"),
        (normal(WrongGradient), "gradients", "the derivative of log_prob with respect to scale"),
        (normal(WrongSecondGradient), "gradients", "a first derivative of log_prob"),
        (normal(Promoting, np.float32), "dtypes", "log_prob has the wrong dtype|wrong dtype"),
        (Cancelling(np.array([4000.0]), np.array([1.0])), "dtypes", "float32 log_prob is far"),
        (normal(Flat), "shapes", "log_prob of values of shape"),
        (normal(Changing), "shapes", "changed"),
        (normal(Forgetful), "copies", "log_prob of a pickled copy"),
        (normal(Unexpanded), "copies", "expand has another class"),
        (normal(CutOff), "copies", "loses the gradient"),
        (normal(Shy), "repr", "does not say 'loc'"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, D.Distribution) else None,
)
def test_a_wrong_distribution_is_caught(dist: D.Distribution, name: str, says: str) -> None:
    with pytest.raises(PropertyError, match=says) as caught:
        PROPERTIES[name](dist)
    message = str(caught.value)
    assert message.startswith(f"{caught.value.property}: ")
    assert type(dist).__name__ in message


@pytest.mark.parametrize("name", ["shapes", "log_prob_normalized", "cdf", "gradients", "sample"])
def test_a_search_finds_it_too_and_shows_the_distribution(name: str) -> None:
    wrong = {
        "shapes": Flat,
        "log_prob_normalized": WrongScale,
        "cdf": WrongCdf,
        "gradients": WrongGradient,
        "sample": WrongSpread,
    }[name]
    with pytest.raises(PropertyError, match=f"distribution: {wrong.__name__}\\(loc="):
        check_distribution(wrong, properties=[name])


class OnceWrong(D.Normal):
    """Its divergence is wrong."""


class OffByALittle(D.Normal):
    """The gradient of its divergence is wrong."""


@pdist.differentiable
def careless_kl(xp, kl, loc):
    return kl + 0 * loc


careless_kl.derivative(kl=lambda F, g: g, loc=lambda F, g: g * 0.01)


@pytest.fixture
def wrong_divergences(monkeypatch: pytest.MonkeyPatch) -> None:
    from pdist.distributions.divergences import registry

    right = registry.find_kl(D.Normal, D.Normal)
    assert right is not None
    rules = dict(registry._rules)
    rules[OnceWrong, OnceWrong] = lambda p, q: 1.01 * right(p, q)
    rules[OffByALittle, OffByALittle] = lambda p, q: careless_kl(right(p, q), p.loc)
    monkeypatch.setattr(registry, "_rules", rules)


@pytest.mark.usefixtures("wrong_divergences")
@pytest.mark.parametrize(
    ("cls", "says"), [(OnceWrong, "is not the integral"), (OffByALittle, "the derivative in loc of p")]
)
def test_a_wrong_divergence_is_caught(cls: type[D.Normal], says: str) -> None:
    p, q = cls(np.array(0.0), np.array(1.0)), cls(np.array(0.5), np.array(2.0))
    with pytest.raises(PropertyError, match=says) as caught:
        check_kl(p, q)
    assert "KL(" in str(caught.value)


def test_a_missing_divergence_is_no_failure() -> None:
    with pytest.raises(Inapplicable, match="no formula for Triangle and Normal"):
        check_kl(Triangle(1.0), normal(D.Normal))


# --- The instruments --------------------------------------------------------------------------------


def test_a_failure_tells_property_inputs_and_answers() -> None:
    with pytest.raises(PropertyError) as caught:
        require_close(
            np.array([1.0, 2.5]), [1.0, 2.0], "cdf", normal(D.Normal), "is off", 1e-3, x=np.array([7.0, 8.0])
        )
    message = str(caught.value)
    for part in (
        "cdf: is off",
        "Normal(loc=[0.0, 3.0]",
        "float64",
        "index:",
        "(1,)",
        "x:",
        "8.",
        "2.5",
        "2.",
        "within",
    ):
        assert part in message
    assert "7." not in message


def test_nan_and_infinity_agree_with_themselves_only() -> None:
    dist = normal(D.Normal)
    require_close([np.nan, np.inf, 0.0], [np.nan, np.inf, 0.0], "p", dist, "w", 0)
    for got, expected in ((np.nan, 1.0), (1.0, np.nan), (np.inf, 1.0), (1.0, np.inf), (-np.inf, np.inf)):
        with pytest.raises(PropertyError):
            require_close(got, expected, "p", dist, "w", 1e-3, 1e-3)


@given(strategies.reals(-1000, 1000), strategies.positives(1e-4, 1e4))
def test_quadrature_finds_a_normal_wherever_it_lies(loc: float, scale: float) -> None:
    measure = Measure(D.Normal(np.array(loc), np.array(scale)))
    one, z, z2 = measure.expect(lambda x: np.stack([x**0, (x - loc) / scale, ((x - loc) / scale) ** 2]))
    assert abs(one - 1) < 1e-9 and abs(z) < 1e-9 and abs(z2 - 1) < 1e-9


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_the_end_of_a_support_is_found_to_the_last_digit(low: float, width: float) -> None:
    dist = D.Uniform(np.array(low), np.array(low + width))
    assert support_end(dist, -1) == low
    assert support_end(dist, 1) == low + width


@pytest.mark.parametrize("function", [np.exp, np.sin, np.arctan, lambda x: x**5, lambda x: 0 * x])
def test_slopes_and_their_errors(function: Any) -> None:
    x = np.linspace(0.3, 3, 11)
    value, error = slope(lambda h: function(x + h[:, None]))
    truth = (function(x + 1e-30j)).imag / 1e-30
    assert (error < 1e-7 * (1 + abs(truth))).all()
    assert (abs(value - truth) <= 30 * error + 1e-12).all()


def test_a_slope_at_the_edge_of_a_domain_says_that_it_is_none() -> None:
    _, error = slope(lambda h: np.sqrt(np.array([1.0, 0.0]) + h[:, None]))
    assert error[0] < 1e-8 and error[1] == np.inf


@given(strategies.parameters(D.Bernoulli, edges=True))
def test_parameters_are_one_of_each_alternative(given_: dict[str, np.ndarray]) -> None:
    (name,) = given_
    assert name in ("p", "logit")
    D.Bernoulli(**given_)


@given(st.data())
def test_values_lie_where_they_are_asked_for(data: st.DataObject) -> None:
    dist = data.draw(strategies.distributions(Triangle, min_side=1))
    assert dist.support.contains(data.draw(strategies.values(dist, "inside"))).all()
    assert not dist.support.contains(data.draw(strategies.values(dist, "outside"))).any()
    end = data.draw(strategies.values(dist, "ends"))
    assert ((end == 0) | (end == dist.width.array)).all()


def test_values_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ValueError, match="Normal has no values 'ends'"):
        strategies.values(normal(D.Normal), "ends")
    with pytest.raises(ValueError, match="expected one of inside"):
        strategies.values(normal(D.Normal), "nowhere")


def test_a_parameter_that_no_strategy_is_known_for_is_named() -> None:
    class Odd(D.Distribution):
        n = D.Param(boolean)

    with pytest.raises(TypeError, match=r"no strategy is known for Odd\.n.*elements=\{'n'"):
        check_distribution(Odd)


def test_import_pdist_leaves_it_alone() -> None:
    heavy = ("pdist.testing", "hypothesis", "scipy.stats")
    code = f"import pdist, sys; print([m for m in sys.modules if m.startswith({heavy})])"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )
