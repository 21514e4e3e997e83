"""Shared constants."""

from __future__ import annotations

import math

LOG_2 = math.log(2)
SQRT_2 = math.sqrt(2)
SQRT_HALF = math.sqrt(0.5)
INV_SQRT_2PI = 1 / math.sqrt(2 * math.pi)
HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
HALF_LOG_2PIE = 0.5 * math.log(2 * math.pi * math.e)
LARGEST = (3.4028234663852886e38, 1.7976931348623157e308)  # the largest numbers of (float32, float64)
SMALLEST = (1.1754943508222875e-38, 2.2250738585072014e-308)  # the smallest normal numbers
SUBNORMAL = (1.401298464324817e-45, 5e-324)  # the smallest positive numbers
EULER = 0.57721566490153286
