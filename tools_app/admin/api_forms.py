"""The forms of an import: where the description is, and under which choices its operations become tools."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from project.accounts.identity import Identity
from tools_app.apis import api_documents
from tools_app.models import ApiDocument, ApiSource, Secret
from tools_app.openapi.description import Description
from tools_app.openapi.problems import InvalidDocument
from tools_app.openapi.proposals import PREFIX, Choices

_SIGN_IN = [
    ("", "They need no signing in"),
    ("bearer", "Bearer token"),
    ("basic", "User name and password"),
    ("header", "Key in a header"),
    ("query", "Key in the address"),
    ("cookie", "Key in a cookie"),
]


class DocumentForm(forms.Form):
    """One of three ways to a description."""

    url = forms.CharField(
        required=False,
        max_length=2_000,
        label="Address",
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "https://api.example/openapi.json"}),
        help_text="Where the service publishes it. It is fetched once, now, by the rules for everything tools reach.",
    )
    file = forms.FileField(
        required=False,
        label="File",
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".json,.yaml,.yml"}),
        help_text="JSON or YAML, up to 32 MiB.",
    )
    text = forms.CharField(
        required=False,
        strip=False,
        label="Text",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6, "spellcheck": "false"}),
        help_text="Or paste it here.",
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        given = [name for name in ("url", "file", "text") if cleaned.get(name)]
        if len(given) != 1 and not self.errors:
            raise forms.ValidationError("Give one of the three: an address, a file, or the text.")
        return cleaned

    def kept(self, *, by: Identity, replaces: ApiSource | None = None) -> ApiDocument | None:
        """The stored edition, or None with what is wrong shown at its field."""
        given = self.cleaned_data
        try:
            if given["url"]:
                return api_documents.fetched(given["url"].strip(), by=by, replaces=replaces)
            if given["file"]:
                octets, name = given["file"].read(), given["file"].name
                return api_documents.keep(octets, origin="upload", location=name, by=by, replaces=replaces)
            octets = given["text"].encode(errors="surrogatepass")
            return api_documents.keep(octets, origin="text", location="", by=by, replaces=replaces)
        except InvalidDocument as refused:
            self.add_error(next(name for name in ("url", "file", "text") if given[name]), refused.message)
            return None


class ChoicesForm(forms.Form):
    """What an administrator decides for all operations of a description together."""

    server = forms.CharField(
        max_length=2_000,
        label="Address of the service",
        widget=UnfoldAdminTextInputWidget(attrs={"list": "servers"}),
        help_text="Every tool calls beneath it, unless an operation names a server of its own.",
    )
    beginning = forms.CharField(
        required=False,
        max_length=31,
        label="Names begin with",
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "shop"}),
        help_text="Keeps the tools of several services apart: shop_list_orders.",
    )
    category = forms.CharField(
        required=False,
        max_length=100,
        label="Category",
        widget=UnfoldAdminTextInputWidget,
        help_text="For operations without a tag of their own.",
    )

    def __init__(
        self, data: Any, *, description: Description, choices: Choices, organization_id: int
    ) -> None:
        self._description = description
        self._schemes = [each for each in description.schemes.values() if each.kind]
        initial = {
            "server": choices.server or next(iter(description.servers), ""),
            "beginning": choices.prefix,
            "category": choices.category,
            **{f"sign_in_{name}": value for name, value in choices.sign_in.items()},
        }
        initial |= {
            f"scheme_{number}": choices.secrets.get(each.name, "")
            for number, each in enumerate(self._schemes)
        }
        super().__init__(data, initial=initial)
        names = Secret.objects.filter(organization_id=organization_id).values_list("name", flat=True)
        secrets = [("", "No secret"), *((name, name) for name in names)]
        for number, scheme in enumerate(self._schemes):
            said = f"{scheme.description} " if scheme.description else ""
            self.fields[f"scheme_{number}"] = forms.ChoiceField(
                choices=secrets,
                required=False,
                label=f"Secret for {scheme.name}",
                widget=UnfoldAdminSelectWidget,
                help_text=f"{said}Sent as: {_KINDS[scheme.kind]} {scheme.wire_name}".strip(),
            )
        if not description.schemes:
            self._add_sign_in(secrets)

    def _add_sign_in(self, secrets: list[tuple[str, str]]) -> None:
        """Many descriptions say nothing of it, though the service wants it all the same."""
        self.fields["sign_in_type"] = forms.ChoiceField(
            choices=_SIGN_IN,
            required=False,
            label="How to sign in",
            widget=UnfoldAdminSelectWidget,
            help_text="The description does not say.",
        )
        self.fields["sign_in_secret"] = forms.ChoiceField(
            choices=secrets, required=False, label="Secret", widget=UnfoldAdminSelectWidget
        )
        self.fields["sign_in_name"] = forms.CharField(
            required=False,
            max_length=128,
            label="Name of header, field or cookie",
            widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "X-Api-Key"}),
        )

    def clean_beginning(self) -> str:
        prefix = str(self.cleaned_data["beginning"]).strip().strip("_")
        if prefix and not PREFIX.match(prefix):
            raise forms.ValidationError("Use lower-case letters, digits and _.")
        return prefix

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        kind, secret = cleaned.get("sign_in_type"), cleaned.get("sign_in_secret")
        if kind and not secret:
            self.add_error("sign_in_secret", "Choose the secret that is sent.")
        if kind in ("header", "query", "cookie") and not cleaned.get("sign_in_name"):
            self.add_error("sign_in_name", "Say what it is called there.")
        return cleaned

    def chosen(self) -> Choices:
        given = self.cleaned_data
        return Choices(
            server=given["server"].strip(),
            prefix=given["beginning"],
            category=given["category"].strip(),
            secrets=dict(self._secrets()),
            sign_in=dict(self._sign_in()),
        )

    def _secrets(self) -> Iterator[tuple[str, str]]:
        for number, scheme in enumerate(self._schemes):
            if name := self.cleaned_data.get(f"scheme_{number}"):
                yield scheme.name, name

    def _sign_in(self) -> Iterator[tuple[str, str]]:
        kind = self.cleaned_data.get("sign_in_type")
        if kind:
            yield "type", kind
            yield "secret", self.cleaned_data["sign_in_secret"]
            if kind in ("header", "query", "cookie"):
                yield "name", self.cleaned_data["sign_in_name"]


_KINDS = {
    "bearer": "a bearer token",
    "basic": "user name and password (the secret is user:password)",
    "header": "the header",
    "query": "in the address as",
    "cookie": "the cookie",
}
