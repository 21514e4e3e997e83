"""Distributions from data: maximum likelihood."""

from __future__ import annotations

import inspect
from contextlib import suppress
from typing import Any, ClassVar

import numpy as np

from ... import functions as F
from ...autograd import Variable, force_backprop_mode, no_backprop_mode, using_config
from ...transforms.supports import Support
from .free_parameters import Free, best_start, constant, maximize, twice
from .inheritance import formula_bases
from .known_parameters import built, known_parameters
from .weighted_data import Data


class Fitting:
    """Making a distribution from data.

    A class may state a closed form as a class method ``_fitted(cls, data, *, name=None, ...)`` that takes a
    :class:`~pdist.distributions.base.weighted_data.Data` and the parameters that are fixed, and returns
    parameters by name: all of them, or some, which are then fixed in the search for the others.
    """

    parameters: ClassVar[dict[str, Any]]
    parts: ClassVar[dict[str, Any]]
    _alternatives: ClassVar[tuple[tuple[str, ...], ...]]
    support: Any

    @classmethod
    def fit(cls, data: Any, weights: Any = None, **fixed: Any) -> Any:
        r"""The distribution of this class under which the data are likeliest.

        .. math:: \hat\theta = \arg\max_\theta \sum_i w_i \log p(x_i; \theta)

        In closed form where there is one. Otherwise by Newton's method, with this library's own derivatives,
        in unconstrained parameters (the logarithm of a positive one), from the best of many starting points:
        a local maximum, and of distributions with several almost surely the greatest.

        Args:
            data: values of shape ``[n, *batch]``, on the host or on a device: along the first axis the draws
                from one distribution.
            weights: how often each value counts, of shape ``[n]`` or that of ``data``; by default once. Whole
                numbers give the same as repeated values.
            **fixed: parameters that are known, by name, of shape ``[*batch]``; alternatives such as
                ``log_scale`` too.

        Returns:
            A distribution of batch shape ``[*batch]``, of the dtype of the data (float64 for integers) and on
            their device. The parameters carry no gradient.

        Raises:
            ValueError: if a value is not in the support, or no distribution is the likeliest: all data are
                equal, or a parameter goes to infinity.
            NotImplementedError: if the class is a wrapper, its draws are vectors, or a parameter can only be
                given, such as the ``n`` of a Binomial.

        >>> import numpy as np, pdist.distributions as D
        >>> D.Gamma.fit(np.array([0.5, 1.0, 2.5, 4.0]))
        Gamma(k=1.86889, theta=1.07015)
        >>> D.Gamma.fit(np.array([0.5, 1.0, 2.5]), weights=[1, 1, 2], k=2.0)
        Gamma(k=2.0, theta=0.8125)
        """
        who = f"{cls.__name__}.fit"
        if cls.parts or not cls.parameters:
            raise NotImplementedError(f"{who}: only distributions of numbers without inner ones are fitted")
        with np.errstate(all="ignore"), force_backprop_mode():
            sample = Data(who, data, weights)
            known = known_parameters(who, cls, fixed, sample.batch)
            _check_support(cls, sample)
            found = {**known, **_closed_form(cls, sample, known)}
            free = Free(who, cls, {n: constant(v) for n, v in found.items()})
            if free.names:
                found = _searched(free, sample)
            elif isinstance(cls.support, property):
                _check_inside(cls, sample, found)
        return built(cls, sample, found)


def _check_support(cls: Any, sample: Data) -> None:
    """Raise an error for a value outside the support, if that does not depend on parameters."""
    support = cls.support
    if not isinstance(support, Support):
        return
    if support.event_ndim:
        raise NotImplementedError(
            f"{sample.who}: its draws are vectors; only distributions of numbers are fitted"
        )
    if not support.period:
        sample.require(
            support.test(np, sample.values), support.wanted or f"a number in the support, {support}"
        )


def _check_inside(cls: Any, sample: Data, found: dict[str, Any]) -> None:
    """Raise an error for a value outside the support that known parameters give."""
    with using_config("validate", False):
        support = cls(**{n: np.asarray(v, float) for n, v in found.items()}).support
    sample.require(support.test(np, sample.values), support.wanted or f"a number in the support, {support}")


def _closed_form(cls: Any, sample: Data, known: dict[str, np.ndarray]) -> dict[str, Any]:
    """The parameters that the class states, none if it does not for these fixed ones."""
    owner = next((base for base in formula_bases(cls) if "_fitted" in vars(base)), None)
    if owner is None:
        return {}
    names = inspect.signature(cls._fitted).parameters
    any_name = any(p.kind is p.VAR_KEYWORD for p in names.values())
    given = (
        known if any_name else {n: v for name in known for n, v in _derived(cls, name, known[name]).items()}
    )
    if not any_name and not set(given) <= set(names):
        return {}
    replaced = given.keys() - known.keys()
    return {n: v for n, v in cls._fitted(sample, **given).items() if n not in replaced}


def _derived(cls: Any, name: str, value: np.ndarray) -> dict[str, np.ndarray]:
    """A fixed parameter, or instead of an alternative the one that follows from it: a scale from its log."""
    instead = cls.parameters[name].instead_of
    derive = instead and cls.parameters[instead].derive
    if not derive:
        return {name: value}
    bare = object.__new__(cls)
    bare.__dict__[name] = constant(value)
    with suppress(AttributeError):  # if it takes other parameters too
        return {instead: derive(bare).array}
    return {name: value}


def _searched(free: Free, sample: Data) -> dict[str, np.ndarray]:
    """All parameters, the free ones where the likelihood has its maximum."""
    few = sample.thinned()

    def mean_of(leaves: list[Variable]) -> Variable:
        return F.sum(sample.weights * free.distribution(leaves).log_prob(sample.values), axis=0)

    few_x, few_w = few.values[:, None], few.weights[:, None]
    with no_backprop_mode():
        theta = best_start(free, lambda d: F.sum(few_w * d.log_prob(few_x), axis=0).array, few)
    if not np.isfinite(theta).all():
        _check_ends(free, sample)
        raise sample.failure("none was found under which all values have a finite likelihood")
    at = maximize(twice(mean_of), theta)
    found, arrived = free.read(at.theta), free.arrived(at)
    if arrived.all():
        return found
    return _at_edge(free, sample, found, arrived, at.value)


def _at_edge(free: Free, sample: Data, found: Any, arrived: np.ndarray, value: np.ndarray) -> Any:
    """The parameters with one that runs to an end of its support put there, if it may be there.

    Args:
        free: the parameters that were searched for.
        sample: the data.
        found: where they ended.
        arrived: which of them are at a maximum, ``[k, *batch]``.
        value: the mean log likelihood there.

    Raises:
        ValueError: if that does not give a likelihood as great.
    """
    done = arrived.all(axis=0)
    for name, there in zip(free.names, arrived, strict=True):
        support = free.cls.parameters[name].support
        for end in (support.low, support.high):
            if there.all() or not np.isfinite(end) or not support.test(np, np.asarray(float(end))):
                continue
            edge = Free(free.who, free.cls, {**free.fixed, name: constant(np.full(value.shape, end))})
            known = {**found, name: np.full(value.shape, end)}
            if edge.names:
                with suppress(ValueError):  # perhaps nothing else matters there
                    known = _searched(edge, sample)
            with using_config("validate", False):
                d = free.cls(**{n: constant(v) for n, v in known.items()})
            least = F.sum(sample.weights * d.log_prob(sample.values), axis=0).array
            if np.all((least >= value - 1e-12) | done):
                return {n: np.where(done, found[n], known[n]) for n in found}
    _check_ends(free, sample)
    index = tuple(int(k) for k in np.argwhere(~done)[0])
    name = free.names[int((~np.moveaxis(arrived, 0, -1)[index]).argmax())]
    last = np.broadcast_to(found[name], value.shape)[index]
    equal = "all are equal, and " if (sample.low == sample.high)[index] else ""
    where = f"{name}{list(index) if index else ''}"
    raise sample.failure(f"{equal}{where} runs away, to {last:.3g} so far")


def _check_ends(free: Free, sample: Data) -> None:
    """Raise an error for a value at an end of a continuous support, which explains why nothing was found."""
    support = free.cls.support
    if isinstance(support, Support) and not support.discrete and not support.period:
        x = sample.values
        sample.require(
            (x != support.low) & (x != support.high), "a number inside the support, not at its end"
        )
