"""A stand-in for a GPU's array library: NumPy inside, CuPy's rules outside.

Its arrays are not converted to NumPy arrays implicitly, do not mix with them, and NumPy's functions reject
them; only ``get()`` transfers them to the host. Its random generator has the methods and keywords of CuPy's.
A kernel that uses only ``xp``, ``special(xp)`` and operators works on them; one that calls ``np.exp`` by
mistake, or inspects a value, fails here as it would fail, or cause a device sync, on a GPU.

Importing this module registers the library:

>>> import numpy as np, pdist
>>> from pdist.testing import standin
>>> x = pdist.Variable(standin.asarray(np.array([0.0, 1.0])))
>>> pdist.functions.exp(x).array
standin([1.        , 2.71828183])
>>> np.exp(x.array)
Traceback (most recent call last):
TypeError: operand 'StandIn' does not support ufuncs (__array_ufunc__=None)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special

from ..backend import Library, register_library
from ..backend.cupy_special import special as cupy_special
from . import tapes
from .standin_arrays import StandIn, perform

# fmt: off
# The functions of cupyx.scipy.special that distributions may need; a test compares the list with CuPy's.
CUPYX_SPECIAL = {
    "beta", "betainc", "betaincinv", "betaln", "binom", "digamma", "entr", "erf", "erfc", "erfcinv", "erfcx",
    "erfinv", "expi", "expit", "expm1", "exprel", "gamma", "gammainc", "gammaincc", "gammainccinv",
    "gammaincinv", "gammaln", "i0", "i0e", "i1", "i1e", "j0", "j1", "k0", "k0e", "k1", "k1e", "log1p",
    "log_expit", "log_ndtr", "log_softmax", "logit", "logsumexp", "multigammaln", "ndtr", "ndtri", "poch",
    "polygamma", "psi", "rel_entr", "rgamma", "sinc", "softmax", "xlog1py", "xlogy", "y0", "y1", "zeta",
}
# fmt: on


class _Namespace:
    """NumPy's functions for stand-in arrays.

    Args:
        target: the module they come from.
        name: its name.
    """

    def __init__(self, target: Any, name: str) -> None:
        self._target = target
        self.__name__ = name

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if isinstance(found, type) or not callable(found):
            known = StandIn if found is np.ndarray else found
        else:
            known = _Function(found)
        setattr(self, name, known)
        return known

    def __repr__(self) -> str:
        return f"<namespace {self.__name__}>"


class _Function:
    """A NumPy function, including ufuncs with their methods (``add.at``).

    As in CuPy, a ufunc defers to an argument that overrides elementwise kernels.
    """

    def __init__(self, function: Any) -> None:
        self._function = function
        self.__name__ = function.__name__
        self.name = "cupy_" + function.__name__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if isinstance(self._function, np.ufunc):
            for arg in args:
                if hasattr(arg, "__cupy_override_elementwise_kernel__"):
                    return arg.__cupy_override_elementwise_kernel__(self, *args, **kwargs)
        return perform(self._function, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._function, name)
        return _Function(found) if callable(found) else found


class _Special:
    """The special functions available to pdist on a GPU: CuPy's and its own."""

    def __getattr__(self, name: str) -> Any:
        own = vars(type(cupy_special)).get(name)
        if own is None and name not in CUPYX_SPECIAL:
            raise AttributeError(
                f"neither CuPy nor pdist has a special function {name!r} for arrays on a GPU"
            )
        found = _Function(getattr(scipy.special, name))
        setattr(self, name, found)
        return found


class Generator:
    """A random generator with the methods and keywords of ``cupy.random.Generator``.

    Args:
        seed: as for ``numpy.random.default_rng``.
    """

    def __init__(self, seed: Any = None) -> None:
        self._rng = np.random.default_rng(seed)
        self.bit_generator = self._rng.bit_generator

    def _draw(self, name: str, *args: Any, **kwargs: Any) -> StandIn:
        if tapes.current is not None:
            if name not in ("random", "standard_normal", "standard_exponential", "integers"):
                raise RuntimeError(f"{name} copies a description of its arguments from the host")
            tapes.current.keep_state(self._rng)
        drawn = getattr(self._rng, name)
        return perform(lambda *args, **kwargs: np.asarray(drawn(*args, **kwargs)), args, kwargs)

    def random(self, size: Any = None, dtype: Any = np.float64, out: Any = None) -> StandIn:
        """Uniform on [0, 1)."""
        return self._draw("random", size, dtype, out)

    def standard_normal(self, size: Any = None, dtype: Any = np.float64, out: Any = None) -> StandIn:
        """Normal with mean 0 and standard deviation 1."""
        return self._draw("standard_normal", size, dtype, out)

    def standard_exponential(
        self, size: Any = None, dtype: Any = np.float64, method: str = "inv", out: Any = None
    ) -> StandIn:
        """Exponential with mean 1; by NumPy's own method, so that its numbers can be compared."""
        return self._draw("standard_exponential", size, dtype, out=out)

    def standard_gamma(
        self, shape: Any, size: Any = None, dtype: Any = np.float64, out: Any = None
    ) -> StandIn:
        """Gamma with scale 1."""
        return self._draw("standard_gamma", shape, size, dtype, out)

    def gamma(self, shape: Any, scale: Any = 1.0, size: Any = None) -> StandIn:
        """Gamma."""
        return self._draw("gamma", shape, scale, size)

    def uniform(self, low: Any = 0.0, high: Any = 1.0, size: Any = None, dtype: Any = np.float64) -> StandIn:
        """Uniform on [low, high)."""
        return self._draw("uniform", low, high, size).astype(dtype)

    def exponential(self, scale: Any = 1.0, size: Any = None) -> StandIn:
        """Exponential."""
        return self._draw("exponential", scale, size)

    def integers(
        self, low: Any, high: Any = None, size: Any = None, dtype: Any = np.int64, endpoint: bool = False
    ) -> StandIn:
        """Integers from low to high, exclusive."""
        return self._draw("integers", low, high, size, dtype, endpoint)

    def poisson(self, lam: Any = 1.0, size: Any = None) -> StandIn:
        """Poisson."""
        return self._draw("poisson", lam, size)

    def binomial(self, n: Any, p: Any, size: Any = None) -> StandIn:
        """Binomial."""
        return self._draw("binomial", n, p, size)

    def beta(self, a: Any, b: Any, size: Any = None, dtype: Any = np.float64) -> StandIn:
        """Beta."""
        return self._draw("beta", a, b, size).astype(dtype)

    def dirichlet(self, alpha: Any, size: Any = None) -> StandIn:
        """Dirichlet."""
        return self._draw("dirichlet", alpha, size)

    def chisquare(self, df: Any, size: Any = None) -> StandIn:
        """Chi-square."""
        return self._draw("chisquare", df, size)

    def geometric(self, p: Any, size: Any = None) -> StandIn:
        """Geometric."""
        return self._draw("geometric", p, size)


xp = _Namespace(np, "standin")
xp.linalg = _Namespace(np.linalg, "standin.linalg")  # type: ignore[attr-defined]


def asarray(array: Any) -> StandIn:
    """A NumPy array (or anything convertible to one) as an array of the stand-in library."""
    return array if isinstance(array, StandIn) else StandIn(np.array(array))


def elementwise(kernel: Any) -> Callable[..., None]:
    """A function that runs several elementwise calls together: here one after the other, with NumPy.

    Args:
        kernel: a :class:`~pdist.tracing.cuda.kernels.Kernel`.
    """
    read = [name for name, _ in kernel.inputs]
    written = [name for name, _ in kernel.outputs]

    def on_host(*arrays: np.ndarray) -> None:
        known: dict[str, Any] = dict(zip([*read, *written], arrays, strict=True))
        for name, dtype in (*kernel.inputs, *kernel.outputs):
            if known[name].dtype != dtype:
                raise TypeError(f"{kernel.name}: {name} is {known[name].dtype}; expected {dtype}")
        for step in kernel.steps:
            args = [known[a] if isinstance(a, str) else a for a in step.args]
            function = getattr(np, step.name, None) or getattr(scipy.special, step.name)
            known[step.into] = np.asarray(function(*args)).astype(step.dtype, copy=False)
        with np.errstate(all="ignore"):
            for output, name in kernel.stores:
                known[output][...] = known[name]

    return lambda *arrays: perform(on_host, arrays, {})


def _matmul(x: StandIn, y: StandIn, out: StandIn | None = None) -> StandIn:
    """The matrix product in a capture."""
    if out is not None and any(np.may_share_memory(out._host, a._host) for a in (x, y)):
        raise ValueError("matmul: the result would overwrite an argument")
    return perform(lambda x, y, out: np.matmul(x, y, out=out), (x, y, out), {})


def _concatenate(arrays: Any, axis: int | None = 0, out: Any = None) -> Any:
    """Concatenation in a capture."""
    return perform(lambda *args: np.concatenate(args[:-1], axis, args[-1]), (*arrays, out), {})


def _like(array: StandIn) -> StandIn:
    return StandIn(np.empty_like(array._host))


graphs = tapes.Graphs({"matmul": _matmul, "concatenate": _concatenate}, _like)

library = register_library(
    Library(
        name="standin",
        array_type=StandIn,
        xp=xp,
        special=_Special(),
        new_stream=Generator,
        from_host=asarray,
        to_host=lambda array: array.get(),
        device_of=lambda array: "standin",
        stream_state=lambda stream: stream._rng.bit_generator.state,
        restore_stream=lambda stream, state: setattr(stream._rng.bit_generator, "state", state),
        owner_of=lambda array: array._host if array._host.base is None else array._host.base,
        elementwise=elementwise,
        graphs=graphs,
    )
)
