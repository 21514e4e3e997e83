"""CuPy as a library record. Only this and the other modules named after CuPy import cupy."""

from __future__ import annotations

import base64
import zlib
from contextlib import nullcontext
from typing import Any

import numpy as np

from .records import Library, register_library

_record: Library | None = None


def library_record() -> Library:
    """CuPy's :class:`Library`, made and registered once."""
    global _record
    if _record is None:
        try:
            import cupy
        except ImportError as error:
            raise ImportError(
                "CuPy is needed for arrays on a GPU: pip install 'pdist[cuda12]' or 'pdist[cuda13]'"
            ) from error
        from .cupy_graphs import elementwise, graphs
        from .cupy_special import special

        _record = register_library(
            Library(
                name="cupy",
                array_type=cupy.ndarray,
                xp=cupy,
                special=special,
                new_stream=cupy.random.default_rng,
                from_host=cupy.asarray,
                to_host=cupy.asnumpy,
                device_of=lambda array: f"cuda:{array.device.id}",
                stream_state=_stream_state,
                restore_stream=_restore_stream,
                current_device=lambda: cupy.cuda.Device().id,
                on_device=lambda number: nullcontext() if number is None else cupy.cuda.Device(number),
                elementwise=elementwise,
                graphs=graphs,
            )
        )
    return _record


# CuPy's generators have no accessor for their state: it is a byte array on the device, some megabytes
# that compress well.


def _stream_state(stream: Any) -> dict[str, str]:
    state = stream.bit_generator._state.get()
    return {
        "bit_generator": type(stream.bit_generator).__name__,
        "state": base64.b64encode(zlib.compress(state.tobytes(), 1)).decode(),
    }


def _restore_stream(stream: Any, state: dict[str, str]) -> None:
    own = stream.bit_generator
    values = np.frombuffer(zlib.decompress(base64.b64decode(state["state"])), np.int8)
    if state["bit_generator"] != type(own).__name__ or values.shape != own._state.shape:
        raise ValueError(
            f"a state of CuPy's {state['bit_generator']} with {values.size} bytes; this CuPy has "
            f"{type(own).__name__} with {own._state.size}"
        )
    own._state.set(values)
