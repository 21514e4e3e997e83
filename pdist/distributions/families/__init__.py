"""Families: base classes that derive a whole distribution from a few one-line functions."""

from .interval import Interval
from .lattice import Lattice
from .location_scale import ExpLocationScale, LocationScale, PositiveScale
from .logit_place import LogitPlace
from .logits import InnerOdds, Logits, Odds
from .standard import Standard

__all__ = [
    "ExpLocationScale",
    "InnerOdds",
    "Interval",
    "Lattice",
    "LocationScale",
    "LogitPlace",
    "Logits",
    "Odds",
    "PositiveScale",
    "Standard",
]
