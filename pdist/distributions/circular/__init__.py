"""Distributions of angles."""
