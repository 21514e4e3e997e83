"""``python -m pdist.autograd [package ...]``: every op and its derivatives, as a table."""

from __future__ import annotations

import importlib
import sys

from .calculus import table

for package in sys.argv[1:]:
    importlib.import_module(package)
print(table(["pdist", *sys.argv[1:]]), end="")
