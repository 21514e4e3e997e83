"""The examples run in their short form, reach what they say, resume exactly and show every picture."""

from __future__ import annotations

import csv
import gzip
import html
import json
import re
import subprocess
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from examples import bayes_by_backprop, bernoulli_recovery, demo, mdn, poisson_regression, traced_step, vae
from examples.common import DATA, goal, read_csv, write_page
from pdist import plotting

ROOT = Path(__file__).resolve().parent.parent


# --- The demo -------------------------------------------------------------------------------------


def test_the_demo_reaches_its_figures_and_shows_every_picture(tmp_path: Path) -> None:
    """One test, so that the demo runs once, whoever shares out the tests."""
    demo.main(["--quick", "--out", str(tmp_path)])
    assert not plt.get_fignums()
    page = (tmp_path / "index.html").read_text()
    for name in demo.EXAMPLES:
        content = json.loads((tmp_path / name / "metrics.json").read_text())
        assert content["pictures"]
        for picture in content["pictures"]:
            assert (tmp_path / name / picture["file"]).read_bytes()[:4] == b"\x89PNG"
            assert f'<img src="{name}/{picture["file"]}"' in page
            assert len(picture["see"]) > 60
        for text in content["texts"]:
            assert html.escape((tmp_path / name / text["file"]).read_text()) in page
        assert {p["file"] for p in content["pictures"]} == {p.name for p in (tmp_path / name).glob("*.png")}
        for figure in content["figures"]:
            assert np.isfinite(figure["value"]), (name, figure)
            assert "MISSED" not in goal(figure), (name, figure)


def test_what_a_figure_should_reach_is_said() -> None:
    figure = {"value": 0.5, "at_least": None, "at_most": None}
    assert goal(figure) == ""
    assert goal(figure | {"at_least": 0.4}) == "   (asked: at least 0.4)"
    assert goal(figure | {"at_most": 0.4}) == "   (asked: at most 0.4; MISSED)"


def test_a_page_escapes_what_it_shows(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    content = {
        "title": "a < b",
        "about": "",
        "seconds": 0,
        "figures": [],
        "pictures": [{"file": "p.png", "title": "x > y", "see": "<b>"}],
    }
    (tmp_path / "one" / "metrics.json").write_text(json.dumps(content))
    page = write_page(tmp_path, ["one"]).read_text()
    assert "a &lt; b" in page and "x &gt; y" in page and "&lt;b&gt;" in page and "<b>" not in page


# --- Runs -----------------------------------------------------------------------------------------


def test_an_example_runs_as_a_file(tmp_path: Path) -> None:
    script = ROOT / "examples" / "poisson_regression.py"
    command = [sys.executable, str(script), "--epochs", "1", "--out", str(tmp_path / "out")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "out" / "poisson.png") in done.stdout


def test_a_resumed_run_ends_with_the_numbers_of_an_uninterrupted_one(tmp_path: Path) -> None:
    def run(folder: str, *more: str) -> list[float]:
        out = tmp_path / folder
        bernoulli_recovery.main(["--out", str(out), *more])
        log = plotting.read_log(out / "runs" / "bernoulli" / "log.jsonl")
        return [entry[f"main/{name}"] for entry in log for name in ("loss", "weight", "bias")]

    whole = run("whole", "--epochs", "4")
    run("parts", "--epochs", "2")
    assert run("parts", "--epochs", "4", "--resume") == whole
    assert run("parts", "--epochs", "4", "--resume") == whole  # and once more, with nothing left to do


def test_traced_and_eager_runs_have_the_same_figures(tmp_path: Path, capfd) -> None:
    def run(*more: str) -> list[float]:
        content = poisson_regression.main(["--epochs", "2", "--out", str(tmp_path), *more])
        return [figure["value"] for figure in content["figures"]]

    traced = run()
    assert re.search(r"poisson: a traced step is \d+ array calls", capfd.readouterr().err)
    assert run("--no-trace") == traced
    assert "a traced step" not in capfd.readouterr().err


def test_the_traced_step_is_code_with_the_lines_that_it_comes_from(tmp_path: Path, capsys) -> None:
    content = traced_step.main(["--quick", "--out", str(tmp_path)])
    figures = {figure["name"]: figure["value"] for figure in content["figures"]}
    assert figures["losses that differ between eager and traced, of 100"] == 0
    code = (tmp_path / "step.py").read_text()
    assert code in capsys.readouterr().out
    compile(code, "step.py", "exec")
    for line in ("q = model(x)", "loss = -F.mean(q.log_prob(y))", "loss.backward()", "optimizer.update()"):
        assert f": {line}\n" in code


def test_another_seed_gives_other_numbers(tmp_path: Path) -> None:
    found = [
        poisson_regression.main(["--epochs", "1", "--seed", str(seed), "--out", str(tmp_path / str(seed))])
        for seed in (0, 1)
    ]
    values = [[figure["value"] for figure in content["figures"]] for content in found]
    assert values[0] != values[1]


@pytest.mark.parametrize("example", [mdn, bayes_by_backprop, vae, poisson_regression, bernoulli_recovery])
def test_every_example_has_the_same_options(example, capsys) -> None:
    with pytest.raises(SystemExit):
        example.main(["--help"])
    text = capsys.readouterr().out
    for option in ("--epochs", "--seed", "--device", "--out", "--resume", "--quick", "--no-trace"):
        assert option in text
    assert ("--data" in text) == (example is vae)


# --- Data -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["geyser", "mcycle", "engel", "tonedata", "faithful"])
def test_data_sets_are_what_their_readme_says(name: str) -> None:
    said = re.search(rf"^\| {name}\.csv \| (\d+) \|", (DATA / "README.md").read_text(), re.MULTILINE)
    assert said is not None
    x, y = read_csv(name)
    assert len(x) == len(y) == int(said.group(1))
    assert np.isfinite(x).all() and np.isfinite(y).all()
    with open(DATA / f"{name}.csv", newline="") as file:
        assert len(next(csv.reader(file))) == 2


def test_digits_are_an_extract() -> None:
    train, test, labels = vae.load(None)
    assert train.shape == (5000, 784) and test.shape == (1000, 784) and labels.shape == (1000,)
    assert train.dtype == np.float32 and train.min() == 0 and train.max() == 1
    assert np.bincount(labels, minlength=10).min() > 80


@pytest.mark.parametrize("zipped", [False, True])
def test_original_files_are_read(tmp_path: Path, zipped: bool) -> None:
    with np.load(DATA / "mnist_6000.npz") as file:
        arrays = {
            "train-images-idx3-ubyte": file["x_train"][:7],
            "t10k-images-idx3-ubyte": file["x_test"][:5],
            "t10k-labels-idx1-ubyte": file["y_test"][:5],
        }
    for name, array in arrays.items():
        raw = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()
        path = tmp_path / (name + (".gz" if zipped else ""))
        path.write_bytes(gzip.compress(raw) if zipped else raw)
    train, test, labels = vae.load(tmp_path)
    expected = vae.load(None)
    np.testing.assert_array_equal(train, expected[0][:7])
    np.testing.assert_array_equal(test, expected[1][:5])
    np.testing.assert_array_equal(labels, expected[2][:5])


def test_a_missing_or_foreign_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="neither train-images-idx3-ubyte nor"):
        vae.load(tmp_path)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"PNG and so on")
    with pytest.raises(ValueError, match="train-images-idx3-ubyte is not an IDX file"):
        vae.load(tmp_path)
