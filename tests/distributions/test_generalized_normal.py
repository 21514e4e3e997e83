"""GeneralizedNormal near its location."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

import pdist
import pdist.distributions as D
from pdist import Variable


@pytest.mark.parametrize("x", [1e-300, 1e-100, 2.0**-126, 1e-30, 1e-3])
@pytest.mark.parametrize("power", [1.0009765625, 1.0442737340927124, 3.0])
def test_the_slope_by_the_location_keeps_its_digits(x: float, power: float) -> None:
    loc = Variable(np.array(0.0))
    (found,) = pdist.grad([D.GeneralizedNormal(loc, 1.0, power).log_prob(np.array(x))], [loc])
    with mp.workdps(40):
        expected = float(mp.mpf(power) * mp.mpf(x) ** (mp.mpf(power) - 1))
    assert abs(found.array - expected) <= 4 * np.spacing(expected)
