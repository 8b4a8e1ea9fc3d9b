"""What models accept, as far as it is known beforehand, and what they turned out to refuse.

The vendor's API version 2026-10-21 refuses `temperature` for every model of its own, an older version named
in the endpoint's headers only for the newer ones; other makers' models behind the same API take it.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from agents_app.providers.base import Endpoint, ModelRequest

FIRST_VERSION_WITHOUT_TEMPERATURE = "2026-10-21"

# First match decides; names are compared without a platform's prefix ("anthropic.", "us.anthropic.").
TEMPERATURE_BY_OLDER_VERSION = (
    ("claude-opus-4-7*", False),
    ("claude-opus-4-8*", False),
    ("claude-[23]*", True),
    ("claude-instant*", True),
    ("claude-*-4-*", True),
    ("claude-*", False),
)
EFFORT = (
    ("claude-opus-4-5*", True),
    ("claude-*-4-[678]*", True),
    ("claude-*-4-*", False),
    ("claude-[23]*", False),
    ("claude-*", True),
)
# Tools that are sent deferred, and references to them in results.
TOOL_REFERENCES = (
    ("claude-opus-4-[5678]*", True),
    ("claude-sonnet-4-[5678]*", True),
    ("claude-*-4-*", False),
    ("claude-[23]*", False),
    ("claude-instant*", False),
    ("claude-*", True),
)
# Results of a search as sources that can be cited.
SEARCH_RESULTS = (
    ("claude-3-[57]*", True),
    ("claude-[23]*", False),
    ("claude-instant*", False),
    ("claude-*", True),
)
# What a 400 may name, and what is left out of the request then: a field, or blocks of that type.
OPTIONAL_FIELDS = {
    "temperature": "temperature",
    "output_config": "output_config",
    "effort": "output_config",
    "tool_reference": "tool_reference",
    "tool reference": "tool_reference",
    "defer_loading": "tool_reference",
    "search_result": "search_result",
    "tool_choice": "tool_choice",
}

_refused: dict[tuple[str, str], set[str]] = {}


def takes_temperature(request: ModelRequest) -> bool:
    name = _bare(request.model)
    if not name.startswith("claude-"):
        return True
    headers = {key.lower(): value for key, value in request.endpoint.headers.items()}
    version = headers.get("anthropic-version", FIRST_VERSION_WITHOUT_TEMPERATURE)
    return version < FIRST_VERSION_WITHOUT_TEMPERATURE and _first_match(TEMPERATURE_BY_OLDER_VERSION, name)


def takes_effort(request: ModelRequest) -> bool:
    name = _bare(request.model)
    return not name.startswith("claude-") or _first_match(EFFORT, name)


def takes_references(request: ModelRequest) -> bool:
    """Whether it may be sent tools to be loaded later, and be told of them by reference."""
    return _takes_blocks(request, "tool_reference", TOOL_REFERENCES)


def takes_search_results(request: ModelRequest) -> bool:
    return _takes_blocks(request, "search_result", SEARCH_RESULTS)


def _takes_blocks(request: ModelRequest, kind: str, table: Iterable[tuple[str, bool]]) -> bool:
    """Other makers' models behind the same API get text, which all of them understand."""
    name = _bare(request.model)
    known = name.startswith("claude-") and _first_match(table, name)
    return known and kind not in refused(request.endpoint, request.model)


def refused(endpoint: Endpoint, model: str) -> frozenset[str]:
    """Request fields and kinds of blocks this model was seen to refuse since the process started."""
    return frozenset(_refused.get((endpoint.key, model), ()))


def remember_refusal(request: ModelRequest, *, message: str, sent: Iterable[str]) -> bool:
    """Note the optional field a 400 names; False when it names none that was sent, so that asking again is no
    use."""
    lowered = message.lower()
    named = {field for word, field in OPTIONAL_FIELDS.items() if word in lowered} & set(sent)
    _refused.setdefault((request.endpoint.key, request.model), set()).update(named)
    return bool(named)


def _bare(model: str) -> str:
    return model.rpartition("anthropic.")[2].lower()


def _first_match(table: Iterable[tuple[str, bool]], name: str) -> bool:
    return next((verdict for pattern, verdict in table if fnmatchcase(name, pattern)), True)
