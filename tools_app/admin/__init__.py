"""The pages of the catalog and of what was done with it."""

from tools_app.admin import history, secret, tool  # noqa: F401  (registers the pages)
