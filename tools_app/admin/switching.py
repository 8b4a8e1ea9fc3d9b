"""The kill switch on the page of a tool or a persona: whether it is stopped, and the way to the page that stops it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from project.accounts.identity import Identity
from tools_app.governing import switches
from tools_app.models import KillSwitch


def panel(target: switches.Target, identity: Identity) -> dict[str, Any]:
    row = KillSwitch.objects.of(target.scope, target.organization_id, target.id).first()
    may = switches.may_operate(target.scope, target.organization_id, identity)
    asked = urlencode({"scope": target.scope, target.scope: target.id})
    return {
        "what": target.scope,
        "row": row,
        "page": reverse("admin:tools_app_killswitch_change", args=[row.pk]) if row else "",
        "stop": f"{reverse('admin:tools_app_killswitch_add')}?{asked}" if may and row is None else "",
    }
