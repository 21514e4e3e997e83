"""Checks of arguments that several modules share."""

from __future__ import annotations

from typing import Any

import numpy as np

from pdist.autograd import Variable
from pdist.backend import hooks, library_of


def check_size(who: str, name: str, value: Any) -> int:
    """``value`` if it is a positive integer; the error begins with ``who``."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value.__index__() < 1:
        raise ValueError(f"{who}: {name} is {value!r}; expected a positive integer")
    return value.__index__()


def check_finite(array: Any, who: str) -> None:
    """Raise ValueError if a floating array on the host has nan or infinity, naming the first index."""
    hooks.check(_check_finite, array, who)


def _check_finite(array: Any, who: str) -> None:
    library = library_of(array)
    if library is None or not library.host or array.dtype.kind != "f":
        return
    finite = np.isfinite(array)
    if not finite.all():
        index = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise ValueError(f"{who}{list(index)} is {array[index]}; expected finite numbers")


def check_loss(loss: Any, who: str) -> Variable:
    """``loss`` if it can be differentiated: if it is a Variable of one element."""
    if not isinstance(loss, Variable):
        raise TypeError(f"{who}: the loss is a {type(loss).__name__}; expected a Variable")
    if loss.size != 1:
        raise ValueError(f"{who}: the loss has shape {loss.shape}; expected a scalar: take its mean or sum")
    if not loss.requires_grad:
        raise ValueError(f"{who}: the loss does not depend on any parameter")
    return loss
