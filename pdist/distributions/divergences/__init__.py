"""Divergences between distributions: by formula, or by an estimate asked for by name."""
