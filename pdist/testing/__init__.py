"""Checks and Hypothesis strategies for any distribution.

    from pdist.testing import check_distribution

    def test_my_distribution():
        check_distribution(MyDistribution)

Needs the packages of the ``test`` extra: ``pip install 'pdist[test]'``. ``import pdist`` does not import it.
"""

from __future__ import annotations

try:
    import hypothesis as _
except ImportError as error:
    raise ImportError("pdist.testing needs Hypothesis: pip install 'pdist[test]'") from error

from . import strategies
from .checking import PROPERTIES, check_distribution
from .contracts import check_dtypes, check_shapes
from .copies import check_copies, check_repr
from .densities import check_cdf, check_icdf, check_log_prob_normalized, check_scipy
from .derivatives import check_gradients
from .quadrature import Measure
from .report import Inapplicable, PropertyError
from .sampling import check_pathwise, check_sample
from .summaries import check_kl, check_moments
from .support import check_support
from .transforms import check_transform

__all__ = [
    "PROPERTIES",
    "Inapplicable",
    "Measure",
    "PropertyError",
    "check_cdf",
    "check_copies",
    "check_distribution",
    "check_dtypes",
    "check_gradients",
    "check_icdf",
    "check_kl",
    "check_log_prob_normalized",
    "check_moments",
    "check_pathwise",
    "check_repr",
    "check_sample",
    "check_scipy",
    "check_shapes",
    "check_support",
    "check_transform",
    "strategies",
]
