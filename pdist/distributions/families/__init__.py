"""Families: base classes that turn a few one-line functions into a whole distribution."""

from .lattice import Lattice
from .location_scale import ExpLocationScale, LocationScale, PositiveScale
from .logits import Logits, Odds
from .standard import Standard

__all__ = ["ExpLocationScale", "Lattice", "LocationScale", "Logits", "Odds", "PositiveScale", "Standard"]
