"""Distributions of a real number."""
