"""Distributions of counts and labels."""
