"""What every distribution does in the same way."""
