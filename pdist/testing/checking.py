"""All properties of a distribution in one call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from ..distributions import Distribution
from . import strategies
from .contracts import check_dtypes, check_shapes
from .copies import check_copies, check_repr
from .densities import check_cdf, check_icdf, check_log_prob_normalized
from .derivatives import check_gradients
from .report import Inapplicable
from .sampling import check_pathwise, check_sample
from .summaries import check_kl, check_moments
from .support import check_support

#: Every property by its name.
PROPERTIES: dict[str, Callable[..., None]] = {
    "shapes": check_shapes,
    "dtypes": check_dtypes,
    "support": check_support,
    "copies": check_copies,
    "repr": check_repr,
    "log_prob_normalized": check_log_prob_normalized,
    "cdf": check_cdf,
    "icdf": check_icdf,
    "gradients": check_gradients,
    "moments": check_moments,
    "sample": check_sample,
    "pathwise": check_pathwise,
    "kl": check_kl,
}


def check_distribution(
    dist: Any,
    *,
    properties: Iterable[str] | None = None,
    without: Iterable[str] = (),
    examples: int = 5,
    **options: Any,
) -> dict[str, str]:
    """Check a distribution for every property.

    Args:
        dist: a Distribution; or a subclass, whose parameters are then drawn according to their
            declarations; or a Hypothesis strategy of distributions; or a function that returns any of these.
        properties: names from :data:`PROPERTIES`; all by default.
        without: names to leave out, for properties that a distribution does not promise.
        examples: number of distributions to draw from a class or a strategy.
        **options: passed on to the checks that take them, such as ``extended`` of :func:`check_support`.

    Returns:
        The outcome for each property: ``"holds"``, or why it does not apply to this distribution.

    Raises:
        PropertyError: if one does not hold; names the property, the distribution, the inputs, the result
            and the expected one.
        ValueError: for an unknown property.

    >>> from pdist.distributions import Normal
    >>> check_distribution(Normal([0.0, 1.0], 2.0), properties=["shapes", "cdf"])
    {'shapes': 'holds', 'cdf': 'holds'}
    """
    names = list(PROPERTIES if properties is None else properties)
    unknown = sorted({*names, *without} - PROPERTIES.keys())
    if unknown:
        raise ValueError(
            f"check_distribution: unknown properties {unknown}; expected some of {list(PROPERTIES)}"
        )
    subject = dist() if callable(dist) and not isinstance(dist, (type, st.SearchStrategy)) else dist
    return {name: _check(name, subject, examples, options) for name in names if name not in without}


def _check(name: str, subject: Any, examples: int, options: dict[str, Any]) -> str:
    function = PROPERTIES[name]
    accepted = inspect.signature(function).parameters
    options = {key: value for key, value in options.items() if key in accepted}
    try:
        if isinstance(subject, Distribution):
            function(subject, **options)
        else:
            search(function, subject, examples, **options)
    except Inapplicable as reason:
        return str(reason)
    return "holds"


def search(
    function: Callable[..., None], subject: Any, examples: int, deep: bool = False, **options: Any
) -> None:
    """Run a check on distributions drawn by Hypothesis, always the same ones unless the search is deep.

    Args:
        function: the check.
        subject: a subclass of Distribution or a strategy.
        examples: number of distributions.
        deep: whether to draw others at each run, and to search for the simplest one that fails.
        **options: passed on to the check.
    """
    drawn = (
        subject if isinstance(subject, st.SearchStrategy) else strategies.distributions(subject, min_side=1)
    )
    phases = tuple(Phase) if deep else (Phase.generate,)

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=False,
        phases=phases,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(drawn, st.integers(0, 2**16))
    def run(dist: Distribution, number: int) -> None:
        function(dist, seed=number, **options) if "seed" in accepted else function(dist, **options)

    accepted = inspect.signature(function).parameters
    (run if deep else seed(0)(run))()
