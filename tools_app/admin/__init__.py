"""The pages of the catalog and of what was done with it."""

from tools_app.admin import (  # noqa: F401  (registers the pages)
    apis,
    drafts,
    groups,
    history,
    mcp,
    notices,
    policy,
    secret,
    standing,
    tool,
    versions,
)
