"""The common base of all distributions."""
