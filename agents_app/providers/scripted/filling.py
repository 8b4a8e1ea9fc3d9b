"""Arguments for a tool taken out of a request by the tool's schema. What cannot be found is named, never made
up."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from agents_app.providers.scripted.choosing import REFERS_BACK, Tool
from agents_app.providers.scripted.parameters import SHAPED, Parameter
from agents_app.providers.scripted.values import Values
from agents_app.providers.scripted.words import STOP, stem, stems

NEGATION = r"\b(?:no|not|without|don't|do\s+not|never|disable)\b[^.;]{0,20}$"
LEADING = re.compile(r"^[\s,:;.!?-]+|[\s,:;.!?-]+$")
AFTER_COLON = re.compile(r"[^:/\n]{2,60}:\s+(\S.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Filled:
    arguments: dict[str, Any] = field(default_factory=dict)
    missing: tuple[Parameter, ...] = ()


def fill(tool: Tool, text: str, *, earlier: str = "") -> Filled:
    """`earlier` is what tools answered before: the source for "it" and "the result"."""
    values = Values(text)
    whole = _whole_object(tool, values)
    if whole is not None:
        return Filled(whole)
    arguments: dict[str, Any] = {}
    missing: list[Parameter] = []
    for parameter in tool.parameters:
        found = _value(tool, parameter, values)
        if found is None and parameter.required:
            found = _from_earlier(parameter, text, earlier)
        if found is not None:
            arguments[parameter.name] = found
        elif parameter.required:
            missing.append(parameter)
    return Filled(arguments, tuple(missing))


def _whole_object(tool: Tool, values: Values) -> dict[str, Any] | None:
    """Arguments written out as JSON by somebody who knows the tool."""
    names = {parameter.name for parameter in tool.parameters}
    for found in values.all_of("json"):
        written = json.loads(found.text)
        if isinstance(written, dict) and written and set(written) <= names:
            return written
    return None


def _value(tool: Tool, parameter: Parameter, values: Values) -> Any:
    if "const" in parameter.schema:
        return parameter.schema["const"]
    explicit = _explicit(parameter, values)
    if explicit is not None:
        return explicit
    if "enum" in parameter.schema:
        found = _member(parameter, values.text)
    elif parameter.type in BY_TYPE:
        found = BY_TYPE[parameter.type](tool, parameter, values)
    else:
        found = _text(tool, parameter, values)
    if found is None and parameter.required:
        return parameter.schema.get("default")
    return found


def _explicit(parameter: Parameter, values: Values) -> Any:
    """`name=value`, `name: value`, or the name followed by a quotation."""
    name = re.escape(parameter.name).replace("_", r"[_\s-]")
    bare = r"[^\s,;]+(?:\s*,\s*[^\s,;]+)*" if parameter.type == "array" else r"[^\s,;]+"
    written = re.search(
        rf"(?<!\w){name}\s*(?:=|:)\s*(\"[^\"]*\"|'[^']*'|`[^`]*`|{bare})", values.text, re.IGNORECASE
    )
    if written is None:
        written = re.search(rf"(?<!\w){name}\s+(\"[^\"]*\"|`[^`]*`)", values.text, re.IGNORECASE)
    if written is None:
        return None
    raw = written.group(1)
    bare = raw.strip("\"'`") if raw[0] in "\"'`" else raw.rstrip(".!?)")
    for kind in ("quoted", "number", parameter.kind):
        for found in values.all_of(kind):
            if written.start(1) <= found.start < written.end(1):
                values.use(found)
    return _coerced(parameter, bare)


def _coerced(parameter: Parameter, text: str) -> Any:
    kind = parameter.type
    if kind in ("integer", "number"):
        return _number(parameter, text)
    if kind == "boolean":
        return text.lower() in ("true", "yes", "on", "1")
    if kind in ("array", "object"):
        try:
            return json.loads(text)
        except ValueError:
            return [_coerced(parameter.item, p.strip()) for p in text.split(",")] if kind == "array" else None
    if "enum" in parameter.schema:
        return _member(parameter, text)
    return text


def _member(parameter: Parameter, text: str) -> Any:
    lowered = text.lower().replace("_", " ").replace("-", " ")
    for member in sorted(parameter.schema["enum"], key=lambda one: len(str(one)), reverse=True):
        word = re.escape(str(member).lower().replace("_", " ").replace("-", " "))
        if re.search(rf"(?<!\w){word}(?!\w)", lowered):
            return member
    return None


def _numeric(tool: Tool, parameter: Parameter, values: Values) -> Any:
    """A number beside the parameter's own word; a required one takes the next number there is."""
    named = set(stems(parameter.name.replace("_", " "))) - {"max", "min"}
    for found in values.all_of("number"):
        near = (
            values.text[max(0, found.start - 24) : found.start]
            + " "
            + values.text[found.end : found.end + 16]
        )
        if named & set(stems(near)):
            values.use(found)
            return _number(parameter, found.text)
    if not parameter.required:
        return None
    taken = values.take("number")
    return None if taken is None else _number(parameter, taken)


def _number(parameter: Parameter, text: str) -> float | int | None:
    try:
        number = float(text.replace(",", ""))
    except ValueError:
        return None
    return int(number) if parameter.type == "integer" or number.is_integer() else number


def _flag(tool: Tool, parameter: Parameter, values: Values) -> bool | None:
    """True when its word is there, false when it is denied; otherwise left to the tool's default."""
    named = set(stems(parameter.name.replace("_", " "))) - tool.named
    for word in re.finditer(r"[\w'-]+", values.text):
        if stem(word.group()) in named:
            return re.search(NEGATION, values.text[: word.start()], re.IGNORECASE) is None
    return None


def _list(tool: Tool, parameter: Parameter, values: Values) -> list[Any] | None:
    for written in re.finditer(r"\[[^\[\]\n]*\]", values.text):
        try:
            return list(json.loads(written.group()))
        except ValueError:
            continue
    item = parameter.item
    kind = {"integer": "number", "text": "quoted", "code": "quoted"}.get(item.kind, item.kind)
    found = values.all_of(kind)
    for one in found:
        values.use(one)
    if found:
        return [_coerced(item, one.text) for one in found]
    if not parameter.required or item.type != "string" or kind in SHAPED:
        return None
    words = [part.strip() for part in re.split(r",|\band\b", _rest(tool, values)) if part.strip()]
    return words or None


def _object(tool: Tool, parameter: Parameter, values: Values) -> Any:
    taken = values.take("json")
    return None if taken is None else json.loads(taken)


BY_TYPE = {
    "integer": _numeric,
    "number": _numeric,
    "boolean": _flag,
    "array": _list,
    "object": _object,
}


def _text(tool: Tool, parameter: Parameter, values: Values) -> str | None:
    if parameter.is_shaped:
        return values.take(parameter.kind) or (
            _named_thing(parameter, values) if parameter.required else None
        )
    if not parameter.required:
        return None
    quoted = values.take("quoted")
    if quoted is not None:
        return quoted
    after = AFTER_COLON.match(values.text)
    rest = _rest(tool, values)
    return (after.group(1).strip() if after and rest else rest) or None


def _named_thing(parameter: Parameter, values: Values) -> str | None:
    """ "the file called notes", or anything quoted where only one kind of thing is meant."""
    called = re.search(r"\b(?:called|named)\s+[\"'`]?([^\s\"'`,;]+)", values.text, re.IGNORECASE)
    if called and parameter.kind == "path":
        return called.group(1).rstrip(".!?")
    return values.take("quoted")


def _rest(tool: Tool, values: Values) -> str:
    """The request without the words that only name the tool: what it is about."""
    words = values.take_rest().split()
    known = tool.named | tool.described
    while words and _is_lead(words[0], known):
        words.pop(0)
    return LEADING.sub("", " ".join(words))


def _is_lead(word: str, known: frozenset[str]) -> bool:
    bare = re.sub(r"\W", "", word).lower()
    return (
        not bare or bare in STOP or bare in ("about", "please", "hi", "hello", "hey") or stem(bare) in known
    )


def _from_earlier(parameter: Parameter, text: str, earlier: str) -> Any:
    """Take what is lacking from earlier results: by its shape, or all of it where the request says "it"."""
    if not earlier:
        return None
    kind = {"integer": "number"}.get(parameter.kind, parameter.kind)
    if kind in SHAPED or kind == "number":
        taken = Values(earlier).take(kind)
        return _coerced(parameter, taken) if taken is not None else None
    return earlier if parameter.type == "string" and REFERS_BACK.search(text) else None
