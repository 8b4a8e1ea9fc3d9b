"""Tools and messages in the form a model understands; pure.

A tool may come marked `defer_loading`: it is not to be read before it was found. A model that knows references is sent
it with the mark, and results of a search refer to it. Any other is sent only those that results so far refer to, or
that were used already, in the order in which they turned up: what is found once stays, what was sent before stays
where it was, and prompt caching holds. The messages are the only memory of it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from agents_app.providers import capabilities
from agents_app.providers.base import ModelRequest

Block = dict[str, Any]
DEFERRED = "defer_loading"


def tools_for(request: ModelRequest) -> list[Block]:
    """Those that are read at once first; then the deferred ones, or what of them is loaded."""
    if not any(DEFERRED in tool for tool in request.tools):
        return list(request.tools)
    read = [tool for tool in request.tools if not tool.get(DEFERRED)]
    deferred = {tool["name"]: tool for tool in request.tools if tool.get(DEFERRED)}
    if capabilities.takes_references(request):
        return [*read, *deferred.values()]
    loaded = dict.fromkeys(name for name in _named(request.messages) if name in deferred)
    return [*read, *(_undeferred(deferred[name]) for name in loaded)]


def messages_for(request: ModelRequest) -> list[Block]:
    known: set[str] = set()
    if capabilities.takes_references(request):
        known = {tool["name"] for tool in request.tools if tool.get(DEFERRED)}
    sources = capabilities.takes_search_results(request)
    return [_message(message, known, sources=sources) for message in request.messages]


def kinds_in(body: Mapping[str, Any]) -> set[str]:
    """The kinds of blocks in a request that a model might refuse, by the names `capabilities` has for them."""
    found = {"tool_reference"} if any(tool.get(DEFERRED) for tool in body.get("tools", ())) else set()
    found |= {str(block.get("type")) for block in _results(body.get("messages", ()))}
    return found & {"tool_reference", "search_result"}


def _undeferred(tool: Block) -> Block:
    return {name: value for name, value in tool.items() if name != DEFERRED}


def _named(messages: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The tools that messages name, by use or by reference, in their order."""
    for message in messages:
        for block in _blocks(message):
            if block.get("type") == "tool_use":
                yield str(block.get("name"))
            elif block.get("type") == "tool_result":
                yield from (str(part["tool_name"]) for part in _parts(block) if "tool_name" in part)


def _results(messages: Iterable[Mapping[str, Any]]) -> Iterator[Block]:
    for message in messages:
        for block in _blocks(message):
            if block.get("type") == "tool_result":
                yield from _parts(block)


def _message(message: Block, known: set[str], *, sources: bool) -> Block:
    """The same object where nothing has to be fitted, which is almost always."""
    blocks = _blocks(message)
    if not any(len(_parts(block)) > 1 for block in blocks if block.get("type") == "tool_result"):
        return message
    return {**message, "content": [_result(block, known, sources=sources) for block in blocks]}


def _result(block: Block, known: set[str], *, sources: bool) -> Block:
    parts = _parts(block)
    if block.get("type") != "tool_result" or len(parts) < 2:
        return block
    # A reference to a tool that was taken away since would make the whole request invalid.
    references = [part for part in parts if part.get("tool_name") in known]
    if references:
        return {**block, "content": references}
    found = [part for part in parts if part.get("type") == "search_result"]
    told = found if found and sources else [part for part in parts if part.get("type") == "text"]
    beside = [part for part in parts if part.get("type") == "image"]
    return {**block, "content": [*told, *beside]}


def _blocks(message: Mapping[str, Any]) -> Sequence[Block]:
    content = message.get("content", "")
    return content if isinstance(content, list) else ()


def _parts(block: Mapping[str, Any]) -> Sequence[Block]:
    content = block.get("content")
    return content if isinstance(content, list) else ()
