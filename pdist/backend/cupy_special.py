"""Special functions for CuPy: cupyx's own, and ours where it has none."""

from __future__ import annotations

from typing import Any


class _CupySpecial:
    """Looks a name up among our own functions first, then in ``cupyx.scipy.special``."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        import cupyx.scipy.special

        found = getattr(cupyx.scipy.special, name)
        setattr(self, name, found)
        return found


special = _CupySpecial()
