"""What a trace tells of itself: its report, its code, and how much memory it takes."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

import jobs
import numpy as np
import pytest

import pdist
import pdist.functions as F
from benchmarks.jobs.traces import peak_bytes
from pdist.tracing.passes import PASSES

JOBS = {
    "mdn-small": jobs.mdn_small,
    "mdn-large": lambda: jobs.mdn(1024, 64, 5),
    "bbb": jobs.bbb,
    "vae": lambda: jobs.vae(64, 300, 100, 10),
}
LARGE = {  # Python's own objects take a few kilobytes: here they do not count
    "mdn-small": lambda: jobs.mdn(4000, 64, 2),
    "mdn-large": lambda: jobs.mdn(2048, 128, 10),
    "vae": lambda: jobs.vae(128, 784, 200, 20),
}


def traced(make: Callable[[], jobs.Job], steps: int = 2) -> Any:
    job = make()
    step = pdist.trace(job.step)
    for batch in job.batches[:steps]:
        step(*batch)
    return step


@pytest.fixture(scope="module", params=list(JOBS))
def job(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def step(job: str) -> Any:
    return traced(JOBS[job])


# The report -----------------------------------------------------------------------------------------------


def test_the_report_s_numbers_fit_together(step: Any):
    report = step.report()
    assert [name for name, _, _ in report.passes] == [name for name, _ in PASSES]
    for (_, _, after), (_, before, _) in zip(report.passes, report.passes[1:], strict=False):
        assert after == before
    assert report.calls == report.passes[-1][2] < report.passes[0][1]
    assert 0 < report.buffer_bytes < report.largest_bytes


def test_printing_the_report(step: Any):
    report = step.report()
    title, *rows, total, memory = str(report).splitlines()
    assert title.split() == ["calls", "before", "after"]
    assert [tuple(re.split(r"\s{2,}", row)) for row in rows] == [
        (name, str(before), str(after)) for name, before, after in report.passes
    ]
    assert len({len(row) for row in rows}) == 1
    assert total == f"{report.calls} calls; buffers of {report.buffer_bytes:,} bytes,"
    assert f"{report.largest_bytes:,}" in memory


def test_the_report_and_the_code_are_of_the_trace_that_ran_last():
    step = pdist.trace(lambda x: np.exp(x) if len(x) < 4 else np.exp(np.sin(x)) + 1)
    step(np.ones(3))
    assert step.report().calls == 1
    step(np.ones(5))
    assert step.report().calls == 3
    assert "    sin(x, out=h)" in step.source
    step(np.ones(3))
    assert step.report().calls == 1
    assert "    sin(" not in step.source
    assert step.kernels == ""


# The code -------------------------------------------------------------------------------------------------


def test_the_code_is_one_function_of_the_batch(job: str, step: Any):
    (function,) = ast.parse(step.source).body
    assert isinstance(function, ast.FunctionDef)
    assert function.name == "step"
    assert len(function.args.args) == len(JOBS[job]().batches[0])
    loops = (ast.For, ast.While, ast.FunctionDef, ast.Lambda, ast.Try, ast.With)
    assert not any(isinstance(node, loops) for line in function.body for node in ast.walk(line))


def test_every_call_of_the_report_is_a_line_of_the_code(step: Any):
    comment = re.compile(r"\s*(#.*)?$")
    lines = [line for line in step.source.splitlines() if not comment.match(line)]
    # A check takes two lines: the look whether there is need for it, and what raises the error.
    assigned = [line for line in lines if re.search(r"\._grad = |^ +return |^ {8}_check", line)]
    assert len(lines) - 1 - len(assigned) == step.report().calls


def test_the_head_tells_what_it_is_of(job: str, step: Any):
    head = step.source.partition("def ")[0].splitlines()
    assert re.fullmatch(rf"# step, jobs\.py:\d+, as {step.report().calls} calls\.", head[0])
    shapes = [f"{list(array.shape)}" for array in JOBS[job]().batches[0]]
    assert [line.partition("float32 ")[2] for line in head[1:]] == shapes


OPS = {
    "mdn-small": ["affine_map", "relu", "gradient of relu", "Adam"],
    "mdn-large": ["affine_map", "relu", "gradient of affine_map", "Adam"],
    "bbb": ["affine_map_of_draw", "bernoulli_log_prob_logit", "gradient of tanh", "Adam"],
    "vae": ["tanh", "bernoulli_log_prob_logit", "gradient of bernoulli_log_prob_logit", "Adam"],
}


def test_comments_name_ops_and_lines_of_user_code(job: str, step: Any):
    ops = re.findall(r"^    # - (.*)$", step.source, re.MULTILINE)
    assert set(OPS[job]) <= set(ops)
    with open(jobs.__file__, encoding="utf-8") as file:
        text = file.read().splitlines()
    places = re.findall(r"^    # jobs\.py:(\d+): (.*)$", step.source, re.MULTILINE)
    assert places and all(text[int(number) - 1].strip() == line for number, line in places)
    lines = [line for _, line in places]
    assert lines.index("found.backward()") < lines.index("optimizer.update()")


NAMES = {
    "mdn-small": {"W", "W2", "W3", "b", "b2", "b3"},
    "mdn-large": {"W", "W2", "W3", "b", "b2", "b3"},
    "bbb": {"loc", "log_scale", "loc2", "log_scale2"},
    "vae": {"W", "W2", "W3", "W4", "W5", "b", "b5"},
}


def names_in(source: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}


def test_parameters_and_moments_have_their_names(job: str, step: Any):
    names = {re.sub(r"_(T|reshaped|part)\d*$", "", name) for name in names_in(step.source)}
    assert NAMES[job] <= names
    assert {"p", "g", "m", "v", "t", "alpha", "beta1", "beta2", "eps"} <= names


def test_arguments_and_variables_have_their_names():
    scale = pdist.Variable(np.ones(3), name="scale")

    @pdist.trace
    def predict(points: np.ndarray, *, options: dict[str, Any]) -> Any:
        return F.exp(scale * points) + options["shift"]

    predict(np.ones(3), options={"shift": np.ones(3)})
    assert "def predict(points, options_shift):" in predict.source
    assert "multiply(scale, points, out=h)" in predict.source


def test_all_that_the_code_names_is_there(step: Any):
    function = ast.parse(step.source).body[0]
    assert isinstance(function, ast.FunctionDef)
    stored = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    given = {a.arg for a in function.args.args}
    assert names_in(step.source) - stored - given <= step.last.names.keys()


# Memory ---------------------------------------------------------------------------------------------------


def peak(step: Callable[[], Any]) -> int:
    """The most bytes that a step holds at a time, above what was there before."""
    step()
    return peak_bytes(step)


def test_buffers_take_no_more_than_the_eager_step(job: str, step: Any):
    made = JOBS[job]()
    with pdist.using_config("validate", False):
        assert step.report().buffer_bytes <= peak(lambda: made.step(*made.batches[0]))


@pytest.mark.parametrize("name", list(LARGE))
def test_a_traced_step_makes_no_arrays(name: str):
    job = LARGE[name]()
    step = pdist.trace(job.step)
    allocated = peak(lambda: step(*job.batches[0]))
    largest = max(array.nbytes for array in step.last.names.values() if isinstance(array, np.ndarray))
    assert allocated < 0.1 * largest


def test_a_function_allocates_what_it_returns():
    x = np.ones(100_000)
    step = pdist.trace(lambda x: np.exp(np.sin(x) * np.cos(x)) + np.tan(x))
    assert x.nbytes <= peak(lambda: step(x)) < 1.1 * x.nbytes
