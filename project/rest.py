"""Settings of Django REST framework and of the description it gives of itself. Nothing here depends on a machine."""

from __future__ import annotations

from typing import Any, Final

REST_FRAMEWORK: Final[dict[str, Any]] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "project.accounts.authentication.SessionAuthentication",
        "project.accounts.authentication.TokenAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["project.parsing.StrictJSON"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "project.pagination.Pages",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "project.errors.api_error",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "COERCE_DECIMAL_TO_STRING": True,
    "STRICT_JSON": True,
}

SPECTACULAR_SETTINGS: Final[dict[str, Any]] = {
    "ENUM_NAME_OVERRIDES": {
        "BudgetScopeEnum": "agents_app.models.spending.Budget.Scope",
        "DocumentScopeEnum": "tools_app.models.document.Document.Scope",
        "KillSwitchScopeEnum": "tools_app.models.kill_switch.KillSwitch.Scope",
        "McpServerKindEnum": "tools_app.models.mcp_server.McpServer.Kind",
        "ToolApproverEnum": "tools_app.models.tool.Tool.Approver",
        "VoteVerdictEnum": "tools_app.models.approver_group.ApprovalVote.Verdict",
        "DecisionVerdictEnum": (("approve", "approve"), ("deny", "deny")),
        "DemandedApproverEnum": "tools_app.models.demanding.Demanding.Approver",
    },
    "TITLE": "Toolroom",
    "DESCRIPTION": "Personas, conversations, tools under policy, approvals and the audit of all of it.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "COMPONENT_SPLIT_REQUEST": True,
    "PREPROCESSING_HOOKS": ["project.api.without_slash"],
    "SCHEMA_PATH_PREFIX": "/api/",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}
