"""Bijections with log-determinants: of numbers, of vectors and matrices, and compositions.

>>> import numpy as np
>>> from pdist import transforms as T
>>> y, log_det = T.Tanh().forward_and_log_det(np.array([0.5, 20.0]))
>>> log_det.array  # log(1 - tanh(x)^2) itself is -inf at 20
array([ -0.24022902, -38.61370564])
"""

from .base import Elementwise, Inverse, Transform
from .compositions import Chain, Concat, Gram, Stack, biject_to, transform_to
from .matrices import CholeskyFactor, CorrelationCholesky
from .numbers import (
    Abs,
    Affine,
    Exp,
    Identity,
    KumaraswamyCDF,
    LeakyReLU,
    Log,
    Logit,
    NormalCDF,
    Power,
    RationalQuadraticSpline,
    Reciprocal,
    Sigmoid,
    Softplus,
    Tanh,
)
from .vectors import (
    CumulativeSum,
    Householder,
    MatvecLU,
    Ordered,
    Permute,
    Reshape,
    ScaleTriL,
    SoftmaxCentered,
    StickBreaking,
)

__all__ = [
    "Abs",
    "Affine",
    "Chain",
    "CholeskyFactor",
    "Concat",
    "CorrelationCholesky",
    "CumulativeSum",
    "Elementwise",
    "Exp",
    "Gram",
    "Householder",
    "Identity",
    "Inverse",
    "KumaraswamyCDF",
    "LeakyReLU",
    "Log",
    "Logit",
    "MatvecLU",
    "NormalCDF",
    "Ordered",
    "Permute",
    "Power",
    "RationalQuadraticSpline",
    "Reciprocal",
    "Reshape",
    "ScaleTriL",
    "Sigmoid",
    "SoftmaxCentered",
    "Softplus",
    "Stack",
    "StickBreaking",
    "Tanh",
    "Transform",
    "biject_to",
    "transform_to",
]
