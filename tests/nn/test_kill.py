"""A run that is killed at any moment goes on from its last snapshot to exactly the same end.

Four runs are killed five times each, 20 random moments in all: while they start, compute, write a snapshot
or the log.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]

# Dropout and a stochastic layer draw from the library's stream, the iterator from its own; a snapshot every
# third step takes more time than the steps do, so that many a kill hits one half-written.
PROGRAM = """
import sys
import numpy as np
import pdist
import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L
from pdist_nn import training
from pdist_nn.training import extensions

out = sys.argv[1]
pdist.random.seed(5)
rng = np.random.default_rng(0)
x = rng.uniform(-1, 1, (50, 2))
y = (x[:, :1] > x[:, 1:] ** 2).astype(float)
dropout = lambda h: F.dropout(h, 0.2)
model = nn.Sequential(L.DenseReparameterization(None, 12), F.tanh, dropout, L.Linear(12, 1))
optimizer = nn.optimizers.Adam(0.01).setup(model)
optimizer.add_hook(nn.optimizers.LearningRateSchedule(nn.optimizers.CosineDecay(150)))


def loss(x, y):
    sys.stdin.read(1)  # a step is made when it is allowed, or at once if nobody is there to allow it
    return F.mean((model(x) - y) ** 2) + model.kl_divergence() / 50


iterator = nn.iterators.SerialIterator(nn.datasets.TupleDataset(x, y), 7)
updater = training.StandardUpdater(iterator, optimizer, loss_func=loss)
trainer = training.Trainer(updater, (150, "iteration"), out=out)
trainer.extend(extensions.LogReport(trigger=(5, "iteration")))
trainer.extend(extensions.snapshot(filename="run.npz", autoload=True), trigger=(3, "iteration"))
print("begins", flush=True)
trainer.run()
nn.serializers.save_npz(out + "/end.npz", trainer)
log = trainer.get_extension("LogReport").log
print([(entry["iteration"], entry["main/loss"]) for entry in log], flush=True)
"""


def start(folder: Path, stdin: int = subprocess.DEVNULL) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder)],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def finish(folder: Path) -> tuple[str, dict[str, np.ndarray], float]:
    """Let a run end; its log, its state, and how long it took after it began."""
    process = start(folder)
    assert process.stdout is not None
    line = process.stdout.readline()
    begun = time.perf_counter()
    out, errors = process.communicate(timeout=60)
    assert line == "begins\n", errors
    assert process.returncode == 0, errors
    with np.load(folder / "end.npz") as file:
        return out, dict(file), time.perf_counter() - begun


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, np.ndarray], float]:
    return finish(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_run_ends_as_if_it_had_not_been(tmp_path, whole, seed):
    expected_log, expected, duration = whole
    rng = np.random.default_rng(seed)
    for _ in range(5):
        process = start(tmp_path, stdin=subprocess.PIPE)
        assert process.stdin is not None
        assert process.stdout is not None
        # Five times fewer steps than the run has: however slow this process is, none comes to its end unhit.
        process.stdin.write("." * int(rng.integers(1, 29)))
        process.stdin.flush()
        if rng.random() < 0.9:
            process.stdout.readline()
            time.sleep(rng.exponential(duration / 10))  # about as long as these steps take
        else:
            time.sleep(rng.uniform(0, 0.2))
        process.kill()
        _, errors = process.communicate()
        assert errors == ""
        assert process.returncode == -9
    log, found, _ = finish(tmp_path)
    assert log == expected_log
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        if name not in ("elapsed_time", "extensions/LogReport/log"):  # times differ
            np.testing.assert_array_equal(found[name], array, err_msg=name)
    # A run that was killed after its end may have left a half of its last file, which no later run looks at
    assert not [n for n in os.listdir(tmp_path) if n.endswith(".tmp") and not n.startswith(".end.npz")]
