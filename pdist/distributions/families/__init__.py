"""Families: base classes that turn a few one-line functions into a whole distribution."""
