"""The pages of the catalog and of what was done with it."""

from tools_app.admin import apis, drafts, groups, history, mcp, notices, policy, secret, tool, versions  # noqa: F401  (registers the pages)
