"""The stored references, read into groups of cases."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import numpy as np

REFERENCES = Path(__file__).parent / "references"

# The quantities of a group of each kind, in the order of the table; a gradient `d_NAME` belongs to the first.
QUANTITIES = {
    "x": ("log_prob", "cdf", "sf", "log_cdf", "log_sf", "responsibilities"),
    "p": ("icdf",),
    "m": ("entropy", "mean", "variance"),
    "kl": ("kl",),
}


@dataclasses.dataclass
class Group:
    """Cases of one distribution with the same parametrization and the same quantities.

    Attributes:
        distribution: Name, such as ``Normal``.
        parametrization: Which parameters are given, such as ``log_scale`` or ``logit.5``.
        kind: ``x``, ``p``, ``m`` or ``kl``, see the README next to the references.
        inputs: Name to array, cases along the first axis.
        truths: Quantity to ``(hi, lo)``: the true value is their sum.
    """

    distribution: str
    parametrization: str
    kind: str
    inputs: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
    truths: dict[str, tuple[np.ndarray, np.ndarray]] = dataclasses.field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.distribution}.{self.parametrization}:{self.kind}"

    @property
    def size(self) -> int:
        return len(next(iter(self.inputs.values())))

    def questions(self) -> dict[str, list[str]]:
        """Each evaluation with the quantities that it yields: gradients come with their value."""
        gradients = sorted(name for name in self.truths if name.startswith("d_"))
        asked = [name for name in QUANTITIES[self.kind] if name in self.truths]
        return {name: [name, *gradients] if name in ("log_prob", "kl") else [name] for name in asked}

    def part(self, i: int) -> Group:
        """The group of its i-th case alone."""
        inputs = {name: array[i : i + 1] for name, array in self.inputs.items()}
        return dataclasses.replace(self, inputs=inputs)


def available() -> list[str]:
    """Names of the distributions that have references."""
    return sorted(path.stem for path in REFERENCES.glob("*.npz"))


def load(distributions: Iterable[str]) -> list[Group]:
    """Reads the groups of the named distributions.

    Raises:
        ValueError: If a name has no references; the message says which have.
    """
    groups: dict[str, Group] = {}
    for distribution in distributions:
        if distribution not in available():
            raise ValueError(f"no references for {distribution!r}; there are {', '.join(available())}")
        with np.load(REFERENCES / f"{distribution}.npz") as stored:
            for key in stored.files:
                name, part, quantity = key.split("|")
                head, kind = name.split(":")
                group = groups.setdefault(name, Group(distribution, head.partition(".")[2], kind))
                if part == "in":
                    group.inputs[quantity] = stored[key]
                elif part == "hi":
                    group.truths[quantity] = (stored[key], stored[f"{name}|lo|{quantity}"])
    return list(groups.values())
