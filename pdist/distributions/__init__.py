"""Probability distributions."""

from ..transforms import supports
from .base.distribution import Distribution
from .base.parameters import Option, Param, Part
from .bridges.scipy_stats import from_scipy
from .circular.von_mises import VonMises
from .circular.wrapped_cauchy import WrappedCauchy
from .circular.wrapped_normal import WrappedNormal
from .continuous.arcsine import Arcsine
from .continuous.asymmetric_laplace import AsymmetricLaplace
from .continuous.beta import Beta
from .continuous.cauchy import Cauchy
from .continuous.chi import Chi
from .continuous.continuous_bernoulli import ContinuousBernoulli
from .continuous.exponential import Exponential
from .continuous.exponentially_modified_gaussian import ExponentiallyModifiedGaussian
from .continuous.fisher_snedecor import FisherSnedecor
from .continuous.gamma import Chisquare, Gamma
from .continuous.generalized_extreme_value import GeneralizedExtremeValue
from .continuous.generalized_normal import GeneralizedNormal
from .continuous.generalized_pareto import GeneralizedPareto
from .continuous.gompertz import Gompertz
from .continuous.gumbel import Gumbel
from .continuous.half_cauchy import HalfCauchy
from .continuous.half_normal import HalfNormal
from .continuous.inverse_gamma import InverseGamma
from .continuous.inverse_gaussian import InverseGaussian
from .continuous.johnson_su import JohnsonSU
from .continuous.kumaraswamy import Kumaraswamy
from .continuous.laplace import Laplace
from .continuous.levy import Levy
from .continuous.log_logistic import LogLogistic
from .continuous.log_normal import LogNormal
from .continuous.log_uniform import LogUniform
from .continuous.logistic import Logistic
from .continuous.logit_normal import LogitNormal
from .continuous.lomax import Lomax
from .continuous.moyal import Moyal
from .continuous.noncentral_chisquare import NoncentralChisquare
from .continuous.normal import Normal
from .continuous.pareto import Pareto
from .continuous.pert import PERT
from .continuous.relaxed_bernoulli import RelaxedBernoulli
from .continuous.sinh_arcsinh import SinhArcsinh
from .continuous.student_t import HalfStudentT, StudentT
from .continuous.triangular import Triangular
from .continuous.truncated_normal import TruncatedNormal
from .continuous.uniform import Uniform
from .continuous.weibull import Weibull
from .discrete.bernoulli import Bernoulli
from .discrete.beta_binomial import BetaBinomial
from .discrete.binomial import Binomial
from .discrete.categorical import Categorical
from .discrete.deterministic import Deterministic
from .discrete.discrete_uniform import DiscreteUniform
from .discrete.empirical import Empirical
from .discrete.finite_discrete import FiniteDiscrete
from .discrete.geometric import Geometric
from .discrete.negative_binomial import NegativeBinomial
from .discrete.poisson import Poisson
from .discrete.skellam import Skellam
from .discrete.zipf import Zipf
from .divergences import (
    beta,
    circular,
    counts,
    directions,
    dirichlet,
    exponential_family,
    generalized_normal,
    half_line_pairs,
    intervals,
    inverse_gamma_pairs,
    location_scale,
    log_normal_pairs,
    moments,
    normal_vectors,
    scores,
    truncated,
    uniform_pairs,
    unlike_pairs,
    waiting_times,
    wrappers,
)
from .divergences.registry import cross_entropy, kl_divergence, register_kl
from .multivariate.dirichlet import Dirichlet
from .multivariate.dirichlet_multinomial import DirichletMultinomial
from .multivariate.lkj import LKJ, LKJCholesky
from .multivariate.logistic_normal import LogisticNormal
from .multivariate.low_rank_multivariate_normal import LowRankMultivariateNormal
from .multivariate.matrix_normal import MatrixNormal
from .multivariate.multinomial import Multinomial
from .multivariate.multivariate_normal import MultivariateNormal, MultivariateNormalDiag
from .multivariate.multivariate_student_t import MultivariateStudentT
from .multivariate.one_hot_categorical import OneHotCategorical
from .multivariate.one_hot_categorical_straight_through import OneHotCategoricalStraightThrough
from .multivariate.plackett_luce import PlackettLuce
from .multivariate.power_spherical import PowerSpherical
from .multivariate.relaxed_one_hot_categorical import RelaxedOneHotCategorical
from .multivariate.von_mises_fisher import VonMisesFisher
from .multivariate.wishart import InverseWishart, Wishart
from .wrappers.censored import Censored
from .wrappers.folded import Folded
from .wrappers.independent import Independent
from .wrappers.mixture_same_family import MixtureSameFamily
from .wrappers.transformed import TransformedDistribution
from .wrappers.truncated import Truncated
from .wrappers.zero_inflated import ZeroInflated, ZeroInflatedPoisson
from .wrappers.zero_truncated import ZeroTruncated

__all__ = [
    "LKJ",
    "PERT",
    "Arcsine",
    "AsymmetricLaplace",
    "Bernoulli",
    "Beta",
    "BetaBinomial",
    "Binomial",
    "Categorical",
    "Cauchy",
    "Censored",
    "Chi",
    "Chisquare",
    "ContinuousBernoulli",
    "Deterministic",
    "Dirichlet",
    "DirichletMultinomial",
    "DiscreteUniform",
    "Distribution",
    "Empirical",
    "Exponential",
    "ExponentiallyModifiedGaussian",
    "FiniteDiscrete",
    "FisherSnedecor",
    "Folded",
    "Gamma",
    "GeneralizedExtremeValue",
    "GeneralizedNormal",
    "GeneralizedPareto",
    "Geometric",
    "Gompertz",
    "Gumbel",
    "HalfCauchy",
    "HalfNormal",
    "HalfStudentT",
    "Independent",
    "InverseGamma",
    "InverseGaussian",
    "InverseWishart",
    "JohnsonSU",
    "Kumaraswamy",
    "LKJCholesky",
    "Laplace",
    "Levy",
    "LogLogistic",
    "LogNormal",
    "LogUniform",
    "Logistic",
    "LogisticNormal",
    "LogitNormal",
    "Lomax",
    "LowRankMultivariateNormal",
    "MatrixNormal",
    "MixtureSameFamily",
    "Moyal",
    "Multinomial",
    "MultivariateNormal",
    "MultivariateNormalDiag",
    "MultivariateStudentT",
    "NegativeBinomial",
    "NoncentralChisquare",
    "Normal",
    "OneHotCategorical",
    "OneHotCategoricalStraightThrough",
    "Option",
    "Param",
    "Pareto",
    "Part",
    "PlackettLuce",
    "Poisson",
    "PowerSpherical",
    "RelaxedBernoulli",
    "RelaxedOneHotCategorical",
    "SinhArcsinh",
    "Skellam",
    "StudentT",
    "TransformedDistribution",
    "Triangular",
    "Truncated",
    "TruncatedNormal",
    "Uniform",
    "VonMises",
    "VonMisesFisher",
    "Weibull",
    "Wishart",
    "WrappedCauchy",
    "WrappedNormal",
    "ZeroInflated",
    "ZeroInflatedPoisson",
    "ZeroTruncated",
    "Zipf",
    "cross_entropy",
    "from_scipy",
    "kl_divergence",
    "register_kl",
    "supports",
]
