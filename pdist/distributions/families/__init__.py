"""Families: base classes that derive a whole distribution from a few one-line functions."""

from .lattice import Lattice
from .location_scale import ExpLocationScale, LocationScale, PositiveScale
from .logits import Logits, Odds
from .standard import Standard

__all__ = ["ExpLocationScale", "Lattice", "LocationScale", "Logits", "Odds", "PositiveScale", "Standard"]
