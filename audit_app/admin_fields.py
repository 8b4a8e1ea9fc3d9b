"""Form fields of the admin pages: lists as lines, JSON in readable form."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget


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


class ReadableJSONField(forms.JSONField):
    """JSON with line breaks and as many rows as it needs."""

    def __init__(self, **options: Any) -> None:
        options["widget"] = UnfoldAdminTextareaWidget(attrs={"rows": 4, "spellcheck": "false"})
        super().__init__(**options)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, forms.fields.InvalidJSONInput):
            return value
        if value is None:
            return ""
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
        self.widget.attrs["rows"] = min(max(text.count("\n") + 2, 3), 24)
        return text
