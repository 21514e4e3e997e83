"""Numerically accurate kernels on raw arrays, and ops made from them. No distribution is imported here."""
