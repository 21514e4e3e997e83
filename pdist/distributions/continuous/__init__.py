"""Continuous distributions of real numbers."""
