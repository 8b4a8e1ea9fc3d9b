"""Secrets: written here and never shown again."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminPasswordWidget

from audit_app.admin_fields import LinesField
from audit_app.audited_admin import ByVerbs, Verb, VerbForm
from project.accounts.identity import Identity
from project.accounts.roles import CATALOG_CHANGE
from tools_app import vault
from tools_app.models import Secret


class SecretForm(VerbForm):
    hosts = LinesField(
        help_text="Hosts this value may be sent to, as host or host:port; a host without a port means the usual one. "
        "Empty: tools send it nowhere, model endpoints to their vendor's own address alone."
    )
    value = forms.CharField(
        required=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text="Stored encrypted. It is never shown again; leave it empty to keep the one there is. To add a host "
        "it is given again.",
    )

    class Meta:
        model = Secret
        fields = ["name", "hosts"]

    def perform(self) -> Secret:
        given, hosts = self.cleaned_data, self.cleaned_data.get("hosts") or []
        if self.instance.pk:
            return vault.change(self.instance, value=given["value"], hosts=hosts, by=self.identity)
        return vault.keep(given["name"], given["value"], hosts=hosts, by=self.identity)


def _drop(secret: Secret, by: Identity, _: dict[str, str]) -> str:
    vault.drop(secret, by=by)
    return f"{secret.name} is deleted."


@admin.register(Secret)
class SecretAdmin(ByVerbs):
    about_rows = "A key that tools use and nobody reads again; it goes to the hosts in its list only."
    to_view = to_change = (CATALOG_CHANGE,)
    form = SecretForm
    settled = ("name",)
    list_display = ["name", "sent_to", "version", "updated_at"]
    search_fields = ["name"]
    fieldsets = [
        (None, {"fields": ["name", "value"]}),
        (
            "Where it may be sent",
            {
                "fields": ["hosts"],
                "description": "A host is added together with the value, so that only who knows it sends it elsewhere. "
                "Tools and model endpoints send it to no other host, whatever their address says.",
            },
        ),
    ]
    verbs = (
        Verb(
            "drop",
            "Delete",
            "Tools and endpoints that name it stop working.",
            _drop,
            possible=lambda secret, identity: identity.may(CATALOG_CHANGE),
            dangerous=True,
        ),
    )

    @display(description="hosts")
    def sent_to(self, secret: Secret) -> str:
        return ", ".join(map(str, secret.hosts or [])) or "nowhere but a model's vendor"
