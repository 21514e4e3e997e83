"""Training loops: a trainer repeats an updater's steps and calls extensions when their triggers fire."""

from . import extensions, triggers, updaters
from .extension import PRIORITY_EDITOR, PRIORITY_READER, PRIORITY_WRITER, Extension, make_extension
from .fitting import fit
from .logs import read_log
from .threads import few_blas_threads
from .trainer import Trainer
from .triggers import get_trigger
from .updaters import StandardUpdater

__all__ = [
    "PRIORITY_EDITOR",
    "PRIORITY_READER",
    "PRIORITY_WRITER",
    "Extension",
    "StandardUpdater",
    "Trainer",
    "extensions",
    "few_blas_threads",
    "fit",
    "get_trigger",
    "make_extension",
    "read_log",
    "triggers",
    "updaters",
]
