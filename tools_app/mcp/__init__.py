"""MCP servers as rows: who may add one, what a sync brings in, and how its tools are reviewed."""
