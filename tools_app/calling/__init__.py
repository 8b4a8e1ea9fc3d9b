"""From a queued call to its end: claimed once, within its limits, told what it needs, settled once."""
