"""A question a tool puts to the person who asked: the form it is shown as, and what fits into it. Pure."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from audit_app.redaction import storable
from tools_app.exceptions import InvalidAnswer

TEXT_CHARS: Final = 4000
OTHER_CHARS: Final = 500


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that is asked. `type` is text, number, date, yes_no, choice (one of the options) or choices."""

    name: str
    label: str
    type: str
    options: tuple[str, ...] = ()
    required: bool = True
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """What is asked, in one sentence, and the fields of the answer."""

    question: str
    fields: tuple[Field, ...]


def checked(form: Form, given: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to keep, in the order of the fields, without those left empty.

    Raises InvalidAnswer with what is wrong, by the name of the field.
    """
    wrong = dict.fromkeys(
        sorted(set(given) - {f.name for f in form.fields}), "Nothing of this name is asked."
    )
    kept: dict[str, Any] = {}
    for field in form.fields:
        value = given.get(field.name)
        if value is None or value in ("", []):
            if field.required:
                wrong[field.name] = "Please answer this."
            continue
        try:
            kept[field.name] = _READERS[field.type](value, field)
        except _Misfit as misfit:
            wrong[field.name] = str(misfit)
    if wrong:
        raise InvalidAnswer(details={"fields": wrong})
    return kept


def told(form: Form, answer: Mapping[str, Any]) -> str:
    """The answer as the model reads it."""
    lines = [f"- {field.label}: {said(answer.get(field.name))}" for field in form.fields]
    return "The person answered:\n" + "\n".join(lines)


class _Misfit(ValueError):
    """A value does not fit its field; the sentence is for the person who fills the form."""


def said(value: Any) -> str:
    """One value of an answer, in words."""
    if value is None:
        return "(left empty)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)


def _text(value: Any, field: Field) -> str:
    if not isinstance(value, str):
        raise _Misfit("Write a text.")
    if len(value) > TEXT_CHARS:
        raise _Misfit(f"Keep it under {TEXT_CHARS} characters; these are {len(value)}.")
    return storable(value).strip()


def _number(value: Any, field: Field) -> int | float:
    try:
        number = (
            float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
        )
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number) or abs(number) > 2**53:
        raise _Misfit("Write a number.")
    return int(number) if number.is_integer() else number


def _date(value: Any, field: Field) -> str:
    try:
        return datetime.date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise _Misfit("Write a date as YYYY-MM-DD.") from None


def _yes_no(value: Any, field: Field) -> bool:
    if value in (True, "yes", "true"):
        return True
    if value in (False, "no", "false"):
        return False
    raise _Misfit("Answer yes or no.")


def _choice(value: Any, field: Field) -> str:
    if not isinstance(value, str) or value not in field.options:
        raise _Misfit("Choose one of the options.")
    return value


def _choices(value: Any, field: Field) -> list[str]:
    chosen: Sequence[Any] = value if isinstance(value, list) else [value]
    if len(chosen) > len(field.options) or any(each not in field.options for each in chosen):
        raise _Misfit("Choose among the options.")
    return [option for option in field.options if option in chosen]


_READERS: Final[Mapping[str, Callable[[Any, Field], Any]]] = {
    "text": _text,
    "number": _number,
    "date": _date,
    "yes_no": _yes_no,
    "choice": _choice,
    "choices": _choices,
}
