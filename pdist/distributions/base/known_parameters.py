"""Parameters that are known by name, and distributions from parameters on the host."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd import Variable
from ...backend import to_cpu
from .batching import broadcasts
from .parameters import check_together


def known_parameters(
    who: str, cls: Any, fixed: dict[str, Any], batch: tuple[int, ...]
) -> dict[str, np.ndarray]:
    """The fixed parameters as float64 arrays on the host, looked at as the constructor would."""
    taken: set[str] = set()
    for name in fixed:
        slot = next((slot for slot in cls._alternatives if name in slot), ())
        if not slot or name not in cls.parameters:
            raise TypeError(f"{who}: no parameter {name!r}; it has {', '.join(cls.parameters)}")
        if taken & set(slot):
            raise TypeError(f"{who}: expected at most one of {' and '.join(slot)}")
        taken |= set(slot)
    check_together(who, cls, fixed)
    found = {}
    for name, value in fixed.items():
        array = value.array if isinstance(value, Variable) else value
        found[name] = array = np.asarray(to_cpu(array), float)
        declared = cls.parameters[name]
        support, own = declared.support, array.shape[: array.ndim - declared.event_ndim]
        if not broadcasts(own, batch):
            raise ValueError(
                f"{who}: {name} has shape {array.shape}; expected one that broadcasts to {batch}"
            )
        wrong = np.argwhere(~np.asarray(support.test(np, array)))
        if len(wrong):
            at = tuple(int(i) for i in wrong[0])
            where = f"{name}{list(at) if at else ''}"
            raise ValueError(f"{who}: {where} is {array[at]}; expected {support.wanted or support}")
    return found


def built(cls: Any, given: Any, found: dict[str, Any]) -> Any:
    """The distribution of these parameters.

    Args:
        cls: its class.
        given: what it is made from, which says the batch shape, the dtype and the library, and words errors.
        found: the parameters, as host arrays.
    """
    batch, arrays = given.batch, {}
    for name, value in found.items():
        declared = cls.parameters[name]
        array = np.asarray(value, float)
        own = array.shape[array.ndim - declared.event_ndim :] if declared.event_ndim else ()
        array = np.broadcast_to(array, batch + own).astype(given.dtype)
        inside = np.asarray(declared.support.test(np, array))
        if not inside.all():
            at = tuple(int(i) for i in np.argwhere(~inside)[0])
            raise given.failure(f"{name}{list(at) if at else ''} would be {array[at]}")
        arrays[name] = array if given.owner is None else given.owner.from_host(array)
    try:
        return cls(**{n: arrays[n] for slot in cls._alternatives for n in slot if n in arrays})
    except ValueError as error:
        raise given.failure(str(error)) from None
