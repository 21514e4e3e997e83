"""How exact pdist's numbers are: every answer against references to 60 digits, in ulps.

Run with ``python -m benchmarks.accuracy``.
"""
