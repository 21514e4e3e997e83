"""Extensions of a trainer."""

from .evaluator import Evaluator
from .fail_on_non_number import FailOnNonNumber
from .log_report import LogReport, PrintReport
from .plot_report import PlotReport
from .progress_bar import ProgressBar
from .schedules import ExponentialShift, LinearShift, observe_lr, observe_value
from .snapshot import latest_snapshot, resume, snapshot, snapshot_object

__all__ = [
    "Evaluator",
    "ExponentialShift",
    "FailOnNonNumber",
    "LinearShift",
    "LogReport",
    "PlotReport",
    "PrintReport",
    "ProgressBar",
    "latest_snapshot",
    "observe_lr",
    "observe_value",
    "resume",
    "snapshot",
    "snapshot_object",
]
