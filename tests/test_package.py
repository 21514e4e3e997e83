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


def test_what_is_large_is_imported_when_it_is_asked_for() -> None:
    """Distributions and traces are there all the same, by every way of import."""
    code = (
        "import pdist, sys; late = {{'pdist.distributions', 'pdist.tracing'}}; names = set(dir(pdist)); "
        "print(bool(late & set(sys.modules)), {{'trace', 'kl_divergence', 'distributions'}} <= names, {})"
    )
    for expression in (
        "pdist.trace.__module__",
        "pdist.TraceError.__name__",
        "pdist.tracing.trace is pdist.trace",
        "pdist.distributions.kl_divergence is pdist.kl_divergence",
        "pdist.register_kl.__name__",
    ):
        early, listed, found = fresh(code.format(expression)).split()
        assert (early, listed) == ("False", "True")
        assert found in ("pdist.tracing.traced", "TraceError", "True", "register_kl")
    assert fresh("from pdist import *; print(trace.__name__, distributions.__name__)").split() == [
        "trace",
        "pdist.distributions",
    ]
    assert fresh("import pdist; print(hasattr(pdist, 'nothing'))").strip() == "False"


# --- The version ----------------------------------------------------------------------------------


def test_version_is_said_once() -> None:
    import pdist

    with open(ROOT / "pyproject.toml", "rb") as file:
        assert pdist.__version__ == tomllib.load(file)["project"]["version"]
