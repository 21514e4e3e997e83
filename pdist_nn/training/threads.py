"""The number of threads for the matrix products of a training step."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

# Up to this many multiplications in a product, a second thread gains less than it loses if another process is
# busy: waiting OpenBLAS threads spin, and keep the core from others.
SMALL_PRODUCT = 1e8


def largest_product(model: Any, batch_size: int) -> float:
    """The multiplications of the largest product of a batch with a matrix of the model's parameters."""
    sizes = [p.size for p in model.params() if p.array is not None and p.ndim > 1]
    return float(batch_size * max(sizes, default=0))


def few_blas_threads(model: Any, batch_size: int) -> AbstractContextManager[Any]:
    """A context in which BLAS uses one thread, if the products are small and threadpoolctl is installed.

    Waiting OpenBLAS threads spin. If another process is busy, the second thread occupies the core that one of
    the two needs, and both wait for each other. :func:`pdist_nn.fit` uses this context; your own loop
    can use it too.

    Args:
        model: a Link.
        batch_size: number of examples per step.

    >>> import pdist_nn
    >>> with few_blas_threads(pdist_nn.links.Linear(2, 3), 32):
    ...     pass
    """
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return nullcontext()
    small = largest_product(model, batch_size) <= SMALL_PRODUCT
    return threadpool_limits(1, user_api="blas") if small else nullcontext()
