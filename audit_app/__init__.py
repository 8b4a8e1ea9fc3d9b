"""Room 1: remembers. Every birth and change of status, every use of a tool, in chained append-only entries."""
