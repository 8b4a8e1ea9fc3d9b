"""Descriptions of APIs (OpenAPI 3.0 and 3.1) read into what the catalog needs of them. Pure: no rows, no network."""
