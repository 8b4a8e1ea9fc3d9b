"""Documents: kept, cut into passages, and found again."""
