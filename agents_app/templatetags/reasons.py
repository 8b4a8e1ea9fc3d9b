"""The ready-made reasons to deny a use: those an organization has chosen, or the usual ones."""

from __future__ import annotations

from typing import Any, Final

from django import template
from django.http import HttpRequest

from tools_app.models import OrganizationPolicy

register = template.Library()

USUAL: Final = ("Not needed", "Wrong target", "Too broad", "Ask me first")


@register.simple_tag(takes_context=True)
def deny_reasons(context: Any) -> list[str]:
    """Read once for a page, however many cards it shows."""
    request: Any = context.get("request")
    if request is None:
        return list(USUAL)
    if not hasattr(request, "deny_reasons"):
        request.deny_reasons = _chosen(request)
    return list(request.deny_reasons)


def _chosen(request: HttpRequest) -> list[str]:
    organization = getattr(getattr(request, "identity", None), "organization_id", 0)
    policy = OrganizationPolicy.objects.filter(organization_id=organization).first() if organization else None
    return [str(reason) for reason in (policy.deny_reasons if policy else [])] or list(USUAL)
