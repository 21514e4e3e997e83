"""Between distributions and those of other libraries."""
