"""The pages of personas, of conversations, and of the questions put to people."""

from agents_app.admin import (  # noqa: F401  (registers the pages)
    approval,
    case,
    conversation,
    document,
    endpoint,
    persona,
    spending,
    switches,
)
