"""Divergences between distributions: in closed form, or by an estimate asked for by name."""
