"""Settings: one object per thread, changed temporarily by ``using_config``."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np

_DEFAULTS: dict[str, Any] = {
    "enable_backprop": True,
    "train": True,
    "validate": True,
    "dtype": np.dtype(np.float32),
}


without_backprop: set[int] = (
    set()
)  # threads in which enable_backprop is off; ops check it only if there are any


class Config(threading.local):
    """The settings of the current thread.

    Attributes:
        enable_backprop: whether operations record what a backward pass needs.
        train: whether layers that differ between training and inference, such as dropout, are in training
            mode.
        validate: whether distributions check their parameters.
        dtype: the default floating dtype: float32.
    """

    enable_backprop: bool
    train: bool
    validate: bool
    dtype: np.dtype

    def __init__(self) -> None:
        self.__dict__.update(_DEFAULTS)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in _DEFAULTS:
            raise AttributeError(f"pdist.config has no setting {name!r}; it has {', '.join(_DEFAULTS)}")
        if name == "dtype":
            value = np.dtype(value)
            if value.kind != "f":
                raise ValueError(f"pdist.config.dtype: expected a floating dtype, got {value}")
        if name == "enable_backprop":
            (without_backprop.discard if value else without_backprop.add)(threading.get_ident())
        self.__dict__[name] = value

    def show(self) -> None:
        """Print every setting."""
        for name in _DEFAULTS:
            print(f"{name:16s} {getattr(self, name)}")


config = Config()


@contextmanager
def using_config(name: str, value: Any) -> Iterator[None]:
    """Change one setting inside the ``with`` block.

    Args:
        name: one of ``pdist.config``'s attributes.
        value: its value inside the block.

    >>> import pdist
    >>> with pdist.using_config("dtype", "float64"):
    ...     print(pdist.functions.exp(0).dtype)
    float64
    """
    previous = getattr(config, name, None)
    setattr(config, name, value)
    try:
        yield
    finally:
        setattr(config, name, previous)


def no_backprop_mode() -> AbstractContextManager[None]:
    """Inside the block no operation records a graph: for prediction and evaluation."""
    return using_config("enable_backprop", False)


def force_backprop_mode() -> AbstractContextManager[None]:
    """Inside the block operations record a graph, also within :func:`no_backprop_mode`."""
    return using_config("enable_backprop", True)
