"""CuPy as a library record. The only module that imports cupy."""

from __future__ import annotations

from typing import Any

from .libraries import Library, register_library

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
        from .cupy_special import special

        _record = register_library(
            Library(
                name="cupy",
                array_type=cupy.ndarray,
                xp=cupy,
                special=special,
                new_stream=_new_stream,
                from_host=cupy.asarray,
                to_host=cupy.asnumpy,
                device_of=lambda array: f"cuda:{array.device.id}",
            )
        )
    return _record


def _new_stream(seed: Any) -> Any:
    import cupy

    return cupy.random.default_rng(seed)
