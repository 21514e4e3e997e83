"""The C source of elementwise calls, and kernels made of several.

A kernel's body is written in the common subset of C and CUDA C++, with type-specific function names
(``expf``, ``exp``), so that the same source runs on a GPU and, in the tests, compiled by a C compiler. Each
formula is that of CuPy's own ufunc: a traced step and an eager one agree, as long as neither
uses fused multiply-add (``--fmad=false``).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.special

#: The C name of each type that a kernel computes with, by NumPy's character.
TYPES = {
    "?": "bool",
    "b": "signed char",
    "B": "unsigned char",
    "h": "short",
    "H": "unsigned short",
    "i": "int",
    "I": "unsigned int",
    "l": "long long",
    "L": "unsigned long long",
    "f": "float",
    "d": "double",
}


def type_of(dtype: Any) -> str:
    """The C name of a dtype."""
    return TYPES[_character(dtype)]


def _character(dtype: Any) -> str:
    dtype = np.dtype(dtype)
    if dtype.kind in "iu":  # `long` and `long long` are the same
        return np.dtype(f"{dtype.kind}{dtype.itemsize}").char.replace("q", "l").replace("Q", "L")
    return dtype.char


def knows(dtype: Any) -> bool:
    """Whether kernels support a dtype."""
    return _character(dtype) in TYPES


# The formulas ----------------------------------------------------------------------------------------------
#
# Each is a function of the type's character and the C expressions of the arguments, which are names or
# literals, so that nothing is computed twice.

Formula = Callable[..., str]


def _calls(name: str) -> Formula:
    """A function of the C library."""
    return lambda t, *xs: f"{_named(name, t)}({', '.join(xs)})"


def _named(name: str, t: str) -> str:
    return name + "f" if t == "f" else name


def _infix(sign: str) -> Formula:
    return lambda t, x, y: f"{x} {sign} {y}"


def _number(t: str, text: str) -> str:
    return text + "f" if t == "f" else text


def _maximum(t: str, x: str, y: str) -> str:
    if t == "?":
        return f"{x} | {y}"
    return f"{x} >= {y} || {x} != {x} ? {x} : {y}" if t in "fd" else f"{x} >= {y} ? {x} : {y}"


def _minimum(t: str, x: str, y: str) -> str:
    if t == "?":
        return f"{x} & {y}"
    return f"{x} <= {y} || {x} != {x} ? {x} : {y}" if t in "fd" else f"{x} <= {y} ? {x} : {y}"


def _absolute(t: str, x: str) -> str:
    if t in "fd":
        return f"{_named('fabs', t)}({x})"
    return x if t in "?BHIL" else f"{x} < 0 ? -{x} : {x}"


def _sign(t: str, x: str) -> str:
    both = f"({x} > 0) - ({x} < 0)"
    return f"{x} != {x} ? {x} : ({TYPES[t]})({both})" if t in "fd" else both


def _logaddexp(t: str, x: str, y: str) -> str:
    fmax, log1p, exp, fabs = (_named(name, t) for name in ("fmax", "log1p", "exp", "fabs"))
    same = f"({TYPES[t]})({x} + 0.6931471805599453)"  # infinities of one sign too
    return f"{x} == {y} ? {same} : {fmax}({x}, {y}) + {log1p}({exp}(-{fabs}({x} - {y})))"


def _xlogy(t: str, x: str, y: str) -> str:
    return f"{x} == 0 && {y} == {y} ? {_number(t, '0.0')} : {x} * {_named('log', t)}({y})"


def _gammaln(t: str, x: str) -> str:
    infinite = f"{x} < 0 && {x} == 2 * {x}"
    return f"{infinite} ? {x} : {_named('lgamma', t)}({x})"


def _log_expit(t: str, x: str) -> str:
    log1p, exp = _named("log1p", t), _named("exp", t)
    return f"{x} < 0 ? {x} - {log1p}({exp}({x})) : -{log1p}({exp}(-{x}))"


def _entropy(t: str, x: str) -> str:
    return f"{x} != {x} ? {x} : {x} > 0 ? -{x} * {_named('log', t)}({x}) : {x} == 0 ? 0 : {infinity(t, -1)}"


def infinity(t: str, sign: float = 1.0) -> str:
    """An infinity, without a macro that not every compiler has."""
    return f"({_number(t, '1.0' if sign > 0 else '-1.0')} / {_number(t, '0.0')})"


FLOATS, NUMBERS, ALL, WHOLE = "fd", "bBhHiIlLfd", "?bBhHiIlLfd", "?bBhHiIlL"

#: By name: the types that the formula supports, and the formula.
FORMULAS: dict[str, tuple[str, Formula]] = {
    "add": (ALL, lambda t, x, y: f"{x} | {y}" if t == "?" else f"{x} + {y}"),
    "subtract": (NUMBERS, _infix("-")),
    "multiply": (ALL, lambda t, x, y: f"{x} & {y}" if t == "?" else f"{x} * {y}"),
    "divide": (FLOATS, _infix("/")),
    "power": (FLOATS, _calls("pow")),
    "float_power": (FLOATS, _calls("pow")),
    "square": (NUMBERS, lambda t, x: f"{x} * {x}"),
    "sqrt": (FLOATS, _calls("sqrt")),
    "cbrt": (FLOATS, _calls("cbrt")),
    "reciprocal": (FLOATS, lambda t, x: f"1 / {x}"),
    "negative": (NUMBERS, lambda t, x: f"-{x}"),
    "positive": (NUMBERS, lambda t, x: x),
    "conjugate": (NUMBERS, lambda t, x: x),
    "copy": (ALL, lambda t, x: x),
    "absolute": (ALL, _absolute),
    "fabs": (FLOATS, _absolute),
    "sign": (NUMBERS, _sign),
    "exp": (FLOATS, _calls("exp")),
    "exp2": (FLOATS, lambda t, x: f"{_named('pow', t)}({_number(t, '2.0')}, {x})"),
    "expm1": (FLOATS, _calls("expm1")),
    "log": (FLOATS, _calls("log")),
    "log1p": (FLOATS, _calls("log1p")),
    "log2": (FLOATS, _calls("log2")),
    "log10": (FLOATS, _calls("log10")),
    "logaddexp": (FLOATS, _logaddexp),
    "sin": (FLOATS, _calls("sin")),
    "cos": (FLOATS, _calls("cos")),
    "tan": (FLOATS, _calls("tan")),
    "arcsin": (FLOATS, _calls("asin")),
    "arccos": (FLOATS, _calls("acos")),
    "arctan": (FLOATS, _calls("atan")),
    "arctan2": (FLOATS, _calls("atan2")),
    "hypot": (FLOATS, _calls("hypot")),
    "sinh": (FLOATS, _calls("sinh")),
    "cosh": (FLOATS, _calls("cosh")),
    "tanh": (FLOATS, _calls("tanh")),
    "arcsinh": (FLOATS, _calls("asinh")),
    "arccosh": (FLOATS, _calls("acosh")),
    "arctanh": (FLOATS, _calls("atanh")),
    "floor": (ALL, lambda t, x: f"{_named('floor', t)}({x})" if t in "fd" else x),
    "ceil": (ALL, lambda t, x: f"{_named('ceil', t)}({x})" if t in "fd" else x),
    "trunc": (ALL, lambda t, x: f"{_named('trunc', t)}({x})" if t in "fd" else x),
    "rint": (FLOATS, _calls("rint")),
    "copysign": (FLOATS, _calls("copysign")),
    "fmod": (FLOATS, _calls("fmod")),
    "maximum": (ALL, _maximum),
    "minimum": (ALL, _minimum),
    "fmax": (FLOATS, _calls("fmax")),
    "fmin": (FLOATS, _calls("fmin")),
    "less": (ALL, _infix("<")),
    "less_equal": (ALL, _infix("<=")),
    "equal": (ALL, _infix("==")),
    "not_equal": (ALL, _infix("!=")),
    "greater": (ALL, _infix(">")),
    "greater_equal": (ALL, _infix(">=")),
    "logical_and": (ALL, lambda t, x, y: f"{x} != 0 && {y} != 0"),
    "logical_or": (ALL, lambda t, x, y: f"{x} != 0 || {y} != 0"),
    "logical_xor": (ALL, lambda t, x, y: f"({x} != 0) != ({y} != 0)"),
    "logical_not": (ALL, lambda t, x: f"{x} == 0"),
    "bitwise_and": (WHOLE, _infix("&")),
    "bitwise_or": (WHOLE, _infix("|")),
    "bitwise_xor": (WHOLE, _infix("^")),
    "invert": (WHOLE, lambda t, x: f"!{x}" if t == "?" else f"~{x}"),
    "isnan": (FLOATS, lambda t, x: f"{x} != {x}"),
    "isinf": (FLOATS, lambda t, x: f"{_named('fabs', t)}({x}) == {infinity(t)}"),
    "isfinite": (FLOATS, lambda t, x: f"{_named('fabs', t)}({x}) < {infinity(t)}"),
    "signbit": (FLOATS, lambda t, x: f"{_named('copysign', t)}({_number(t, '1.0')}, {x}) < 0"),
    "where": (ALL, lambda t, c, x, y: f"{c} != 0 ? {x} : {y}"),
    "erf": (FLOATS, _calls("erf")),
    "erfc": (FLOATS, _calls("erfc")),
    "gammaln": (FLOATS, _gammaln),
    "expit": (FLOATS, lambda t, x: f"1 / (1 + {_named('exp', t)}(-{x}))"),
    "log_expit": (FLOATS, _log_expit),
    "xlogy": (FLOATS, _xlogy),
    "entr": ("d", _entropy),
    # in CUDA's library only
    "erfcx": (FLOATS, _calls("erfcx")),
    "erfinv": (FLOATS, _calls("erfinv")),
    "ndtr": (FLOATS, _calls("normcdf")),
    "ndtri": (FLOATS, _calls("normcdfinv")),
}

#: Functions that the C library lacks.
CUDA_ALONE = frozenset(("erfcx", "erfinv", "ndtr", "ndtri"))

#: Alternative names.
ALIASES = {
    "abs": "absolute",
    "true_divide": "divide",
    "conj": "conjugate",
    "bitwise_not": "invert",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "pow": "power",
}


# One step of a kernel --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One elementwise call.

    Attributes:
        name: the name of the formula, ``"cast"`` for none.
        args: names of values in the kernel, and numbers.
        types: the dtypes that the formula computes with, its result's last.
        into: the name of its result.
        dtype: the result's dtype.
        comment: its origin.
    """

    name: str
    args: tuple[Any, ...]
    types: tuple[np.dtype, ...]
    into: str
    dtype: np.dtype
    comment: str = ""


def resolve(name: str, kinds: list[Any]) -> tuple[np.dtype, ...] | None:
    """The dtypes that a call computes with, its result's last; None if kernels do not support it.

    Args:
        name: the name of the ufunc, ``"where"`` or ``"copy"``.
        kinds: for each argument its dtype, or the type of a Python number.
    """
    name = ALIASES.get(name, name)
    if name not in FORMULAS or not all(isinstance(k, type) or knows(k) for k in kinds):
        return None
    found = _where_types(kinds) if name == "where" else _loop(name, kinds)
    if found is None or not all(knows(t) for t in found):
        return None
    computes = {_character(t) for t in (found[1:-1] if name == "where" else found[:-1])}
    if len(computes) != 1 or not computes <= set(FORMULAS[name][0]):
        return None
    return found


def _where_types(kinds: list[Any]) -> tuple[np.dtype, ...] | None:
    condition, x, y = kinds
    if isinstance(condition, type) or (isinstance(x, type) and isinstance(y, type)):
        return None
    joined = _loop("maximum", [x, y])  # any binary ufunc: NumPy's promotion
    return None if joined is None else (np.dtype(condition), *joined)


def _loop(name: str, kinds: list[Any]) -> tuple[np.dtype, ...] | None:
    if name == "copy":
        return None if isinstance(kinds[0], type) else (np.dtype(kinds[0]),) * 2
    function = getattr(np, name, None) or getattr(scipy.special, name)
    given = tuple(np.dtype(bool) if k is bool else k if isinstance(k, type) else np.dtype(k) for k in kinds)
    if len(given) != function.nin:
        return None
    try:
        return tuple(function.resolve_dtypes((*given, *[None] * function.nout)))
    except TypeError:
        return None


def literal(number: Any, dtype: np.dtype) -> str:
    """A number in C, exactly as represented in the dtype."""
    t = _character(dtype)
    with np.errstate(all="ignore"):
        value = np.asarray(number).astype(dtype)
    if t not in "fd":
        whole = int(value)
        text = f"{whole}{'LL' if t == 'l' else 'ULL' if t == 'L' else 'U' if t == 'I' else ''}"
        if whole == np.iinfo(np.int64).min:
            text = "(-9223372036854775807LL - 1)"
        return f"({text})" if whole < 0 else text
    x = float(value)
    if math.isnan(x):
        return f"({_number(t, '0.0')} / {_number(t, '0.0')})"
    if math.isinf(x):
        return infinity(t, x)
    scalar = np.float32(x) if t == "f" else np.float64(x)
    text = str(scalar)
    if "." not in text or "e" in text:
        text = np.format_float_scientific(scalar, unique=True, trim="0")
    return f"({_number(t, text)})" if text.startswith("-") else _number(t, text)


# A kernel --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Kernel:
    """Several elementwise calls that run together, element by element.

    Attributes:
        name: its name.
        inputs: names and dtypes of the arrays that it reads.
        outputs: names and dtypes of those that it writes.
        steps: its calls, in order.
        stores: for each output, the name of the value stored there.
    """

    name: str
    inputs: list[tuple[str, np.dtype]] = field(default_factory=list)
    outputs: list[tuple[str, np.dtype]] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    stores: list[tuple[str, str]] = field(default_factory=list)

    @property
    def in_params(self) -> str:
        """The inputs in the syntax of ``cupy.ElementwiseKernel``."""
        return ", ".join(f"{np.dtype(t).name} {name}" for name, t in self.inputs)

    @property
    def out_params(self) -> str:
        """The outputs likewise."""
        return ", ".join(f"{np.dtype(t).name} {name}" for name, t in self.outputs)

    @property
    def body(self) -> str:
        """The computation for one element, in C."""
        types = dict(self.inputs)
        lines, last = [], ""
        for step in self.steps:
            if step.comment != last:
                lines.append(f"// {step.comment}")
                last = step.comment
            lines.append(self._line(step, types))
            types[step.into] = step.dtype
        for output, name in self.stores:
            lines.append(f"{output} = {name};")
        return "\n".join(lines)

    def _line(self, step: Step, types: dict[str, Any]) -> str:
        args = []
        for arg, wanted in zip(step.args, step.types, strict=False):
            if not isinstance(arg, str):
                args.append(literal(arg, wanted))
            elif _character(types[arg]) != _character(wanted):
                args.append(_cast(arg, types[arg], wanted))
            else:
                args.append(arg)
        t = _character(step.types[1] if step.name == "where" else step.types[0])
        text = args[0] if step.name == "cast" else FORMULAS[step.name][1](t, *args)
        if _character(step.types[-1]) != _character(step.dtype):  # `out=` of another dtype
            text = _cast(f"({type_of(step.types[-1])})({text})", step.types[-1], step.dtype)
        return f"{type_of(step.dtype)} {step.into} = {text};"

    def __str__(self) -> str:
        """The kernel as a C function of one element, for reading."""
        given = [f"{type_of(t)} {name}" for name, t in self.inputs]
        made = [f"{type_of(t)} &{name}" for name, t in self.outputs]
        body = "\n".join("    " + line for line in self.body.splitlines())
        return f"{self.name}({', '.join(given + made)}) {{\n{body}\n}}"


def _cast(text: str, have: Any, want: Any) -> str:
    if _character(want) == "?":
        return f"({text} != 0)"
    return f"({type_of(want)}){text}" if have is not None else text
