"""Importing a described API: read, planned, carried out whole. `openapi/` understands the description."""
