"""The package as a whole: what an import costs, what version it is."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# --- The weight of an import ----------------------------------------------------------------------


def fresh(code: str) -> str:
    """What a fresh interpreter prints, untouched by what this one's environment says to Python."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV_"))
    }
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_brings_in_nothing_but_numpy_and_scipy() -> None:
    code = "import {}, sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    # Compiled modules leave odd names of their own behind, which the same modules leave without pdist too.
    usual = set(fresh(code.format("numpy, scipy.special")).split()) | set(sys.stdlib_module_names)
    foreign = set(fresh(code.format("pdist")).split()) - usual - {"pdist"}
    assert not foreign, f"import pdist imports {', '.join(sorted(foreign))} too"


def test_tracing_is_imported_when_it_is_asked_for() -> None:
    """`trace` and `TraceError` are there all the same, by every way of import."""
    code = "import pdist, sys; print('pdist.tracing' in sys.modules, 'trace' in dir(pdist), {})"
    for expression in (
        "pdist.trace.__module__",
        "pdist.TraceError.__name__",
        "pdist.tracing.trace is pdist.trace",
    ):
        early, listed, found = fresh(code.format(expression)).split()
        assert (early, listed) == ("False", "True")
        assert found in ("pdist.tracing.traced", "TraceError", "True")
    assert fresh("from pdist import *; print(trace.__name__)").strip() == "trace"
    assert fresh("import pdist; print(hasattr(pdist, 'nothing'))").strip() == "False"


def test_import_is_light() -> None:
    """At most 1.3 times `import numpy, scipy.special`.

    The main thread's processor time, which counts neither waiting on a busy machine nor the threads that BLAS
    starts, and the least of some runs, which noise can only lengthen; more runs are made while they may still
    help.
    """
    code = "import time; start = time.thread_time(); import {}; print(time.thread_time() - start)"
    theirs, ours = "numpy, scipy.special", "pdist"
    least = {name: float("inf") for name in (theirs, ours)}
    for name in least:
        fresh(code.format(name))  # compiles what is not compiled yet
    for _ in range(15):
        for name in least:
            least[name] = min(least[name], float(fresh(code.format(name))))
        if least[ours] < 1.2 * least[theirs]:
            break
    ratio = least[ours] / least[theirs]
    # CPython can be a third slower at some depths of the stack, where each call goes over the edge of a chunk
    # of it; that pdist/__init__.py imports NumPy and SciPy itself, before its parts do, keeps clear of that.
    assert ratio < 1.3, f"import pdist takes {ratio:.2f} times as long as import {theirs}"


# --- The version ----------------------------------------------------------------------------------


def test_version_is_said_once() -> None:
    import pdist

    with open(ROOT / "pyproject.toml", "rb") as file:
        assert pdist.__version__ == tomllib.load(file)["project"]["version"]
