"""Distributions from data: maximum likelihood."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

import numpy as np

from ... import functions as F
from ...autograd import Variable, no_backprop_mode
from ...backend import to_cpu
from .free_parameters import Free, best_start, maximize, newton_step, twice
from .inheritance import formula_bases
from .supports import Support, real
from .weighted_data import Data

_NEAR = 1e-6  # a Newton step that is this small, relative to 1 or to the parameter, has arrived


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
        Gamma(k=1.70519, theta=1.17289)
        >>> D.Gamma.fit(np.array([0.5, 1.0, 2.5]), weights=[1, 1, 2], k=2.0)
        Gamma(k=2, theta=0.8125)
        """
        who = f"{cls.__name__}.fit"
        if cls.parts or not cls.parameters:
            raise NotImplementedError(f"{who}: only distributions of numbers without inner ones are fitted")
        with np.errstate(all="ignore"), no_backprop_mode():
            known = _known(who, cls, fixed)
            sample = Data(who, data, weights)
            _check_support(cls, sample)
            found = {**known, **_closed_form(cls, sample, known)}
            free = Free(who, cls, {n: Variable(v, requires_grad=False) for n, v in found.items()})
        if free.names:
            found = _searched(free, sample)
        return _result(cls, sample, found)


def _known(who: str, cls: Any, fixed: dict[str, Any]) -> dict[str, np.ndarray]:
    """The fixed parameters as float64 arrays on the host, looked at as the constructor would."""
    taken: set[str] = set()
    for name in fixed:
        slot = next((slot for slot in cls._alternatives if name in slot), ())
        if not slot or name not in cls.parameters:
            raise TypeError(f"{who}: no parameter {name!r}; it has {', '.join(cls.parameters)}")
        if taken & set(slot):
            raise TypeError(f"{who}: expected at most one of {' and '.join(slot)}")
        taken |= set(slot)
    found = {}
    for name, value in fixed.items():
        array = value.array if isinstance(value, Variable) else value
        found[name] = array = np.asarray(to_cpu(array), float)
        support = cls.parameters[name].support
        wrong = np.argwhere(~np.asarray(support.test(np, array)))
        if len(wrong):
            at = tuple(int(i) for i in wrong[0])
            where = f"{name}{list(at) if at else ''}"
            raise ValueError(f"{who}: {where} is {array[at]}; expected {support.wanted or support}")
    return found


def _check_support(cls: Any, sample: Data) -> None:
    """Raise an error for a value outside the support, if that does not depend on parameters."""
    support = cls.support
    if not isinstance(support, Support):
        return
    if support.event_ndim:
        raise NotImplementedError(f"{sample.who}: its draws are vectors; only distributions of numbers are fitted")
    if not support.period:
        sample.require(support.test(np, sample.values), support.wanted or f"a number in the support, {support}")


def _closed_form(cls: Any, sample: Data, known: dict[str, np.ndarray]) -> dict[str, Any]:
    """The parameters that the class states, none if it does not for these fixed ones."""
    owner = next((base for base in formula_bases(cls) if "_fitted" in vars(base)), None)
    if owner is None:
        return {}
    names = inspect.signature(cls._fitted).parameters
    return cls._fitted(sample, **known) if set(known) <= set(names) else {}


def _searched(free: Free, sample: Data) -> dict[str, np.ndarray]:
    """All parameters, the free ones where the likelihood has its maximum."""
    few = sample.thinned()

    def mean_of(d: Any, of: Data) -> Variable:
        return F.sum(of.weights * d.log_prob(of.values), axis=0)

    with no_backprop_mode():
        theta = best_start(free, lambda d: mean_of(d, sample).array, few if sample.values.size > 1e5 else sample)
    if not np.isfinite(theta).all():
        raise _unlikely(free, sample)
    at, step = maximize(twice(lambda leaves: mean_of(free.distribution(leaves), sample)), theta)
    found = free.read(at.theta)
    arrived = abs(step) <= _NEAR * (1 + abs(at.theta))
    if arrived.all():
        return found
    return _at_edges(free, sample, found, arrived, at.value, lambda d: mean_of(d, sample).array)


def _at_edges(free: Free, sample: Data, found: Any, arrived: Any, value: Any, score: Any) -> Any:
    """The parameters with one that runs to an end of its support put there; an error if it cannot be."""
    worst = int((~arrived).reshape(len(arrived), -1).sum(axis=1).argmax())
    for i in [worst, *range(len(free.names))]:
        name = free.names[i]
        support = free.cls.parameters[name].support
        for end in (support.low, support.high):
            if arrived[i].all() or not np.isfinite(end) or not support.test(np, np.asarray(float(end))):
                continue
            with no_backprop_mode(), np.errstate(all="ignore"):
                edge = Free(free.who, free.cls, {**free.fixed, name: Variable(np.full(value.shape, end))})
                if not edge.names:
                    known = {n: v.array for n, v in edge.fixed.items()}
                    better = score(edge.distribution([])) >= value - 1e-12
                else:
                    known, better = None, np.ones(1, bool)
            if known is None:
                try:
                    known = _searched(edge, sample)
                except ValueError:
                    continue
                better = score(free.cls(**known)) >= value - 1e-12
            if np.all(better | arrived[i]):
                keep = arrived.all(axis=0)
                return {n: np.where(keep, found[n], known[n]) for n in found}
    index = tuple(int(k) for k in np.argwhere(~arrived.all(axis=0))[0])
    name = free.names[int((~arrived[(slice(None), *index)]).argmax())]
    last = np.broadcast_to(found[name], value.shape)[index]
    where = f"{name}{list(index) if index else ''}"
    equal = np.broadcast_to(sample.low == sample.high, value.shape)[index]
    raise sample.failure(f"{'all are equal, and ' if equal else ''}{where} runs away, to {last:.3g} so far")


def _unlikely(free: Free, sample: Data) -> ValueError:
    """The error that no starting point gives every value a finite likelihood; names a value if it can."""
    return sample.failure("none was found under which all values have a finite likelihood")


def _result(cls: Any, sample: Data, found: dict[str, Any]) -> Any:
    """The distribution of these parameters, in the dtype and on the device of the data."""
    batch = sample.values.shape[1:]
    for name, value in found.items():
        declared = cls.parameters[name]
        array = np.asarray(value, float)
        shape = batch + array.shape[array.ndim - declared.event_ndim :] if declared.event_ndim else batch
        array = np.broadcast_to(array, shape).astype(sample.dtype)
        inside = np.asarray(declared.support.test(np, array))
        if not inside.all():
            at = tuple(int(i) for i in np.argwhere(~inside)[0])
            raise sample.failure(f"{name}{list(at) if at else ''} would be {array[at]}")
        found[name] = array if sample.owner is None else sample.owner.from_host(array)
    try:
        return cls(**{n: found[n] for n in cls.parameters if n in found})
    except ValueError as error:
        raise sample.failure(str(error)) from None
