"""BetaBinomial against mpmath, also where it is nearly a Binomial."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

import pdist.distributions as D


@pytest.mark.parametrize("n", [1.0, 7.0, 1000.0])
@pytest.mark.parametrize(("a", "b"), [(1.0, 1.0), (0.125, 8.0), (1e8, 3e8), (2.0**-20, 2.0)])
def test_masses_keep_their_digits(n: float, a: float, b: float) -> None:
    x = np.unique(np.floor(np.linspace(0, n, 6)))
    found = D.BetaBinomial(np.array(n), a, b).log_prob(x).array
    with mp.workdps(60):
        truth = [
            mp.log(mp.binomial(n, int(k)))
            + mp.log(mp.beta(int(k) + mp.mpf(a), n - int(k) + mp.mpf(b)))
            - mp.log(mp.beta(a, b))
            for k in x
        ]
    expected = np.array(truth, float)
    assert (abs(found - expected) <= 40 * np.spacing(np.maximum(abs(expected), 1))).all()


def test_no_coins_show_nothing() -> None:
    assert D.BetaBinomial(np.array(0.0), 2.0, 3.0).prob(0.0).item() == 1.0
