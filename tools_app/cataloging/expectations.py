"""Pure: what a saved case expects of a use, and whether it was met. Small on purpose; time is none of it.

{"outcome": "succeeded", "text": {"contains": "rain"}, "data": [{"pointer": "/days/0", "equals": 3}]}
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import re2

from tools_app.cataloging.differences import same
from tools_app.executors.http import pointer

# asks: a person would have to approve it; refused: the gate or a person says no.
OUTCOMES: Final = ("succeeded", "failed", "refused", "asks")
_KEYS: Final = frozenset({"outcome", "text", "data"})
_TEXT: Final = ("contains", "matches", "equals")
_DATA: Final = ("equals", "exists")
MAX_CONDITIONS: Final = 20
MAX_TEXT: Final = 10_000
_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Happened:
    """What became of a use: the text the model is given, and the structured result if there is one.

    Beside OUTCOMES it may be "allowed", when it was only asked about, or "unsettled", when it never came to an end.
    """

    outcome: str
    text: str = ""
    data: Any = None


def problems(expectation: Any) -> list[str]:
    """Everything wrong with an expectation that somebody wants to save."""
    if not isinstance(expectation, dict):
        return ["This must be an object with an outcome."]
    return list(_problems(expectation))


def unmet(expectation: Mapping[str, Any], happened: Happened) -> list[str]:
    """What was expected and is not so, in sentences; empty if the case passes."""
    if happened.outcome != expectation["outcome"]:
        told = f": {_short(happened.text)}" if happened.text else "."
        return [f"{_EXPECTED[expectation['outcome']]}, {_HAPPENED[happened.outcome]}{told}"]
    text = [
        sentence for how, wanted in _texts(expectation) if (sentence := _text(how, wanted, happened.text))
    ]
    data = [sentence for part in expectation.get("data") or () if (sentence := _data(part, happened.data))]
    return text + data


_EXPECTED: Final = {
    "succeeded": "It should succeed",
    "failed": "It should fail",
    "refused": "It should be refused",
    "asks": "It should ask a person",
}
_HAPPENED: Final = {
    "succeeded": "and succeeded",
    "failed": "and failed",
    "refused": "and was refused",
    "asks": "and a person would be asked",
    "allowed": "and it would run at once; it was not run",
    "unsettled": "and was not carried out",
}


def _problems(expectation: dict[str, Any]) -> Iterator[str]:
    if unknown := sorted(str(name) for name in set(expectation) - _KEYS):
        yield f"Unknown: {', '.join(unknown)}. There are outcome, text and data."
    if expectation.get("outcome") not in OUTCOMES:
        yield f"outcome must be one of: {', '.join(OUTCOMES)}."
    if expectation.get("outcome") == "asks" and (expectation.get("text") or expectation.get("data")):
        yield "A question has no result yet: expect the outcome alone."
    yield from _problems_of_text(expectation.get("text", {}))
    yield from _problems_of_data(expectation.get("data", []))


def _problems_of_text(text: Any) -> Iterator[str]:
    if not isinstance(text, dict) or set(text) - set(_TEXT):
        yield f"text must be an object of: {', '.join(_TEXT)}."
        return
    for how, wanted in _texts({"text": text}):
        if not isinstance(wanted, str) or len(wanted) > MAX_TEXT:
            yield f"text.{how} must be a text of at most {MAX_TEXT} characters (contains: also a list of texts)."
        elif how == "matches" and _compiled(wanted) is None:
            yield "text.matches is no pattern of RE2."
    if sum(1 for _ in _texts({"text": text})) > MAX_CONDITIONS:
        yield f"At most {MAX_CONDITIONS} texts."


def _problems_of_data(data: Any) -> Iterator[str]:
    if not isinstance(data, list) or len(data) > MAX_CONDITIONS:
        yield f"data must be a list of at most {MAX_CONDITIONS} conditions."
        return
    for number, part in enumerate(data, 1):
        if not isinstance(part, dict) or not _is_condition(part):
            yield f"data, {number}: give a pointer such as /days/0, and either equals or exists (true or false)."


def _is_condition(part: dict[str, Any]) -> bool:
    where = part.get("pointer")
    how = [name for name in _DATA if name in part]
    is_pointer = isinstance(where, str) and len(where) <= MAX_TEXT and (where == "" or where.startswith("/"))
    is_yes_or_no = isinstance(part.get("exists", True), bool)
    return is_pointer and is_yes_or_no and len(how) == 1 and not set(part) - {"pointer", *_DATA}


def _texts(expectation: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for how, wanted in (expectation.get("text") or {}).items():
        several = wanted if how == "contains" and isinstance(wanted, list) else [wanted]
        yield from ((how, each) for each in several)


def _text(how: str, wanted: str, text: str) -> str:
    if how == "contains":
        return "" if wanted in text else f"The text does not contain {_short(wanted)!r}."
    if how == "equals":
        return "" if wanted == text else f"The text is not {_short(wanted)!r}, it is {_short(text)!r}."
    pattern = _compiled(wanted)
    return "" if pattern and pattern.search(text) else f"The text does not match {_short(wanted)!r}."


def _data(part: Mapping[str, Any], data: Any) -> str:
    where = part["pointer"] or "the whole result"
    try:
        found = pointer.at(data, part["pointer"])
    except LookupError:
        return "" if part.get("exists") is False else f"There is no {where} in the structured result."
    if part.get("exists") is False:
        return f"There is a {where} in the structured result."
    if "equals" in part and not same(part["equals"], found):
        return f"{where} is {_short(_json(found))}, not {_short(_json(part['equals']))}."
    return ""


def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options=options)
    except (re2.error, UnicodeError):
        return None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
