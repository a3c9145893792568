"""Task-vector algebra, TIES, the live engine and export; state dicts in, state dicts out."""
