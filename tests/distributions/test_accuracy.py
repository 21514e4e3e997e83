"""Every distribution against mpmath at random values, in units in the last place, in both dtypes.

A case states its formulas a second time, in mpmath and in their plainest form: what is compared keeps
its digits by its own devices. An error counts beside the largest term that the truth is composed of.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from accuracy_cases import CDFS, ROWS, Case, probabilities
from accuracy_formulas import DIGITS
from accuracy_table import CASES
from exactly import ulps
from hypothesis import given
from hypothesis import strategies as st

import pdist
import pdist.distributions as D
from benchmarks.accuracy import cases as references
from pdist import Variable, kl_divergence

# The comparison --------------------------------------------------------------------------------------------


def exact(value: Any) -> Any:
    """A drawn number or tuple in mpmath's numbers, as float32 holds it."""
    if isinstance(value, tuple):
        return [exact(v) for v in value]
    return mp.mpf(float(np.float32(value)))


def variable(rows: list[Any], dtype: Any) -> Variable:
    """Drawn numbers or tuples, one per row."""
    return Variable(np.array(rows, np.float32).astype(dtype))


def flat(nested: Any) -> list[Any]:
    return [v for part in nested for v in flat(part)] if isinstance(nested, (list, tuple)) else [nested]


def compare(
    case: Case, quantity: str, got: Any, expected: list[Any], sizes: list[Any], label: str = ""
) -> None:
    """Hold answers to their limit; ``sizes`` has the largest term behind each of them."""
    expected, sizes, got = flat(expected), flat(sizes), np.ravel(got)
    defined = [i for i, t in enumerate(expected) if not mp.isnan(t)]
    if not defined:
        return
    expected, sizes, got = [expected[i] for i in defined], [sizes[i] for i in defined], got[defined]
    errors = ulps(got, expected, [float(abs(s)) for s in sizes])
    limits = np.full(errors.shape, float(case.limit(quantity)))
    if quantity in case.amplified:
        limits *= [1 + float(abs(mp.log(abs(t)))) if t else 1 for t in expected]
    worst = int(np.argmax(errors / limits))
    assert errors[worst] <= limits[worst], (
        f"{case.name}: {label or quantity}[{defined[worst]}] is {got[worst]!r}, expected "
        f"{mp.nstr(expected[worst], 20)}: {errors[worst]:.3g} ulps, allowed are {limits[worst]:.3g}"
    )


def slopes(formula: Callable[..., Any], row: list[Any], by: int) -> list[Any]:
    """The derivatives of ``formula`` by the elements of one argument."""
    vector = isinstance(row[by], list)
    elements = row[by] if vector else [row[by]]

    def at(i: int, t: Any) -> Any:
        moved = [*elements[:i], t, *elements[i + 1 :]]
        return formula(*row[:by], moved if vector else moved[0], *row[by + 1 :])

    found = []
    for i, v in enumerate(elements):
        with mp.workdps(4 * DIGITS):
            h = (abs(v) or 1) * mp.mpf(10) ** -DIGITS
            slope = (at(i, v + h) - at(i, v - h)) / (2 * h)
        # What is left of a slope of zero is noise; at an end of where the formula holds there is none.
        found.append(mp.nan if not mp.isfinite(slope) else slope if abs(slope) > 1e-60 else mp.mpf(0))
    return found


def compare_gradients(
    case: Case,
    quantity: str,
    formula: Callable[..., Any],
    rows: list[list[Any]],
    inputs: dict[int, tuple[str, Variable]],
) -> None:
    """Gradients of what ``formula`` states, each beside the largest component of its row's."""
    truths = {by: [slopes(formula, row, by) for row in rows] for by in inputs}
    found = [[v for by in inputs for v in truths[by][i] if not mp.isnan(v)] for i in range(len(rows))]
    largest = [max(map(abs, row), default=0) for row in found]
    for by, (name, leaf) in inputs.items():
        sizes = [[largest[i]] * len(truths[by][i]) for i in range(len(rows))]
        if name in case.sizes:
            sizes = [[max(largest[i], abs(case.sizes[name](*row)))] for i, row in enumerate(rows)]
        got = np.zeros(leaf.shape, leaf.dtype) if leaf.grad is None else leaf.grad
        compare(case, quantity, got, truths[by], sizes, f"{quantity} {name}")


def rows_of(case: Case) -> Any:
    """Some rows of parameters with a value and a probability each."""
    row = st.tuples(st.fixed_dictionaries(case.parameters), case.value, probabilities)
    return st.lists(row, min_size=ROWS, max_size=ROWS)


def draw(case: Case, drawn: Any, dtype: Any) -> tuple[dict[str, Variable], list[list[Any]]]:
    """The parameters as Variables, and as mpmath's numbers by row."""
    names = list(case.parameters)
    leaves = {name: variable([row[0][name] for row in drawn], dtype) for name in names}
    return leaves, [[exact(row[0][name]) for name in names] for row in drawn]


every_case = pytest.mark.parametrize("case", CASES, ids=str)
each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@each_dtype
@every_case
def test_values_and_gradients(case: Case, dtype: type) -> None:
    @given(rows_of(case))
    def check(drawn: Any) -> None:
        with mp.workdps(DIGITS):
            leaves, rows = draw(case, drawn, dtype)
            at = [case.place(row[1], **row[0]) for row in drawn]
            x = variable(at, dtype)
            rows = [[exact(v), *row] for v, row in zip(at, rows, strict=True)]
            y = case.make(**leaves).log_prob(x)
            size = case.sizes.get("log_prob", lambda *row: 1)
            sizes = [size(*row) for row in rows]
            compare(case, "log_prob", y.array, [case.log_prob(*row) for row in rows], sizes)
            names = list(case.parameters)
            free = names if case.free is None else case.free
            inputs = {1 + names.index(name): ("d_" + name, leaves[name]) for name in free}
            if case.continuous:
                inputs[0] = ("d_x", x)
            if inputs:
                y.grad = np.ones_like(y.array)
                y.backward()
                compare_gradients(case, "gradient", case.log_prob, rows, inputs)

    check()


@each_dtype
@every_case
def test_tails_and_quantiles(case: Case, dtype: type) -> None:
    @given(rows_of(case))
    def check(drawn: Any) -> None:
        with mp.workdps(2 * DIGITS):
            leaves, rows = draw(case, drawn, dtype)
            dist = case.make(**leaves)
            at = [case.place(row[1], **row[0]) for row in drawn]
            x = variable(at, dtype)
            full = [[exact(v), *row] for v, row in zip(at, rows, strict=True)]
            for name in CDFS + ("responsibilities",):
                if name not in case.truths:
                    continue
                truth = [case.truths[name](*row) for row in full]
                compare(case, name, getattr(dist, name)(x).array, truth, [0] * len(flat(truth)))
                if name in CDFS:
                    logs = [mp.log(t) if t else -mp.inf for t in truth]
                    finite = [i for i, t in enumerate(logs) if mp.isfinite(t)]
                    got = getattr(dist, f"log_{name}")(x).array
                    compare(case, f"log_{name}", got[finite], [logs[i] for i in finite], [0] * len(finite))
            if "icdf" in case.truths:
                p = [row[2] for row in drawn]
                full = [[exact(v), *row] for v, row in zip(p, rows, strict=True)]
                sizes = [case.sizes.get("icdf", lambda *row: 0)(*row) for row in full]
                got = dist.icdf(variable(p, dtype)).array
                compare(case, "icdf", got, [case.truths["icdf"](*row) for row in full], sizes)

    check()


@each_dtype
@every_case
def test_moments(case: Case, dtype: type) -> None:
    @given(rows_of(case))
    def check(drawn: Any) -> None:
        with mp.workdps(DIGITS):
            leaves, rows = draw(case, drawn, dtype)
            dist = case.make(**leaves)
            for name in ("entropy", "mean", "variance"):
                if name in case.truths:
                    truth = [case.truths[name](*row) for row in rows]
                    size = case.sizes.get(name, lambda *row, name=name: int(name == "entropy"))
                    sizes = [[abs(size(*row))] * len(flat(t)) for row, t in zip(rows, truth, strict=True)]
                    compare(case, name, getattr(dist, name).array, truth, sizes)

    check()


@each_dtype
@pytest.mark.parametrize("case", [case for case in CASES if case.kl is not None], ids=str)
def test_divergences(case: Case, dtype: type) -> None:
    @given(rows_of(case), rows_of(case))
    def check(of_p: Any, of_q: Any) -> None:
        with mp.workdps(4 * DIGITS):  # the squares of tiny differences
            (p, p_rows), (q, q_rows) = draw(case, of_p, dtype), draw(case, of_q, dtype)
            rows = [a + b for a, b in zip(p_rows, q_rows, strict=True)]
            y = kl_divergence(case.make(**p), case.make(**q))
            truth = [case.kl(*row) for row in rows]
            compare(case, "kl", y.array, truth, [0] * ROWS)
            finite = [i for i, t in enumerate(truth) if mp.isfinite(t)]
            leaves = [*p.items(), *q.items()]
            names = [name for name, _ in leaves]
            if case.free is None and len(finite) == ROWS:
                y.grad = np.ones_like(y.array)
                y.backward()
                inputs = {i: (f"{'pq'[i >= len(p)]}.{names[i]}", leaf) for i, (_, leaf) in enumerate(leaves)}
                compare_gradients(case, "kl gradient", case.kl, rows, inputs)

    check()


# Those with neither a case here nor stored references, and where they are compared with mpmath.
ELSEWHERE = {
    "WrappedNormal": "test_circular.py",
    "DiscreteUniform": "test_discrete_uniform.py",
    "Deterministic": "test_finite_discrete.py",
    "Empirical": "test_empirical.py",
    "OneHotCategoricalStraightThrough": "test_relaxed_one_hot.py",
    "Lomax": "test_lomax_and_pert.py",
    "PERT": "test_lomax_and_pert.py",
    "FiniteDiscrete": "test_finite_discrete.py",
    "BetaBinomial": "test_beta_binomial.py",
    "Censored": "test_bounded.py",
    "Truncated": "test_bounded.py",
    "Folded": "test_folded.py",
    "ZeroInflated": "test_zero_counts.py",
    "ZeroTruncated": "test_zero_counts.py",
    "MultivariateNormal": "test_normal_vectors.py",
    "MultivariateNormalDiag": "test_normal_vectors.py",
    "LowRankMultivariateNormal": "test_normal_vectors.py",
    "MultivariateStudentT": "test_normal_vectors.py",
    "Wishart": "test_matrices.py",
    "InverseWishart": "test_matrices.py",
    "LKJ": "test_matrices.py",
    "MatrixNormal": "test_matrices.py",
    "PlackettLuce": "test_matrices.py",
    "LogisticNormal": "../test_transforms.py",
    "TransformedDistribution": "../test_transforms.py",
}


def test_no_distribution_is_left_out() -> None:
    covered = {part for case in CASES for part in case.name.split()}
    covered |= {name.partition("-")[0] for name in references.available()}
    for name, cls in vars(D).items():
        if inspect.isclass(cls) and issubclass(cls, D.Distribution) and cls is not D.Distribution:
            if name in ELSEWHERE:
                assert name in (Path(__file__).parent / ELSEWHERE[name]).read_text()
            else:
                assert name in covered, f"{name} has no case in accuracy_table.py, and no references"


def test_pdist_is_what_is_measured() -> None:
    """float32 in, float32 out: no detour is hidden in what the cases compare."""
    assert D.Normal(np.float32(0), np.float32(1)).log_prob(np.float32(1)).dtype == np.float32
    assert pdist.config.dtype == np.float32
