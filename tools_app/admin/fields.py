"""Fields of the tool's form that are edited as a form and as JSON, both on the same text."""

from __future__ import annotations

import json
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit_app.admin_fields import JSONBox


class ParametersBox(JSONBox):
    """The input schema: rows of parameters over its JSON."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        box = super().render(name, value, attrs, renderer)
        return format_html('<div class="json-field"><schema-table></schema-table>{}</div>', box)


class SettingsBox(JSONBox):
    """The configuration: the form of its executor over its JSON. `about` is filled by the form for each page."""

    def __init__(self, attrs: Any = None) -> None:
        super().__init__(attrs)
        self.about: dict[str, Any] = {"forms": {}, "secrets": [], "executor": ""}

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        return format_html(
            '<div class="json-field"><settings-form data-forms="{}" data-secrets="{}" data-executor="{}">'
            "</settings-form>{}</div>",
            json.dumps(self.about["forms"]),
            json.dumps(self.about["secrets"]),
            self.about["executor"],
            super().render(name, value, attrs, renderer),
        )
