"""How dates and times are written out, for each language."""
