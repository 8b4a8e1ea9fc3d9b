"""Form fields of the admin pages: lists as lines, JSON in readable form."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminTextareaWidget,
)

# As deep as the strict reader of bodies and arguments goes, and some more.
DEEPEST: Final = 64
# A year.
_MOST_HOURS: Final = 8_760


class LinesField(forms.CharField):
    """A list of texts, one in each line."""

    def __init__(self, **options: Any) -> None:
        rows = options.pop("rows", 3)
        options.setdefault("required", False)
        super().__init__(widget=UnfoldAdminTextareaWidget(attrs={"rows": rows}), **options)
        self.help_text = f"{self.help_text} One in each line.".strip()

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        lines = value if isinstance(value, list) else str(value or "").splitlines()
        return [line.strip() for line in lines if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.to_python(initial) != self.to_python(data))


class TickedField(forms.MultipleChoiceField):
    """A list of names, to be ticked. One that is named and gone stays among them, to be taken away."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("required", False)
        super().__init__(widget=UnfoldAdminCheckboxSelectMultipleWidget, **options)

    def offer(self, names: Iterable[str], chosen: Iterable[str]) -> None:
        there = list(names)
        gone = [(name, f"{name} (does not exist any more)") for name in chosen if name not in there]
        self.choices = [*((name, name) for name in there), *gone]

    def clean(self, value: Any) -> list[str]:
        return list(super().clean(value))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return sorted(initial or []) != sorted(data or [])


class HoursField(forms.FloatField):
    """Seconds in the row, hours in the form."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=UnfoldAdminDecimalFieldWidget(attrs={"min": 0, "step": "any"}), **options)

    def prepare_value(self, value: Any) -> Any:
        # What was typed and refused comes back as text, and is shown as it was.
        return f"{value / 3600:.10g}" if isinstance(value, int) else value

    def to_python(self, value: Any) -> Any:
        hours = super().to_python(value)
        if hours is None:
            return None
        if not 0 <= hours <= _MOST_HOURS:
            raise forms.ValidationError(f"Write hours, from 0 to {_MOST_HOURS:,}.", code="invalid")
        return round(hours * 3600)


class JSONBox(UnfoldAdminTextareaWidget):
    """A textarea that scripts make a code box of; without them it is a textarea."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        return format_html("<json-editor>{}</json-editor>", super().render(name, value, attrs, renderer))


class ReadableJSONField(forms.JSONField):
    """JSON with line breaks and as many rows as it needs. Read strictly, and shown again exactly as it was typed."""

    def __init__(self, **options: Any) -> None:
        options["widget"] = options.get("widget") or JSONBox(attrs={"rows": 4, "spellcheck": "false"})
        super().__init__(**options)

    def to_python(self, value: Any) -> Any:
        if self.disabled or value in self.empty_values or not isinstance(value, str):
            return super().to_python(value)
        try:
            return _storable(json.loads(value, object_pairs_hook=_once, parse_constant=_refused))
        except json.JSONDecodeError as broken:
            told = f"Line {broken.lineno}, column {broken.colno}: {broken.msg}."
            raise forms.ValidationError(told, code="invalid") from None
        except RecursionError:
            raise forms.ValidationError("This is nested too deeply.", code="invalid") from None
        except ValueError as refused:
            raise forms.ValidationError(str(refused)[:200], code="invalid") from None

    def bound_data(self, data: Any, initial: Any) -> Any:
        return initial if self.disabled else data if data is None else forms.fields.InvalidJSONInput(data)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, forms.fields.InvalidJSONInput):
            return value
        if value is None:
            return ""
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
        self.widget.attrs["rows"] = min(max(text.count("\n") + 2, 3), 24)
        return text


def _storable(value: Any) -> Any:
    """Refuse what a database could not take, or a reader could not walk through."""
    level, depth = [value], 0
    while level:
        if depth > DEEPEST:
            raise ValueError("This is nested too deeply.")
        texts = [each for each in level if isinstance(each, str)]
        texts += [name for each in level if isinstance(each, dict) for name in each]
        if any("\0" in text or not _is_encodable(text) for text in texts):
            raise ValueError("It holds a character that cannot be stored.")
        below = [
            each.values() if isinstance(each, dict) else each
            for each in level
            if isinstance(each, dict | list)
        ]
        level, depth = [item for group in below for item in group], depth + 1
    return value


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two readers could take a name that is there twice differently."""
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(
            f"The name {next(name for name in names if names.count(name) > 1)[:60]!r} is used twice."
        )
    return made


def _refused(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON.")
