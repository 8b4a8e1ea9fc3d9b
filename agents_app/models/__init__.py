"""The rows of personas and of talking."""

from agents_app.models.agent_type import AgentToolConfig, AgentType
from agents_app.models.attachment import Attachment
from agents_app.models.conversation import Conversation, Message
from agents_app.models.model_endpoint import ModelEndpoint
from agents_app.models.run import Run, Step
from agents_app.models.spending import Budget, BudgetWindow, ModelPrice, ModelUsage

__all__ = [
    "AgentToolConfig",
    "AgentType",
    "Attachment",
    "Budget",
    "BudgetWindow",
    "Conversation",
    "Message",
    "ModelEndpoint",
    "ModelPrice",
    "ModelUsage",
    "Run",
    "Step",
]
