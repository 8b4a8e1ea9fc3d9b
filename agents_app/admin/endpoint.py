"""Where models are reached."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib import admin
from unfold.decorators import display

from agents_app.models import ModelEndpoint
from audit_app.audited_admin import AuditedAdmin
from project.accounts.roles import CATALOG_CHANGE

_KEYS = ("authorization", "x-api-key", "api-key", "cookie", "proxy-authorization")
_KEYS_OF_CLOUDS = ("aws_profile", "aws_access_key", "aws_secret_key", "aws_session_token")


class EndpointForm(forms.ModelForm):  # type: ignore[type-arg]
    def clean_base_url(self) -> str:
        """Only what the egress rules would let through anyway: told here, before a conversation fails over it."""
        address: str = self.cleaned_data["base_url"].strip()
        if not address:
            return address
        try:
            parts = urlsplit(address)
            port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
        except ValueError:
            raise forms.ValidationError("This is not an address.") from None
        if not parts.hostname or parts.username or parts.query or parts.fragment:
            raise forms.ValidationError("Give scheme, host and path only.")
        listed = f"{parts.hostname}:{port}" in settings.EGRESS_EXCEPTIONS
        if parts.scheme != "https" and not (listed and parts.scheme == "http"):
            raise forms.ValidationError(
                "The address must begin with https://, or be listed in EGRESS_EXCEPTIONS."
            )
        return address

    def clean_headers(self) -> dict[str, str]:
        headers: Any = self.cleaned_data["headers"] or {}
        if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
            raise forms.ValidationError("This must be an object of names and texts.")
        if any(character in f"{name}{value}" for name, value in headers.items() for character in "\r\n\0"):
            raise forms.ValidationError("A header is one line.")
        if keys := [name for name in headers if name.strip().lower() in _KEYS]:
            raise forms.ValidationError(f"Keep keys in a secret, not here: {', '.join(keys)}.")
        if any(name.strip().lower() == "host" for name in headers):
            raise forms.ValidationError("The host is said by the address alone.")
        return headers

    def clean_options(self) -> dict[str, Any]:
        options: Any = self.cleaned_data["options"] or {}
        if not isinstance(options, dict):
            raise forms.ValidationError("This must be an object.")
        if keys := [name for name in options if name in _KEYS_OF_CLOUDS]:
            raise forms.ValidationError(f"Keep keys in a secret, not here: {', '.join(keys)}.")
        return options


@admin.register(ModelEndpoint)
class ModelEndpointAdmin(AuditedAdmin):
    about_rows = "Where a model answers: an address and a key. Personas that name none use the usual one."
    to_view = to_change = (CATALOG_CHANGE,)
    form = EndpointForm
    list_display = ["name", "kind", "address", "secret", "enabled", "updated_at"]
    list_select_related = ["secret"]
    list_filter = ["kind", "enabled"]
    search_fields = ["name", "base_url"]
    fieldsets = [
        (None, {"fields": ["name", "kind", "enabled"]}),
        (
            "Where",
            {
                "fields": ["base_url", "secret", "headers", "options"],
                "description": "Everything a persona reads and says is sent to this address. "
                "It must be https and public, unless the operator listed it. The secret goes along only if its own "
                "list of hosts names this one; with an empty list it goes to the vendor's own address alone.",
            },
        ),
        (
            "Limits",
            {
                "fields": ["max_connections"],
                "description": "So many answers of one worker process may be read from this address at the same time; "
                "the others wait in line for their turn, first come, first served. With several worker processes for "
                "answers it is this number for each of them. Answers under way when it is changed are finished beside.",
            },
        ),
    ]

    def facts_of(self, row: ModelEndpoint) -> dict[str, Any]:
        return {"address": row.reached(), "key": row.secret.name if row.secret else ""}

    @display(description="address")
    def address(self, row: ModelEndpoint) -> str:
        return row.base_url or "the vendor's own"
