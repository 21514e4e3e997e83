"""The sum of the divergences of a model's stochastic layers from their priors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pdist.autograd import Variable, as_variable, config
from pdist.backend import default_library, hooks

from .divergences import divergences_from_standard_normal
from .registration import BOOKKEEPING
from .trace_guards import depends_on_attributes

if TYPE_CHECKING:
    from .link import Link


def total_divergence(link: Link, summing: Any) -> Variable:
    """The sum of KL(posterior || prior) over the stochastic layers inside a link, each counted once.

    Small Normal posteriors with the prior Normal(0, 1) are summed over all layers at once: a layer returns
    them from ``small_standard_posteriors()``, as pairs of loc and log_scale, or None if its divergence is
    different.

    Args:
        link: the model.
        summing: the ``kl_divergence`` of links that only sum those of their children.

    Returns:
        A scalar; 0 if there is no stochastic layer.
    """
    total, small = None, []
    for layer in _stochastic(link, summing, set()):
        if hooks.running:
            depends_on_attributes(layer, BOOKKEEPING)
        pairs = layer.small_standard_posteriors() if hasattr(layer, "small_standard_posteriors") else None
        if pairs is not None:
            small += pairs
            continue
        term = layer.kl_divergence()
        total = term if total is None else total + term
    if small:
        term = divergences_from_standard_normal(*[loc for loc, _ in small], *[s for _, s in small])
        total = term if total is None else total + term
    if total is None:
        return as_variable(default_library().xp.zeros((), dtype=config.dtype))
    return total


def _stochastic(link: Link, summing: Any, seen: set[int]) -> Iterator[Link]:
    """The links inside that define their own divergence, each once; their children are not visited."""
    for child in link.children():
        if id(child) in seen:
            continue
        seen.add(id(child))
        if type(child).kl_divergence is not summing:
            yield child
        else:
            yield from _stochastic(child, summing, seen)


__all__ = ["total_divergence"]
