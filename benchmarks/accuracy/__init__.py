"""The accuracy of pdist: every result against 60-digit references, in ulps.

Run with ``python -m benchmarks.accuracy``.
"""
