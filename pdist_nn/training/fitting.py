"""Training in one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pdist.autograd import Variable, config
from pdist.backend import library_of

from ..checks import check_finite, check_size
from ..datasets import TupleDataset
from ..datasets.batches import to_device
from ..iterators import SerialIterator
from ..link import Link
from ..losses import negative_log_likelihood
from ..optimizers import Adam
from ..optimizers.optimizer import Optimizer
from .extensions import Evaluator, FailOnNonNumber, LogReport, PrintReport, ProgressBar
from .threads import few_blas_threads
from .trainer import Trainer
from .updaters import StandardUpdater


def fit(
    model: Link,
    loss: Callable[[Any, Any], Variable] | None = negative_log_likelihood,
    data: Any = None,
    *,
    epochs: float = 1,
    batch_size: int = 32,
    optimizer: Optimizer | None = None,
    validation_data: Any = None,
    seed: int | None = None,
    device: Any = None,
    extensions: Sequence[Any] = (),
    progress: bool = False,
    verbose: bool = False,
    out: Any = None,
    trace: bool = False,
) -> dict[str, list[Any]]:
    """Train a model.

    Args:
        model: a Link. Floating data is cast to its dtype.
        loss: a function of the model's output and the target that returns a scalar; by default the mean
            negative log-likelihood. None: the model itself returns the loss of a batch.
        data: a pair of arrays, inputs and targets; or a dataset of such pairs (of whatever the model takes
            if ``loss`` is None).
        epochs: number of passes over the data.
        batch_size: number of examples per step; all of them if there are fewer.
        optimizer: Adam with a rate of 0.001 by default; it need not be set up.
        validation_data: like ``data``, evaluated after each epoch.
        seed: seed of the order of the examples.
        device: where to train: ``"cpu"``, ``"cuda"`` or a CUDA device number.
        extensions: further extensions of the trainer.
        progress: whether to show a progress bar.
        verbose: whether to print a line every epoch.
        out: a folder for the log and the files of extensions; None writes nothing.
        trace: whether to trace the training step, which is then faster and gives the same numbers, if
            model and loss are pure (see :class:`StandardUpdater`). Evaluation runs
            eagerly: its large batches spend their time in the arithmetic.

    If threadpoolctl is installed (``pip install pdist[train]``), small matrix products use a single BLAS
    thread: a second one gains little, and costs a lot if another process is busy.

    Returns:
        The log: for each name (``main/loss``, ``validation/main/loss``, ``epoch``, ...) a list of its values.

    Raises:
        ValueError: for data with nan or infinity, or a loss that is not a scalar.
        FloatingPointError: if the run diverges.

    >>> import numpy as np, pdist.functions as F, pdist_nn
    >>> x = np.linspace(0, 1, 64)[:, None]
    >>> model = pdist_nn.Sequential(pdist_nn.links.Linear(1, 8), F.tanh, pdist_nn.links.Linear(8, 1))
    >>> log = pdist_nn.fit(model, F.mean_squared_error, (x, x**2), epochs=3)
    >>> len(log["main/loss"])
    3
    """
    dataset = _dataset(data, "data", device)
    # A larger batch would make several passes over the data in a step, each of which would count as an epoch.
    batch_size = min(check_size("fit", "batch_size", batch_size), max(len(dataset), 1))
    optimizer = optimizer or Adam()
    if optimizer.target is not model:
        optimizer.setup(model)
    objective = model if loss is None else lambda x, y: loss(model(x), y)
    updater = StandardUpdater(
        SerialIterator(dataset, batch_size, seed=seed),
        optimizer,
        device=device,
        loss_func=objective,
        trace=trace,
    )
    trainer = Trainer(updater, (epochs, "epoch"), out=out)
    if validation_data is not None:
        held_out = SerialIterator(
            _dataset(validation_data, "validation_data", device), 1024, repeat=False, shuffle=False
        )
        trainer.extend(Evaluator(held_out, model, device=device, eval_func=objective))
    # On a device each check is a device sync
    trainer.extend(FailOnNonNumber(), trigger=(1, "iteration" if model.xp is np else "epoch"))
    report = LogReport(filename=None if out is None else "log.jsonl")
    trainer.extend(report)
    if verbose:
        trainer.extend(PrintReport())
    if progress:
        trainer.extend(ProgressBar())
    for extension in extensions:
        trainer.extend(extension)
    with few_blas_threads(model, batch_size):
        trainer.run()
    names = {name: None for entry in report.log for name in entry}
    return {name: [entry.get(name) for entry in report.log] for name in names}


def _dataset(data: Any, name: str, device: Any) -> Any:
    """The dataset for an argument; arrays are checked and moved here, once."""
    if data is None:
        raise TypeError(f"fit: {name} is missing; expected a pair of arrays or a dataset")
    if not isinstance(data, (tuple, list)):
        if library_of(data) is not None and config.validate:
            check_finite(data, f"fit: {name}")
        return data
    columns = [column if hasattr(column, "shape") else np.asarray(column) for column in data]
    for i, column in enumerate(columns):
        if config.validate:
            check_finite(column, f"fit: {name}[{i}]")
    return TupleDataset(*[column if device is None else to_device(column, device) for column in columns])


__all__ = ["fit"]
