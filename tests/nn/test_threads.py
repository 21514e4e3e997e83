"""Small products take one thread of BLAS while a model is trained."""

from __future__ import annotations

import numpy as np
import pytest

import pdist.functions as F
import pdist_nn as nn
from pdist_nn.training.threads import few_blas_threads, largest_product

threadpoolctl = pytest.importorskip("threadpoolctl")


def blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"}


def test_the_largest_product_is_counted() -> None:
    model = nn.Sequential(nn.links.Linear(4, 8), F.tanh, nn.links.Linear(8, 3))
    assert largest_product(model, 10) == 10 * 32
    assert largest_product(nn.Sequential(nn.links.Linear(None, 3)), 10) == 0  # not known yet


def test_small_models_train_on_one_thread_and_large_ones_as_before() -> None:
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        with few_blas_threads(nn.links.Linear(4, 8), 32):
            assert blas_threads() == {1}
        assert blas_threads() == before
        with few_blas_threads(nn.links.Linear(2000, 2000), 64):
            assert blas_threads() == before


def test_fit_does_so() -> None:
    seen = []

    def loss(y: object, t: object) -> object:
        seen.append(blas_threads())
        return F.mean_squared_error(y, t)

    x = np.linspace(0, 1, 8)[:, None]
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        nn.fit(nn.links.Linear(1, 1), loss, (x, x), trace=False)
    assert set(map(frozenset, seen)) == {frozenset({1})}
