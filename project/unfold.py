"""The look and the navigation of the admin pages. What their first page shows is in `project.overview`."""

from __future__ import annotations

from typing import Any, Final

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy

# The green of our own pages, from pale to dark.
_GREEN: Final = {
    "50": "oklch(97.5% .014 165)",
    "100": "oklch(94.5% .03 165)",
    "200": "oklch(89% .055 165)",
    "300": "oklch(81% .08 165)",
    "400": "oklch(71% .095 165)",
    "500": "oklch(62.5% .095 165)",
    "600": "oklch(47.5% .085 166)",
    "700": "oklch(40% .072 167)",
    "800": "oklch(34% .06 168)",
    "900": "oklch(29% .05 168)",
    "950": "oklch(21% .04 168)",
}


def _page(title: str, icon: str, name: str, **more: Any) -> dict[str, Any]:
    """A line of the sidebar, shown to whoever may open the page."""
    link = reverse_lazy(f"admin:{name.replace('.', '_')}_changelist")
    return {"title": title, "icon": icon, "link": link, "permission": MayOpen(name), **more}


class MayOpen:
    """Whether somebody may open the page of a model, asked only when a page is drawn: the settings need no models."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, request: HttpRequest) -> bool:
        page = admin.site._registry[apps.get_model(self._name)]
        return bool(page.has_module_permission(request))


class Within:
    """Whether the page shown belongs to a line of the sidebar, and to no other that lies below its address."""

    def __init__(self, name: str, *others: str) -> None:
        self._link = reverse_lazy(f"admin:{name}")
        self._others = [reverse_lazy(f"admin:{other}") for other in others]

    def __call__(self, request: HttpRequest) -> bool:
        return _is_below(request, self._link) and not any(_is_below(request, other) for other in self._others)


def _is_below(request: HttpRequest, link: Any) -> bool:
    return request.path.startswith(str(link))


_SIDEBAR: Final[list[dict[str, Any]]] = [
    {"items": [{"title": "Overview", "icon": "dashboard", "link": reverse_lazy("admin:index")}]},
    {
        "title": "The gate",
        "separator": True,
        "items": [
            _page("Approvals", "approval_delegation", "tools_app.approval", badge="project.overview.waiting"),
            _page("Deliveries", "outgoing_mail", "tools_app.delivery"),
            _page("Webhooks", "webhook", "tools_app.webhook"),
            _page("Allowed from now on", "verified_user", "tools_app.standingapproval"),
            _page("Rules", "policy", "tools_app.policyrule"),
            _page("Settings of the gate", "tune", "tools_app.organizationpolicy"),
            _page("Kill switches", "front_hand", "tools_app.killswitch", badge="project.overview.stopped"),
        ],
    },
    {
        "title": "Personas",
        "separator": True,
        "items": [
            _page(
                "Personas",
                "groups",
                "agents_app.agenttype",
                active=Within("agents_app_agenttype_changelist", "agents_app_catalog"),
            ),
            _page("Model endpoints", "hub", "agents_app.modelendpoint"),
        ],
    },
    {
        "title": "Spending",
        "separator": True,
        "items": [
            _page("Budgets", "savings", "agents_app.budget"),
            _page("Prices", "sell", "agents_app.modelprice"),
            _page("Model usage", "monitoring", "agents_app.modelusage"),
        ],
    },
    {
        "title": "Catalog",
        "separator": True,
        "items": [
            _page(
                "Tools",
                "handyman",
                "tools_app.tool",
                active=Within("tools_app_tool_changelist", "tools_app_tool_lint"),
            ),
            _page("Imported APIs", "api", "tools_app.apisource"),
            _page("MCP servers", "dns", "tools_app.mcpserver"),
            _page("Versions", "history", "tools_app.toolversion"),
            _page("Drafts", "edit_note", "tools_app.tooldraft"),
            _page("Saved cases", "checklist", "tools_app.toolcase"),
            _page("Documents", "menu_book", "tools_app.document"),
            _page("Secrets", "key", "tools_app.secret"),
            {
                "title": "What could be better",
                "icon": "rule",
                "link": reverse_lazy("admin:tools_app_tool_lint"),
                # Whoever may change the catalog, as for secrets.
                "permission": MayOpen("tools_app.secret"),
            },
            {
                "title": "Export and import",
                "icon": "swap_vert",
                "link": reverse_lazy("admin:agents_app_catalog"),
                "permission": MayOpen("tools_app.secret"),
            },
        ],
    },
    {
        "title": "Record",
        "separator": True,
        "items": [
            _page("Tool uses", "receipt_long", "audit_app.toolusage"),
            _page("Every entry", "link", "audit_app.auditentry"),
            _page("Calls", "bolt", "tools_app.toolcall"),
            _page("Conversations", "forum", "agents_app.conversation"),
            _page("Answers", "psychology", "agents_app.run"),
            _page("Usage counters", "speed", "tools_app.usagecounter"),
        ],
    },
    {
        "title": "People",
        "separator": True,
        "items": [
            _page("Members", "badge", "accounts.membership"),
            _page("Approver groups", "how_to_vote", "tools_app.approvergroup"),
            _page("Accounts", "person", "auth.user"),
            _page("API tokens", "vpn_key", "accounts.apitoken"),
            _page("Organization", "apartment", "accounts.organization"),
        ],
    },
]

UNFOLD: Final[dict[str, Any]] = {
    "SITE_TITLE": "Toolroom",
    "SITE_HEADER": "Toolroom",
    "SITE_SUBHEADER": "Supervision",
    "SITE_URL": "/",
    "SITE_SYMBOL": "handyman",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("img/mark.svg")},
    ],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "8px",
    "COLORS": {"primary": _GREEN},
    "DASHBOARD_CALLBACK": "project.overview.shown",
    "STYLES": [
        lambda request: static("css/admin.css"),
        lambda request: static("css/admin-versions.css"),
    ],
    "SIDEBAR": {"show_search": False, "show_all_applications": False, "navigation": _SIDEBAR},
}
