"""Layers, optimizers and training for models whose outputs are distributions."""
