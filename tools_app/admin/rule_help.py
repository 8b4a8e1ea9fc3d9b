"""What somebody needs who writes a rule by hand: examples, the matchers there are, the parameters with their kinds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from tools_app.governing import meanings
from tools_app.models import Tool
from tools_app.rules.matchers import OPERATORS

EXAMPLES: Final[Mapping[str, tuple[str, ...]]] = {
    "denied_parameters": ('["nickname"]', '{"path": ["/etc"], "kind:url": ["*.test.example"]}'),
    "allowed_parameters": ('["city", "days"]', '{"city": ["Oslo", "Bergen"], "*": true}'),
    "ask_when": ('{"amount": [{"range": {"min": 100}}]}',),
    "parameter_defaults": ('{"units": "metric"}',),
    "fixed_parameters": ('{"account": "reader"}',),
    "parameter_kinds": ('{"to": "email", "note": "text"}',),
}
MATCHERS: Final[Mapping[str, str]] = {
    "equals": '{"equals": "Oslo"}',
    "one_of": '{"one_of": [1, 2, 3]}',
    "range": '{"range": {"min": 100}}',
    "regex": '{"regex": "^[A-Z]{2}-[0-9]+$"}',
    "path_under": '{"path_under": "reports"}',
    "host": '{"host": "*.example.org"}',
    "url": '{"url": "https://api.example.org/v1/"}',
    "email": '{"email": "*.example.org"}',
    "argv": '{"argv": {"program": "/usr/bin/git", "args": ["status"]}}',
    "sql_read_only": '{"sql_read_only": true}',
    "each": '{"each": ["red", "green"]}',
    "contains": '{"contains": "DROP TABLE"}',
}
_OTHERWISE: Final = {
    "argv": "the program by its absolute path, and a matcher for each argument",
    "each": "matchers that the elements of a list have to meet",
}


def explain(fields: Mapping[str, Any]) -> None:
    """Put an example or two beneath every field of a form that holds a rule."""
    for name, examples in EXAMPLES.items():
        if name in fields and not fields[name].disabled:
            shown = format_html_join(" or ", "<code>{}</code>", ((each,) for each in examples))
            fields[name].help_text = format_html("{} For example {}", fields[name].help_text, shown)


def matchers() -> SafeString:
    """A fold that lists every matcher, with what it wants and an example."""
    rows = (
        (name, operator.form or _OTHERWISE.get(name, ""), MATCHERS.get(name, ""))
        for name, operator in OPERATORS.items()
    )
    items = format_html_join("", "<li><code>{0}</code>: {1}. <code>{2}</code></li>", rows)
    return format_html(
        '<details class="rule-help"><summary>Matchers</summary><p>In the place of a plain value stands one of '
        "these. A plain text means what fits the kind of its parameter: a folder or file, a host, an address; of "
        "free text and commands, that it occurs.</p><ul>{}</ul></details>",
        items,
    )


def parameters(tool: Tool) -> SafeString:
    """The names that rules of this tool may speak of, each with its kind or else its type."""
    rows = list(_named(tool))
    if not rows:
        return format_html('<p class="rule-help">{}</p>', "It has no parameters.")
    listed = format_html_join(", ", "<code>{}</code> ({})", rows)
    return format_html('<p class="rule-help">Its parameters: {}.</p>', listed)


def _named(tool: Tool) -> Iterator[tuple[str, str]]:
    kinds, known = meanings.kinds_of(tool), tool.input_schema.get("properties") or {}
    for name in [*known, *(name for name in kinds if name not in known)]:
        spec = known.get(name)
        written = spec.get("type", "any value") if isinstance(spec, dict) else "any value"
        plain = " or ".join(map(str, written)) if isinstance(written, list) else str(written)
        yield name, kinds.get(name) or plain
