"""The LogitNormal distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import functions as F
from ...autograd import Variable
from ...numerics import logit_normal as formulas
from ...transforms.supports import positive, real
from ..base.parameters import Param
from ..base.weighted_data import Data
from ..families.logit_place import LogitPlace
from .normal import StandardNormal


class LogitNormal(LogitPlace):
    r"""The distribution of sigmoid(Y) for a Normal Y.

    .. math:: p(x) = \frac{1}{\sqrt{2 \pi} \sigma x (1 - x)}
        \exp\left(-\frac{(\operatorname{logit} x - \mu)^2}{2 \sigma^2}\right), \quad 0 < x < 1

    Args:
        loc: the mean mu of logit X, of shape ``[*batch]``.
        scale: the standard deviation sigma > 0 of logit X, of shape ``[*batch]``.

    Mean, variance and entropy are sums of series. If there are two modes, ``mode`` is the higher one, and of
    two as high that above 1/2. Samples that would round to 0 or 1 are held inside.

    Source:
        J. Aitchison and S. M. Shen, "Logistic-normal distributions: Some properties and uses", Biometrika 67
        (1980).

    >>> import numpy as np
    >>> LogitNormal(loc=np.array([0.0, 1.0]), scale=1.0).cdf(0.5).array
    array([0.5       , 0.15865525])
    """

    loc = Param(real)
    scale = Param(positive)
    standard, log_norm_residual = StandardNormal, 7.223936088e-17

    def _place(self) -> tuple[Variable, Variable]:
        return self.loc, self.scale

    def _mode(self) -> Variable:
        return F.sigmoid(formulas.logit_normal_mode(self.loc, self.scale))

    def _mean(self) -> Variable:
        return formulas.logit_normal_mean(self.loc, self.scale)

    def _variance(self) -> Variable:
        return formulas.logit_normal_variance(self.loc, self.scale)

    def _entropy(self) -> Variable:
        return formulas.logit_normal_entropy(self.loc, self.scale)

    @classmethod
    def _fitted(cls, data: Data, loc: Any = None, scale: Any = None) -> dict[str, Any]:
        y = np.log(data.values) - np.log1p(-data.values)
        loc = data.average(y) if loc is None else loc
        return {"loc": loc, "scale": np.sqrt(data.average((y - loc) ** 2)) if scale is None else scale}
