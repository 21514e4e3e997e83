"""Training loops: a trainer repeats an updater's steps and calls extensions when their triggers say so."""

from . import extensions, triggers, updaters
from .extension import PRIORITY_EDITOR, PRIORITY_READER, PRIORITY_WRITER, Extension, make_extension
from .fitting import fit
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
    "fit",
    "get_trigger",
    "make_extension",
    "triggers",
    "updaters",
]
