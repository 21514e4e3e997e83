"""Accuracy may only rise: every quantity of every distribution against tests/data/accuracy.txt.

A cell is one quantity (a method, or the derivative of log_prob or KL by one input) of one distribution given
by the same parameters, in one dtype. Of its cases in ``benchmarks/accuracy/references`` the record tells how
many come out within 4 ulps, and a power of two that no error exceeds. ``make accuracy-ratchet`` tightens it
where a cell has become better, and adds new cells; it loosens nothing.
"""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import pdist.distributions as D
from benchmarks.accuracy import cases
from benchmarks.accuracy.__main__ import WITHIN, measure
from benchmarks.accuracy.ask import Library
from benchmarks.accuracy.score import Score

RECORD = Path(__file__).resolve().parent.parent / "data" / "accuracy.txt"
DTYPES = ("float32", "float64")

# The exp and log of other processors, and the special functions of other versions of SciPy, differ by an ulp
# or so: a case just within 4 ulps here may be just outside there, and a larger error some multiple of itself.
# So what is recorded is the worst that NumPy's kernels for several processors give, and of a cell's cases one
# may be lost.
MARGIN_CASES, MARGIN_WORST, ALWAYS_ALLOWED = 1, 4.0, 16.0

# What NumPy is told to do without (names of NumPy 2.4, then of those before it).
PROCESSORS = (
    "",
    "X86_V4 AVX512_ICL AVX512_SPR AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL",
    "X86_V4 AVX512_ICL AVX512_SPR AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL X86_V3 AVX2 FMA3",
)

# Derivatives by probabilities that sum to one, moments that do not exist, and what has no formula.
_SCALES = {"d_log_scale", "d_raw_scale"}  # the family derives them from d_scale, as in those that have them
WITHOUT = {
    "AsymmetricLaplace": _SCALES,
    "Beta": {"d_mean", "d_concentration"},
    "Binomial": {"d_n", "icdf", "entropy"},
    "Categorical": {"d_p"},
    "Cauchy": {"mean", "variance"},
    "Dirichlet": {"cdf", "sf", "log_cdf", "log_sf", "icdf"},
    "DirichletMultinomial": {"d_n", "cdf", "sf", "log_cdf", "log_sf", "icdf", "entropy"},
    "GeneralizedExtremeValue": _SCALES,
    "GeneralizedPareto": _SCALES,
    "ExponentiallyModifiedGaussian": {"entropy"},
    "NoncentralChisquare": {"entropy"},
    "Geometric": {"d_logit", "icdf"},
    "HalfCauchy": {"variance"},
    "Independent": {"cdf", "sf", "log_cdf", "log_sf", "icdf"},
    "JohnsonSU": _SCALES | {"entropy"},
    "Levy": _SCALES | {"variance"},
    "LKJCholesky": {"cdf", "sf", "log_cdf", "log_sf", "icdf", "entropy", "mean", "variance"},
    "LogitNormal": {"entropy", "mean", "variance"},
    "MixtureSameFamily": {"entropy"},
    "Moyal": _SCALES,
    "Multinomial": {"d_n", "d_p", "cdf", "sf", "log_cdf", "log_sf", "icdf", "entropy"},
    "NegativeBinomial": {"d_p", "d_mean", "d_dispersion", "icdf", "entropy"},
    "OneHotCategorical": {"d_p", "cdf", "sf", "log_cdf", "log_sf", "icdf"},
    "PowerSpherical": {"d_loc", "cdf", "sf", "log_cdf", "log_sf", "icdf", "variance"},
    "RelaxedBernoulli": {"d_p", "icdf", "entropy", "mean", "variance"},
    "RelaxedOneHotCategorical": {"d_p", "cdf", "sf", "log_cdf", "log_sf", "icdf"}
    | {"entropy", "mean", "variance"},
    "SinhArcsinh": _SCALES | {"entropy", "mean", "variance"},
    "Skellam": {"icdf", "entropy"},
    "VonMises": {"icdf"},
    "VonMisesFisher": {"d_loc", "cdf", "sf", "log_cdf", "log_sf", "icdf", "variance"},
    "WrappedCauchy": {"icdf"},
    "ZeroInflatedPoisson": {"icdf", "entropy"},
    "Zipf": {"icdf"},
}


@dataclass(frozen=True)
class Cell:
    """How a quantity fares.

    Attributes:
        name: dtype, group and quantity, such as ``float32 Normal.log_scale:x log_cdf``.
        within: how many cases are right to 4 ulps in all components; infinities must be as they should.
        of: how many cases there are.
        worst: the largest error in ulps; inf if it is not finite, or not zero, where the truth is.
        where: the case with that error.
    """

    name: str
    within: int
    of: int
    worst: float
    where: str = ""

    @property
    def line(self) -> str:
        worst = 2.0 ** max(np.ceil(np.log2(self.worst)), 0) if 0 < self.worst < np.inf else self.worst
        return f"{self.name} {self.within}/{self.of} {max(worst, 1.0):.17g}"

    @classmethod
    def read(cls, line: str) -> Cell:
        *name, share, worst = line.split()
        within, _, of = share.partition("/")
        return cls(" ".join(name), int(within), int(of), float(worst))


def cell(dtype: str, score: Score) -> Cell:
    truth = score.group.truths[score.quantity][0]
    wrong = score.nonfinite | score.wrong_infinity | score.not_zero
    errors = np.where(wrong, np.inf, np.where(np.isnan(score.ulps), 0.0, score.ulps))
    by_case = errors.reshape(len(errors), -1).max(axis=1, initial=0.0)
    asked = ~np.isnan(truth).reshape(len(errors), -1).all(axis=1)
    worst = int(by_case.argmax())
    inputs = ", ".join(f"{name}={array[worst].tolist()!r}" for name, array in score.group.inputs.items())
    component = int(errors[worst].argmax()) if errors.ndim > 1 else ()
    got, expected = score.got[worst][component], truth[worst][component]
    return Cell(
        name=f"{dtype} {score.group.name} {score.quantity}",
        within=int((by_case[asked] <= WITHIN).sum()),
        of=int(asked.sum()),
        worst=float(by_case[worst]),
        where=f"{inputs}: got {float(got)!r}, truth {float(expected)!r}, {by_case[worst]:.3g} ulps",
    )


def cells(dtype: str, distributions: Iterable[str]) -> dict[str, Cell]:
    """The cells of some distributions as they are now."""
    with np.errstate(all="ignore"):
        scores, missing = measure(Library(dtype), cases.load(distributions), dtype)
    assert not missing, "\n".join(missing)
    return {found.name: found for found in (cell(dtype, score) for score in scores)}


def record() -> dict[str, Cell]:
    """The cells as they were recorded."""
    lines = RECORD.read_text(encoding="utf-8").splitlines() if RECORD.exists() else []
    return {found.name: found for found in map(Cell.read, lines)}


def objection(now: Cell, recorded: Cell | None) -> str:
    """What is wrong with a cell beside its record; empty if nothing is."""
    if recorded is None or now.of != recorded.of:
        return f"{now.name}: its references are new; `make accuracy-ratchet` records them"
    allowed = max(MARGIN_WORST * recorded.worst, ALWAYS_ALLOWED)
    if now.within >= recorded.within - MARGIN_CASES and now.worst <= allowed:
        return ""
    return (
        f"{now.name}: {now.within} of {now.of} within {WITHIN} ulps, recorded are {recorded.within}; "
        f"no error may exceed {allowed:g} ulps. The worst: {now.where}"
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("distribution", cases.available())
def test_no_cell_falls_below_its_record(distribution: str, dtype: str) -> None:
    now, recorded = cells(dtype, [distribution]), record()
    wrong = [text for name, found in now.items() if (text := objection(found, recorded.get(name)))]
    start = f"{dtype} {distribution}."
    wrong += [
        f"{name}: no longer measured" for name in recorded if name.startswith(start) and name not in now
    ]
    assert not wrong, "\n".join(wrong)


def test_every_method_of_every_distribution_has_cells() -> None:
    """The methods, and the derivatives of log_prob by each parameter, of all that have references at all.

    The others are compared with mpmath elsewhere: see test_accuracy.py.
    """
    found: dict[str, set[str]] = {}
    for name in record():
        _, group, quantity = name.split()
        found.setdefault(group.partition(".")[0], set()).add(quantity)
    found["MixtureSameFamily"] = found.pop("MixtureNormal")
    made = [getattr(D, name) for name in D.__all__ if inspect.isclass(getattr(D, name))]
    for cls in made:
        if issubclass(cls, D.Distribution) and cls.__name__ in found:
            wanted = {"log_prob", "cdf", "sf", "log_cdf", "log_sf", "icdf", "entropy", "mean", "variance"}
            wanted |= {f"d_{parameter}" for parameter in cls.parameters}
            lacking = wanted - WITHOUT.get(cls.__name__, set()) - found.get(cls.__name__, set())
            assert not lacking, f"{cls.__name__}: no references for {', '.join(sorted(lacking))}"


@pytest.mark.parametrize(
    ("now", "complaint"),
    [
        (Cell("a", 18, 20, 5.0, "x=1"), "a: 18 of 20 within 4 ulps, recorded are 20"),
        (Cell("a", 19, 20, 17.0, "x=1"), "no error may exceed 16 ulps. The worst: x=1"),
        (Cell("a", 19, 20, np.inf, "x=1"), "The worst: x=1"),
        (Cell("a", 19, 19, 1.0), "new"),
        (Cell("a", 19, 20, 16.0), ""),
        (Cell("a", 20, 20, 2.0), ""),
    ],
)
def test_a_fall_is_told(now: Cell, complaint: str) -> None:
    told = objection(now, Cell.read("a 20/20 2"))
    assert complaint in told and bool(told) == bool(complaint)


def test_a_cell_is_counted_by_cases() -> None:
    (group,) = [g for g in cases.load(["OneHotCategorical"]) if g.name == "OneHotCategorical.logit.2:x"]
    (score,) = [s for s in measure(Library("float64"), [group], "float64")[0] if s.quantity == "log_prob"]
    assert cell("float64", score).line.startswith("float64 OneHotCategorical.logit.2:x log_prob 10/10 ")
    score.nonfinite[3] = True
    assert cell("float64", score).line == "float64 OneHotCategorical.logit.2:x log_prob 9/10 inf"


def of_all_processors() -> dict[str, Cell]:
    """The cells as they are now, each as the worst of PROCESSORS has it."""
    found: dict[str, Cell] = {}
    for without in PROCESSORS:
        environment = {**os.environ, "NPY_DISABLE_CPU_FEATURES": without}
        command = [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "tests.distributions.test_accuracy_ratchet",
            "--print",
        ]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        for now in map(Cell.read, done.stdout.splitlines()):
            before = found.get(now.name, now)
            found[now.name] = Cell(
                now.name, min(now.within, before.within), now.of, max(now.worst, before.worst)
            )
    return found


def main() -> int:
    """Writes the record anew, each cell as good as it has ever been; tells what has become worse."""
    if "--print" in sys.argv:
        print(
            *(found.line for dtype in DTYPES for found in cells(dtype, cases.available()).values()), sep="\n"
        )
        return 0
    recorded, now = record(), of_all_processors()
    lines = [found.line for name, found in recorded.items() if name not in now]
    fallen = [
        f"{name}: no longer measured; delete its line if that is meant"
        for name in sorted(recorded.keys() - now)
    ]
    for name, found in now.items():
        before = recorded.get(name)
        if before is not None and before.of == found.of:
            fallen += filter(None, [objection(found, before)])
            found = Cell(name, max(found.within, before.within), found.of, min(found.worst, before.worst))
        lines.append(found.line)
    changed = len(set(lines) - {found.line for found in recorded.values()})
    RECORD.write_text("\n".join(sorted(lines)) + "\n", encoding="utf-8")
    print(f"{len(lines)} cells, {changed} of them new or better than recorded")
    print(*fallen, sep="\n", end="", file=sys.stderr)
    return 1 if fallen else 0


if __name__ == "__main__":
    sys.exit(main())
