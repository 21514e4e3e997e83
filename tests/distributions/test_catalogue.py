"""Every property over every distribution, and that no distribution and no divergence is left out."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st

import pdist
import pdist.distributions as D
from pdist.autograd import Variable
from pdist.backend import default_library
from pdist.distributions.divergences.registry import registered_kl
from pdist.testing import PROPERTIES, Inapplicable, check_kl, check_scipy, strategies
from pdist.testing.catalogue import CATALOGUE, Entry, entries_of
from pdist.testing.checking import search
from pdist.testing.variants import remake

APPLICABLE = [
    pytest.param(entry, name, id=f"{entry.name}-{name}")
    for entry in CATALOGUE.values()
    for name in PROPERTIES
    if name not in entry.lacks and name != "kl"
]
ENTRIES = [pytest.param(entry, id=entry.name) for entry in CATALOGUE.values()]
# A property asks a distribution many times over, and families share their code: an eighth of the usual
# examples will do. `pytest -m slow` searches deeply.
EXAMPLES = max(settings.default.max_examples // 8, 1)
# What also holds with parameters on the edge of what they may be: the others need quadrature or small steps.
EVEN_AT_EDGES = ("shapes", "support", "copies", "repr")


def on(drawn: st.SearchStrategy[D.Distribution], device: str) -> st.SearchStrategy[D.Distribution]:
    """The same distributions on the device under test."""
    if device == "cpu":
        return drawn
    with pdist.using_device(device):
        owner = default_library()
    return drawn.map(lambda dist: remake(dist, lambda v: Variable(owner.from_host(v.array))))


def run(
    entry: Entry, name: str, device: str, examples: int | None = None, deep: bool = False, **wishes: Any
) -> None:
    options = {"extended": entry.extended} if name == "support" else {}
    examples = EXAMPLES if examples is None else examples
    drawn = entry.distributions(gently=name == "pathwise", **wishes)
    search(PROPERTIES[name], on(drawn, device), examples, deep, **options)


@pytest.mark.parametrize(("entry", "name"), APPLICABLE)
def test_property(entry: Entry, name: str, device: str) -> None:
    run(entry, name, device, min_side=1)


@pytest.mark.slow
@pytest.mark.parametrize(("entry", "name"), APPLICABLE)
def test_property_deeply(entry: Entry, name: str, device: str) -> None:
    run(entry, name, device, examples=200, deep=True, min_side=1)


@pytest.mark.parametrize("name", EVEN_AT_EDGES)
@pytest.mark.parametrize("entry", ENTRIES)
def test_property_at_the_edges_of_parameters(entry: Entry, name: str, device: str) -> None:
    run(entry, name, device, min_side=1, edges=True)


@pytest.mark.parametrize("name", ["shapes", "copies"])
@pytest.mark.parametrize("entry", ENTRIES)
def test_property_of_an_empty_batch(entry: Entry, name: str, device: str) -> None:
    run(entry, name, device, examples=2, batch_shape=(0, 2))


@pytest.mark.parametrize("entry", [p for p in ENTRIES if p.values[0].twin is not None])
def test_agrees_with_scipy(entry: Entry) -> None:
    drawn = entry.distributions(dtype=np.float64, min_side=1)
    search(check_scipy, drawn, 2 * EXAMPLES, twin=entry.twin)


@pytest.mark.parametrize(
    ("entry", "name"),
    [pytest.param(e, name, id=f"{e.name}-{name}") for e in CATALOGUE.values() for name in sorted(e.lacks)],
)
def test_what_an_entry_lacks_makes_no_sense_for_it(entry: Entry, name: str) -> None:
    with pytest.raises(Inapplicable):
        run(entry, name, "cpu", examples=2, min_side=1)


# --- Divergences ---------------------------------------------------------------------------------


def pairs() -> list[Any]:
    """Every registered pair of classes, by the entries that stand for them."""
    found = []
    for p_type, q_type in registered_kl():
        if D.Independent in (p_type, q_type) and p_type is not q_type:
            continue  # of Normals alone: see test_normal_vectors.py
        for p in entries_of(p_type):
            for q in entries_of(q_type):
                if "kl" in p.lacks | q.lacks:
                    continue  # of matrices: see test_matrices.py
                if p_type is not q_type or p is q:
                    found.append(pytest.param(p, q, id=f"{p.name}-{q.name}"))
    return found


@pytest.mark.parametrize(("p", "q"), pairs())
def test_kl(p: Entry, q: Entry, device: str) -> None:
    @st.composite
    def both(draw: st.DrawFn) -> Any:
        """Two distributions that can be compared, as one strategy."""
        batch = draw(strategies.shapes(min_side=1))
        size = draw(st.integers(1, min(3, p.most, q.most)))
        return tuple(draw(on(e.distributions(batch_shape=batch, size=size), device)) for e in (p, q))

    search(lambda pair, seed: check_kl(*pair, seed=seed), both(), EXAMPLES)


def test_every_registered_divergence_is_tested() -> None:
    for p_type, q_type in registered_kl():
        assert entries_of(p_type), f"{p_type.__name__} has a divergence and no entry in the catalogue"
        assert entries_of(q_type), f"{q_type.__name__} has a divergence and no entry in the catalogue"


# --- The catalogue itself ---------------------------------------------------------------------------


def test_every_distribution_is_in_the_catalogue() -> None:
    groundwork = {D.Distribution}
    exported = {v for v in vars(D).values() if inspect.isclass(v) and issubclass(v, D.Distribution)}
    missing = exported - groundwork - {entry.cls for entry in CATALOGUE.values()}
    assert not missing, f"without an entry in pdist/testing/entries.py: {sorted(c.__name__ for c in missing)}"


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_draws_every_alternative(entry: Entry) -> None:
    seen: set[str] = set()
    search(lambda dist, seed: seen.update(dist.params), entry.distributions(), 60)
    expected = set(entry.cls.parameters)
    assert expected <= seen, f"{entry.name} never draws {sorted(expected - seen)}"
