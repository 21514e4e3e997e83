"""The table: ``python -m benchmarks.accuracy --dist Normal --dtype float32 --worst 10``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable

import numpy as np

from . import cases
from .ask import Library
from .score import Score, score

WITHIN = 4  # ulps
GOAL_ALL, GOAL_KL = 92.0, 75.0  # percent of the values
GOAL_RELATIVE = {"float64": 1e-9, "float32": 1e-4}


def measure(library: Library, groups: Iterable[cases.Group], dtype: str) -> tuple[list[Score], list[str]]:
    """Scores every quantity of every group; the second list names those without a result."""
    scores, missing = [], []
    for group in groups:
        for question, quantities in group.questions().items():
            answers, remark = library.answer(group, question)
            for quantity in quantities:
                if np.isnan(group.truths[quantity][0]).all():
                    continue
                if quantity in answers:
                    scores.append(score(group, quantity, answers[quantity], dtype, remark))
            lacking = [quantity for quantity in quantities if quantity not in answers]
            if lacking:
                missing.append(f"{group.name} {' '.join(lacking)}: {remark or 'not computed'}")
    return scores, missing


class Pool:
    """The combined figures of several scores."""

    def __init__(self, scores: Iterable[Score]) -> None:
        scores = list(scores)

        def pooled(field: str) -> np.ndarray:
            return np.concatenate([np.empty(0), *(np.ravel(getattr(s, field)) for s in scores)])

        ulps, relative = pooled("ulps"), pooled("relative")
        self.ulps = ulps[~np.isnan(ulps)]
        self.nonfinite = int(pooled("nonfinite").sum())
        self.wrong_infinity = int(pooled("wrong_infinity").sum())
        self.not_zero = int(pooled("not_zero").sum())
        self.flushed = int(pooled("flushed").sum())
        self.relative = float(np.nanmax(relative)) if not np.isnan(relative).all() else 0.0
        # A value that should be finite and is not counts as a miss too.
        self.n = len(self.ulps) + self.nonfinite
        self.share = 100 * float((self.ulps <= WITHIN).sum()) / self.n if self.n else 100.0

    def quantile(self, q: float) -> float:
        return float(np.quantile(self.ulps, q)) if len(self.ulps) else float("nan")


def number(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.3g}"


ROW = "{:32} {:16} {:>5} {:>9} {:>9} {:>8} {:>7} {:>5} {:>6} {:>6} {:>6} {:>9}  {}"


def print_table(scores: list[Score]) -> None:
    titles = ("group", "quantity", "n", "max ulp", "p99", "median", f"<= {WITHIN} %")
    print(ROW.format(*titles, "nonf", "badinf", "not 0", "flush", "worst rel", "").rstrip())
    for s in scores:
        pool = Pool([s])
        spread = [number(pool.quantile(q)) for q in (1, 0.99, 0.5)]
        counts = [n or "" for n in (pool.nonfinite, pool.wrong_infinity, pool.not_zero, pool.flushed)]
        figures = [pool.n, *spread, f"{pool.share:.1f}", *counts, number(pool.relative)]
        print(ROW.format(s.group.name, s.quantity, *figures, s.remark[:90]).rstrip())


def print_summary(scores: list[Score], missing: list[str], dtype: str) -> bool:
    """Prints the figures of each distribution and of all with the goals; returns whether all are met."""
    names = list(dict.fromkeys(s.group.distribution for s in scores))
    row = "{:20} {:>10} {:>7} {:>12} {:>7} {:>13} {:>11} {:>7} {:>10}"
    print(f"\n{dtype}: percentage within {WITHIN} ulp: all except KL, KL with gradients, KL alone")
    print(
        row.format("", "values %", "n", "KL+grads %", "n", "KL alone %", "non-finite", "badinf", "worst rel")
    )

    def line(title: str, chosen: Callable[[Score], bool]) -> list[Pool]:
        some = [s for s in scores if chosen(s)]
        kl = [s for s in some if s.is_kl]
        everything, values = Pool(some), Pool(s for s in some if not s.is_kl)
        divergences, alone = Pool(kl), Pool(s for s in kl if not s.is_gradient)
        shares = [f"{p.share:.1f}" if p.n else "-" for p in (values, divergences, alone)]
        rest = [everything.nonfinite, everything.wrong_infinity, number(everything.relative)]
        print(row.format(title, shares[0], values.n, shares[1], divergences.n, shares[2], *rest))
        return [everything, values, divergences, alone]

    for name in names:
        line(name, lambda s, name=name: s.group.distribution == name)
    everything, values, divergences, alone = line("all", lambda s: True)
    goals = (GOAL_ALL, "", GOAL_KL, "", GOAL_KL, 0, 0, GOAL_RELATIVE[dtype])
    print(row.format("goal", *goals))
    for text in missing:
        print(f"no result: {text}")
    return (
        not missing
        and values.share >= GOAL_ALL
        and min(divergences.share, alone.share) >= GOAL_KL
        and everything.nonfinite == everything.wrong_infinity == 0
        and everything.relative <= GOAL_RELATIVE[dtype]
    )


def print_worst(scores: list[Score], count: int, by: str) -> None:
    """Prints the cases with the largest errors, wrong infinities and NaNs first, with their inputs."""
    found = []
    for s in scores:
        errors = np.where(s.nonfinite | s.wrong_infinity, np.inf, getattr(s, by))
        for flat in np.argsort(np.where(np.isnan(errors), -1, errors), axis=None)[::-1][:count]:
            index = np.unravel_index(flat, errors.shape)
            if errors[index] > 0:
                found.append((errors[index], s, index))
    found.sort(key=lambda case: -case[0])
    print(f"\nthe worst {min(count, len(found))} by {by}")
    for error, s, index in found[:count]:
        i, component = index[0], list(map(int, index[1:]))
        inputs = ", ".join(f"{name}={array[i].tolist()!r}" for name, array in s.group.inputs.items())
        got, truth = float(s.got[index]), float(s.group.truths[s.quantity][0][index])
        where = f"{s.quantity}{component or ''}"
        print(f"{number(error):>9}  {s.group.name} case {i}  {where}: got {got!r}, truth {truth!r}")
        print(f"{'':9}  {inputs}")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("--dtype", choices=("float64", "float32", "both"), default="both")
    parser.add_argument("--dist", nargs="+", metavar="NAME", help=f"of {', '.join(cases.available())}")
    parser.add_argument("--only", metavar="TEXT", help="only lines of the table that contain TEXT")
    parser.add_argument("--worst", type=int, default=0, metavar="N", help="print the N worst cases too")
    parser.add_argument("--by", choices=("ulps", "relative"), default="ulps", help="the measure of the worst")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--summary", action="store_true", help="leave out the table of groups and quantities")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a goal is missed")
    args = parser.parse_args(argv)
    try:
        groups = cases.load(args.dist or cases.available())
    except ValueError as error:
        parser.error(str(error))

    reached = True
    for dtype in ("float64", "float32") if args.dtype == "both" else (args.dtype,):
        with np.errstate(all="ignore"):
            scores, missing = measure(Library(dtype, args.device), groups, dtype)
        if args.only:
            scores = [s for s in scores if args.only in f"{s.group.name} {s.quantity}"]
        if not args.summary:
            print_table(scores)
        reached &= print_summary(scores, missing, dtype)
        if args.worst:
            print_worst(scores, args.worst, args.by)
        print()
    return 1 if args.check and not reached else 0


if __name__ == "__main__":
    sys.exit(main())
