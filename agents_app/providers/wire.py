"""A ModelRequest as the body of a Messages API request; pure."""

from typing import Any

from agents_app.providers import capabilities, fitting
from agents_app.providers.base import ModelRequest

CACHED = {"type": "ephemeral"}


def body_of(request: ModelRequest) -> dict[str, Any]:
    """What is sent; optional fields this model refuses are left out."""
    body: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_output_tokens,
        "messages": fitting.messages_for(request),
        "stream": True,
    }
    if request.system:
        body["system"] = [{"type": "text", "text": request.system, "cache_control": CACHED}]
    if request.note:
        body["system"] = [*body.get("system", ()), {"type": "text", "text": request.note}]
    if request.tools:
        body["tools"] = _marked(fitting.tools_for(request))
        if request.without_tools:
            body["tool_choice"] = {"type": "none"}
    if request.end_user:
        body["metadata"] = {"user_id": request.end_user}
    if request.thinking:
        body["thinking"] = dict(request.thinking)
    if request.effort and capabilities.takes_effort(request):
        body["output_config"] = {"effort": request.effort}
    if request.temperature is not None and capabilities.takes_temperature(request):
        body["temperature"] = request.temperature
    refused = capabilities.refused(request.endpoint, request.model)
    return {name: value for name, value in body.items() if name not in refused}


def _marked(tools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The vendor caches everything up to the mark: all tools that are read at once, then the system text.

    A deferred tool is no part of that, and refused with a mark.
    """
    last = max((at for at, tool in enumerate(tools) if not tool.get(fitting.DEFERRED)), default=None)
    return [{**tool, "cache_control": CACHED} if at == last else tool for at, tool in enumerate(tools)]
