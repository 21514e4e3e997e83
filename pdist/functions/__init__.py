"""Every differentiable operation."""

from .arithmetic import add, divide, multiply, negative, subtract
from .exponential import exp, log
from .reductions import sum
from .shape import broadcast_to, cast, reshape

__all__ = ["add", "broadcast_to", "cast", "divide", "exp", "log", "multiply", "negative", "reshape", "subtract", "sum"]
