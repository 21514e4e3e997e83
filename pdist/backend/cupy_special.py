"""Special functions for CuPy: our own if cupyx's are missing or wrong, else cupyx's."""

from __future__ import annotations

from typing import Any


class _CupySpecial:
    """Looks a name up among our own functions first, then in ``cupyx.scipy.special``."""

    @staticmethod
    def xlog1py(x: Any, y: Any) -> Any:
        """x log(1 + y), and 0 where x is 0 and y is not nan; CuPy's own drops the nan."""
        import cupy

        zero = (x == 0) & (y == y)
        return cupy.where(zero, 0.0, x * cupy.log1p(cupy.where(zero, 0.0, y)))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        import cupyx.scipy.special

        found = getattr(cupyx.scipy.special, name, None)
        if found is None:
            raise AttributeError(f"neither cupyx.scipy.special nor {__name__} has a function {name!r}")
        setattr(self, name, found)
        return found


special = _CupySpecial()
