"""Optimizers, their hooks and learning-rate schedules."""

from .adam import Adam, AdamW
from .hooks import GradientClipping, GradientHardClipping, Lasso, WeightDecay
from .hyperparameters import Hyperparameter
from .optimizer import Optimizer
from .schedules import CosineDecay, ExponentialDecay, LearningRateSchedule, PiecewiseConstant, Warmup
from .sgd import SGD, MomentumSGD, RMSprop

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "CosineDecay",
    "ExponentialDecay",
    "GradientClipping",
    "GradientHardClipping",
    "Hyperparameter",
    "Lasso",
    "LearningRateSchedule",
    "MomentumSGD",
    "Optimizer",
    "PiecewiseConstant",
    "RMSprop",
    "Warmup",
    "WeightDecay",
]
