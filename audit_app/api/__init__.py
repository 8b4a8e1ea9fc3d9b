"""The record over HTTP: read only."""
