"""The page that says what could be better about the tools of the catalog, fifty at a time."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest
from django.template.response import TemplateResponse

from audit_app.audited_admin import identity_of
from project.accounts.roles import CATALOG_CHANGE
from tools_app.cataloging import linting

_PER_PAGE = 50


def lint_page(request: HttpRequest) -> TemplateResponse:
    """Raises NotAllowed for whoever may not change the catalog: the hints tell of the settings of tools."""
    identity = identity_of(request)
    identity.require(CATALOG_CHANGE)
    wanted = request.GET.get("q", "").replace("\x00", "")[:200]
    rows = linting.rows(identity)
    if wanted:
        rows = rows.filter(Q(name__icontains=wanted) | Q(description__icontains=wanted))
    page = Paginator(rows, _PER_PAGE).get_page(request.GET.get("page"))
    others = linting.all_look_alikes(identity.organization_id)
    looked_at = list(linting.of_rows(list(page), others))
    shown: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "What could be better",
        "q": wanted,
        "page": page,
        "found": [linted for linted in looked_at if linted.hints],
        "fine": [linted.tool for linted in looked_at if not linted.hints],
    }
    return TemplateResponse(request, "admin/toolroom/lint.html", shown)
