"""Carries out built-in tools: finds the function of that name and turns whatever it raises into an answer."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from tools_app import builtin_tools
from tools_app.context import MissingContextKey, ToolContext
from tools_app.exceptions import InvalidArguments, ToolContextError, ToolFailed, UnknownTool
from tools_app.executors.base import ToolResult, Work

logger = logging.getLogger(__name__)


class BuiltinExecutor:
    def execute(self, work: Work, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        try:
            return builtin_tools.named(work.name).run(work, arguments, context)
        except ToolFailed:
            raise
        except InvalidArguments as wrong:
            raise ToolFailed(wrong.message, code=wrong.code) from wrong
        except UnknownTool as missing:
            raise ToolFailed(missing.message, code=missing.code) from missing
        except MissingContextKey as missing:
            raise ToolContextError(work.name, missing.key) from missing
        except Exception as broken:
            # The border of the house: the log has the story, the model only learns that there is none for it.
            logger.exception("The built-in tool %s broke", work.name)
            raise ToolFailed(
                "The tool broke unexpectedly. The operator has been told.", code="error"
            ) from broken

    def readiness(self, name: str) -> str:
        return "" if name in builtin_tools.names() else "This built-in tool is not part of this version yet."
