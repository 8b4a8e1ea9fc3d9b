"""The rows of the catalog and of acting."""

from tools_app.models.api_source import ApiDocument, ApiOperation, ApiSource
from tools_app.models.approval import Approval
from tools_app.models.approver_group import ApprovalVote, ApproverGroup
from tools_app.models.cache_generation import CacheGeneration
from tools_app.models.document import Document, Passage
from tools_app.models.kill_switch import KillSwitch
from tools_app.models.mcp_server import McpServer
from tools_app.models.notice import Delivery, Event, NotificationPreference, QuestionClock, Webhook
from tools_app.models.organization_policy import OrganizationPolicy
from tools_app.models.outside_trace import OutsideTrace
from tools_app.models.policy_rule import PolicyRule
from tools_app.models.secret import Secret
from tools_app.models.seeded_row import SeededRow
from tools_app.models.standing_approval import StandingApproval
from tools_app.models.tool import Tool
from tools_app.models.tool_call import ToolCall
from tools_app.models.tool_case import ToolCase
from tools_app.models.tool_draft import ToolDraft
from tools_app.models.tool_version import ToolVersion
from tools_app.models.usage_counter import UsageCounter

__all__ = [
    "ApiDocument",
    "ApiOperation",
    "ApiSource",
    "Approval",
    "ApprovalVote",
    "ApproverGroup",
    "CacheGeneration",
    "Delivery",
    "Document",
    "Event",
    "KillSwitch",
    "McpServer",
    "NotificationPreference",
    "OrganizationPolicy",
    "OutsideTrace",
    "Passage",
    "PolicyRule",
    "QuestionClock",
    "Secret",
    "SeededRow",
    "StandingApproval",
    "Tool",
    "ToolCall",
    "ToolCase",
    "ToolDraft",
    "ToolVersion",
    "UsageCounter",
    "Webhook",
]
