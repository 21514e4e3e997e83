"""What the examples share: options, reports, and the page that shows them."""

from __future__ import annotations

import argparse
import html
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import pdist
import pdist_nn as nn
from pdist import plotting

DATA = Path(__file__).resolve().parent / "data"


def options(description: str | None, epochs: int | None = None) -> argparse.ArgumentParser:
    """The command line options of all examples; each may add to them."""
    parser = argparse.ArgumentParser(
        description=(description or "").splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for pictures and figures")
    parser.add_argument("--seed", type=int, default=0, help="seed of data, initial weights and draws")
    parser.add_argument("--quick", action="store_true", help="a short run, to check that everything works")
    if epochs is not None:
        parser.add_argument("--epochs", type=int, default=epochs, help="number of passes over the data")
        parser.add_argument("--device", default="cpu", help="cpu or cuda")
        parser.add_argument("--resume", action="store_true", help="continue the run in --out")
        parser.add_argument(
            "--no-trace", dest="trace", action="store_false", help="run every step eagerly: the same numbers"
        )
    return parser


def read_csv(name: str) -> tuple[np.ndarray, np.ndarray]:
    """The two columns of one of the data sets in examples/data."""
    table = np.loadtxt(DATA / f"{name}.csv", delimiter=",", skiprows=1)
    return table[:, 0], table[:, 1]


def train(
    args: argparse.Namespace,
    name: str,
    model: nn.Link,
    loss: Callable[[Any, Any], pdist.Variable] | None,
    data: Any,
    *,
    epochs: int | None = None,
    batch_size: int = 32,
    optimizer: Any = None,
    decay: bool = False,
    snapshot_every: int = 1,
    validation_data: Any = None,
    seed: int | None = None,
) -> Path:
    """``pdist_nn.fit`` with the command line's options; the run's folder is ``OUT/runs/NAME``.

    Afterwards the model is on the host, for figures and pictures. ``fit`` limits BLAS to one thread, if
    threadpoolctl is installed: the matrix products of all examples are small.

    Args:
        args: the command line.
        name: name of the run.
        model: a link.
        loss: of the model's output and the target; None if the model returns it.
        data: inputs and targets.
        epochs: number of passes over the data; by default the command line's.
        batch_size: number of examples per step.
        optimizer: by default Adam with a rate of 0.001.
        decay: whether the rate decreases to zero along half a cosine.
        snapshot_every: epochs from one snapshot to the next.
        validation_data: data to evaluate after each epoch.
        seed: seed of the order of the data; by default the command line's.

    Returns:
        The file of the log.
    """
    folder = args.out / "runs" / name
    epochs = args.epochs if epochs is None else epochs
    optimizer = (optimizer or nn.optimizers.Adam(1e-3)).setup(model)
    if decay:
        n = len(data[0] if isinstance(data, tuple) else data)
        schedule = nn.optimizers.CosineDecay(epochs * n // batch_size)
        optimizer.add_hook(nn.optimizers.LearningRateSchedule(schedule))
    snapshot = nn.training.extensions.snapshot(filename="snapshot.npz", autoload=args.resume)
    snapshot.trigger = (min(snapshot_every, epochs), "epoch")
    print(f"{name}: {epochs} epochs of {batch_size}", file=sys.stderr, flush=True)
    steps: list[Any] = []
    at_the_end = nn.training.make_extension((epochs, "epoch"), "see the step")
    see = at_the_end(lambda trainer: steps.append(trainer.updater.step))
    nn.fit(
        model,
        loss,
        data,
        epochs=epochs,
        batch_size=batch_size,
        optimizer=optimizer,
        validation_data=validation_data,
        seed=args.seed if seed is None else seed,
        device=args.device,
        extensions=[snapshot, see],
        progress=True,
        out=folder,
        trace=args.trace,
    )
    for step in steps if args.trace else ():  # none if a resumed run was already finished
        print(f"{name}: a traced step is {step.report().calls} array calls", file=sys.stderr, flush=True)
    model.to_cpu()
    return folder / "log.jsonl"


class Report:
    """An example's report: figures and pictures, printed and written as it runs.

    Args:
        out: its folder.
        title: its title on the page.
        about: a sentence or two for the page.
    """

    def __init__(self, out: str | os.PathLike[str], title: str, about: str) -> None:
        self.out = Path(out)
        self.out.mkdir(parents=True, exist_ok=True)
        self.started = time.perf_counter()
        self.content: dict[str, Any] = {
            "title": title, "about": about, "figures": [], "pictures": [], "texts": [],
        }  # fmt: skip

    def figure(
        self, name: str, value: float, at_least: float | None = None, at_most: float | None = None
    ) -> None:
        """A number, and its target."""
        self.content["figures"].append(
            {"name": name, "value": float(value), "at_least": at_least, "at_most": at_most}
        )

    def picture(self, figure: Any, file: str, title: str, see: str) -> None:
        """Save a matplotlib figure, with a sentence on what to look for."""
        plotting.save(figure, self.out / file)
        self.content["pictures"].append({"file": file, "title": title, "see": see})

    def text(self, text: str, file: str, title: str, see: str) -> None:
        """Save a text to be shown on the page."""
        (self.out / file).write_text(text, encoding="utf-8")
        self.content["texts"].append({"file": file, "title": title, "see": see})

    def close(self) -> dict[str, Any]:
        """Print everything, write ``metrics.json`` and return its contents."""
        self.content["seconds"] = round(time.perf_counter() - self.started, 1)
        path = self.out / "metrics.json"
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(self.content, indent=1), encoding="utf-8")
        os.replace(temporary, path)
        print(f"\n{self.content['title']} ({self.content['seconds']} s)")
        for figure in self.content["figures"]:
            print(f"  {figure['name']:64s} {figure['value']:12.5g}{goal(figure)}")
        for picture in self.content["pictures"] + self.content["texts"]:
            print(f"  {self.out / picture['file']}")
        print(f"  {path}", flush=True)
        return self.content


def goal(figure: dict[str, Any]) -> str:
    """The target of a figure, and whether it is met."""
    value, low, high = figure["value"], figure["at_least"], figure["at_most"]
    if low is None and high is None:
        return ""
    reached = (low is None or value >= low) and (high is None or value <= high)
    asked = " and ".join(
        f"{word} {bound:.4g}" for word, bound in (("at least", low), ("at most", high)) if bound is not None
    )
    return f"   (asked: {asked}{'' if reached else '; MISSED'})"


def write_page(out: str | os.PathLike[str], sections: Sequence[str]) -> Path:
    """``index.html``: every picture of the given subfolders of ``out`` with its caption.

    Args:
        out: the folder that holds them.
        sections: subfolders written by a :class:`Report`, in order.

    Returns:
        The page's path.
    """
    parts = []
    for section in sections:
        content = json.loads((Path(out) / section / "metrics.json").read_text(encoding="utf-8"))
        parts.append(_section(section, content, Path(out)))
    links = " &middot; ".join(f'<a href="#{name}">{html.escape(title)}</a>' for name, title, _ in parts)
    body = "\n".join(text for _, _, text in parts)
    path = Path(out) / "index.html"
    path.write_text(_PAGE.format(links=links, body=body), encoding="utf-8")
    return path


def _section(name: str, content: dict[str, Any], out: Path) -> tuple[str, str, str]:
    escape = html.escape
    rows = "".join(
        f"<tr><td>{escape(f['name'])}</td><td class='number'>{f['value']:.4g}</td>"
        f"<td>{escape(goal(f).strip(' ()'))}</td></tr>"
        for f in content["figures"]
    )
    table = f"<table><tr><th>figure</th><th>value</th><th></th></tr>{rows}</table>" if rows else ""
    pictures = "".join(
        f"<figure><h3>{escape(p['title'])}</h3>"
        f'<a href="{name}/{p["file"]}"><img src="{name}/{p["file"]}" alt="{escape(p["title"])}"></a>'
        f"<figcaption>{escape(p['see'])}</figcaption></figure>\n"
        for p in content["pictures"]
    )
    texts = "".join(
        f"<h3>{escape(t['title'])}</h3><p>{escape(t['see'])}</p>"
        f"<pre>{escape((out / name / t['file']).read_text(encoding='utf-8'))}</pre>\n"
        for t in content.get("texts", ())
    )
    title = content["title"]
    text = (
        f'<section id="{name}"><h2>{escape(title)}</h2><p>{escape(content["about"])} '
        f'<span class="time">({content["seconds"]:.0f} s)</span></p>{pictures}{texts}{table}</section>'
    )
    return name, title, text


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>pdist: the demo</title>
<style>
body {{ font: 17px/1.5 system-ui, sans-serif; color: #222; }}
body {{ max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }}
h1, h2, h3 {{ line-height: 1.2; }}
h2 {{ margin-top: 3.5rem; border-bottom: 2px solid #0072B2; padding-bottom: .3rem; }}
figure {{ margin: 2rem 0; }}
figure h3 {{ margin: 0 0 .4rem; font-size: 1.1rem; }}
img {{ max-width: 100%; height: auto; border: 1px solid #ddd; }}
figcaption {{ max-width: 46rem; }}
table {{ border-collapse: collapse; font-size: .92rem; }}
th, td {{ text-align: left; padding: .2rem .9rem .2rem 0; border-bottom: 1px solid #ddd; }}
.number {{ text-align: right; font-variant-numeric: tabular-nums; }}
.time {{ color: #666; }}
pre {{ font-size: .8rem; line-height: 1.35; max-height: 40rem; overflow: auto; }}
pre {{ background: #f6f6f6; border: 1px solid #ddd; padding: .8rem; }}
a {{ color: #0072B2; }}
</style>
</head>
<body>
<h1>pdist: the demo</h1>
<p>Every picture was made just now, on this machine, by the scripts in <code>examples/</code>.</p>
<p>{links}</p>
{body}
</body>
</html>
"""
