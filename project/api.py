"""The one list of REST routes of all rooms, beneath /api/. Each address answers with and without a slash at its end."""

from __future__ import annotations

from typing import Any, Final

from django.urls import URLPattern, path
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.views import APIView

from agents_app.api import (
    attaching,
    cases,
    checking,
    deciding,
    explaining,
    instead,
    knowledge,
    pictures,
    previewing,
    replaying,
    spending,
    standing,
    switches,
    talking,
    transferring,
    trying,
)
from agents_app.api import views as agents
from audit_app.api import views as audit
from project.accounts.api import views as accounts
from tools_app.api import apis, drafts, groups, linting, mcp, notices, policy, versions
from tools_app.api import views as tools

ROUTES: Final[tuple[tuple[str, type[APIView]], ...]] = (
    ("me", accounts.Me),
    ("me/notifications", notices.Preferences),
    ("webhooks", notices.Webhooks),
    ("webhooks/<int:webhook_id>", notices.WebhookDetail),
    ("webhooks/<int:webhook_id>/test", notices.WebhookTest),
    ("deliveries", notices.Deliveries),
    ("deliveries/<int:delivery_id>", notices.DeliveryDetail),
    ("deliveries/<int:delivery_id>/repetition", notices.DeliveryRepetition),
    ("tools", tools.Tools),
    ("tools/check", checking.Check),
    ("tools/<int:tool_id>", tools.ToolDetail),
    ("tools/<int:tool_id>/lint", linting.Lint),
    ("tools/<int:tool_id>/versions", versions.Versions),
    ("tools/<int:tool_id>/versions/<int:number>", versions.VersionDetail),
    ("tools/<int:tool_id>/rollback", versions.Rollback),
    ("tools/<int:tool_id>/draft", drafts.Draft),
    ("tools/<int:tool_id>/draft/publish", drafts.Publication),
    ("tools/<int:tool_id>/cases", cases.Cases),
    ("tools/<int:tool_id>/cases/runs", cases.Runs),
    ("tools/<int:tool_id>/cases/<int:case_id>", cases.CaseDetail),
    ("tools/<int:tool_id>/cases/<int:case_id>/runs", cases.CaseRuns),
    ("tools/<int:tool_id>/try", trying.Try),
    ("tools/<int:tool_id>/try/<int:call_id>", trying.TryOutcome),
    ("openapi/preview", apis.Preview),
    ("openapi/import", apis.Import),
    ("openapi/sources", apis.Sources),
    ("openapi/sources/<int:source_id>", apis.SourceDetail),
    ("catalog/export", transferring.CatalogExport),
    ("catalog/import", transferring.CatalogImport),
    ("mcp-servers", mcp.McpServers),
    ("mcp-servers/<int:server_id>", mcp.McpServerDetail),
    ("mcp-servers/<int:server_id>/sync", mcp.McpSync),
    ("mcp-servers/<int:server_id>/reviews", mcp.McpReviews),
    ("mcp-servers/<int:server_id>/reviews/<int:tool_id>", mcp.McpReview),
    ("mcp-launchers", mcp.McpLaunchers),
    ("agents", agents.Agents),
    ("agents/<int:agent_id>", agents.AgentDetail),
    ("agents/<int:agent_id>/callable-cache", agents.CallableCache),
    ("agents/<int:agent_id>/preview", previewing.Preview),
    ("agents/<int:agent_id>/tools", agents.AgentTools),
    ("agents/<int:agent_id>/tools/<int:tool_id>", agents.AgentTool),
    ("knowledge", knowledge.Knowledge),
    ("knowledge/<int:document_id>", knowledge.KnowledgeDetail),
    ("policy", policy.Policy),
    ("policy/rules", policy.PolicyRules),
    ("policy/rules/<int:rule_id>", policy.PolicyRuleDetail),
    ("audit/tool-usage", audit.ToolUsages),
    ("audit/entries", audit.AuditEntries),
    ("conversations", talking.Conversations),
    ("conversations/<uuid:conversation_id>", talking.ConversationDetail),
    ("conversations/<uuid:conversation_id>/messages", talking.Messages),
    ("conversations/<uuid:conversation_id>/snapshot", talking.Snapshot),
    ("conversations/<uuid:conversation_id>/cursor", talking.Cursor),
    ("conversations/<uuid:conversation_id>/attachments", attaching.Attachments),
    ("conversations/<uuid:conversation_id>/attachments/<uuid:attachment_id>", attaching.AttachmentDetail),
    (
        "conversations/<uuid:conversation_id>/attachments/<uuid:attachment_id>/content",
        attaching.AttachmentContent,
    ),
    (
        "conversations/<uuid:conversation_id>/calls/<int:use_id>/pictures/<int:number>",
        pictures.CallPicture,
    ),
    ("runs/<int:run_id>", talking.RunDetail),
    ("runs/<int:run_id>/cancellation", talking.RunCancellation),
    ("runs/<int:run_id>/retry", talking.RunRetry),
    ("replays", replaying.Replays),
    ("runs/<int:run_id>/continuation", spending.RunContinuation),
    ("conversations/<uuid:conversation_id>/usage", spending.ConversationUsage),
    ("prices", spending.Prices),
    ("prices/<int:price_id>", spending.PriceDetail),
    ("budgets", spending.Budgets),
    ("budgets/<int:budget_id>", spending.BudgetDetail),
    ("usage", spending.Usage),
    ("calls/<int:use_id>/explanation", explaining.CallExplanation),
    ("approver-groups", groups.ApproverGroups),
    ("approver-groups/<int:group_id>", groups.ApproverGroupDetail),
    ("kill-switches", switches.Switches),
    ("kill-switches/<int:switch_id>", switches.SwitchDetail),
    ("kill-switches/<int:switch_id>/lift", switches.SwitchLift),
    ("approvals", deciding.Approvals),
    ("approvals/decisions", instead.ApprovalDecisions),
    ("approvals/waiting", deciding.ApprovalsWaiting),
    ("approvals/<int:approval_id>", deciding.ApprovalDetail),
    ("approvals/<int:approval_id>/decision", deciding.ApprovalDecision),
    ("approvals/<int:approval_id>/answer", deciding.ApprovalAnswer),
    ("approvals/<int:approval_id>/edit", instead.ApprovalEdit),
    ("approvals/<int:approval_id>/response", instead.ApprovalResponse),
    ("approvals/<int:approval_id>/withdrawal", instead.ApprovalWithdrawal),
    ("approvals/<int:approval_id>/standing", standing.ApprovalStanding),
    ("standing-approvals", standing.StandingApprovals),
    ("standing-approvals/<int:standing_id>", standing.StandingDetail),
    ("standing-approvals/<int:standing_id>/revocation", standing.StandingRevocation),
)


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "project.accounts.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "Made by `manage.py issue_token`."}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "project.accounts.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        about = "A signed-in browser; writing also needs the X-CSRFToken header."
        return {"type": "apiKey", "in": "cookie", "name": "session", "description": about}


class StrictShape(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """A body that refuses fields it does not know says so, for clients that are made from the description."""

    target_class = "project.accounts.api.base.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        shape = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**shape, "additionalProperties": False}


def without_slash(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """Describe each address once; a hook of drf-spectacular."""
    return [endpoint for endpoint in endpoints if not endpoint[0].endswith("/")]


def _patterns() -> list[URLPattern]:
    found = []
    for route, view in ROUTES:
        answer = view.as_view()
        found += [path(route, answer), path(f"{route}/", answer)]
    return found


urlpatterns = [
    *_patterns(),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
]
