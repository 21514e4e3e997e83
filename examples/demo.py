"""The demo: a tour of distributions and all examples, with a page that shows every picture."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

if __package__ in (None, ""):  # run as a script: make the shared modules importable
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from examples import bayes_by_backprop, bernoulli_recovery, mdn, poisson_regression, tour, traced_step, vae
from examples.common import options, write_page

EXAMPLES = {
    "mdn": mdn,
    "bayes_by_backprop": bayes_by_backprop,
    "vae": vae,
    "poisson_regression": poisson_regression,
    "bernoulli_recovery": bernoulli_recovery,
    "tour": tour,
    "traced_step": traced_step,
}


def main(argv: Sequence[str] | None = None) -> Path:
    """Run everything and write ``index.html``; return its path."""
    parser = options(__doc__)
    parser.set_defaults(out=Path("demo-out"))
    args = parser.parse_args(argv)
    started = time.perf_counter()
    for name, example in EXAMPLES.items():
        quick = ["--quick"] if args.quick else []
        example.main(["--out", str(args.out / name), "--seed", str(args.seed), *quick])
    page = write_page(args.out, list(EXAMPLES))
    print(f"\nEverything took {time.perf_counter() - started:.0f} s. Now open\n  {page.resolve().as_uri()}")
    return page


if __name__ == "__main__":
    main()
