"""Distributions composed of other distributions."""
