"""How a tool, a persona and its grants arrive: what a file says of each, as the verbs of the house want to hear it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agents_app import personas
from agents_app.exceptions import InvalidGrant, InvalidPersona
from agents_app.models import AgentToolConfig, AgentType, ModelEndpoint
from agents_app.transfer import shapes
from agents_app.transfer.reports import LEFT_OUT, Outcome
from agents_app.transfer.settling import Arrival, LeftOut, Meeting, reasons, settle
from project.accounts.exceptions import HouseError
from tools_app import builtin_tools, catalog, credentials
from tools_app.cataloging import versions
from tools_app.cataloging.versions import Cause
from tools_app.documents import Document, Item
from tools_app.exceptions import InvalidServer, InvalidTool, NotATool
from tools_app.functions import parameters
from tools_app.mcp import servers
from tools_app.models import McpServer, Tool

# S2's record of a web service: a tool in one line, with the person who asks in a header (S2.57-65).
_SHORT: Final = frozenset({"endpoint", "method", "parameters", "requiresAuth", "rateLimit"})


class Tools:
    def __init__(self, arrival: Arrival) -> None:
        self._arrival = arrival

    def settle(self, item: Item) -> Outcome:
        arrival = self._arrival
        try:
            fields = fields_of(item)
        except HouseError as refused:
            return Outcome("tool", item.name, "wrong", str(item.at), told=tuple(reasons(refused, item)))
        row = Tool.objects.filter(organization_id=arrival.organization_id, name=item.name).first()
        meeting = Meeting(
            kind="tool",
            item=item,
            write=lambda: self._written(row, fields),
            now=versions.snapshot(row) if row is not None else None,
            deleted=self._deleted(item) if row is None else "",
            clash=_clash(row, fields) if row is not None else "",
            add=lambda name: self._renamed(item.name, name, fields),
        )
        return settle(meeting, arrival)

    def _deleted(self, item: Item) -> str:
        if not self._arrival.was_deleted("tool", item.name):
            return ""
        return "It was here once and somebody has deleted it."

    def _written(self, row: Tool | None, fields: dict[str, Any]) -> Mapping[str, Any]:
        cause = self._cause("tool.changed" if row else "tool.added")
        if row is None:
            made = catalog.add(_complete(fields), cause)
        else:
            theirs = shapes.THEIRS.get(row.executor, frozenset())
            made = catalog.change(row, {k: v for k, v in fields.items() if k not in theirs}, cause)
        return versions.snapshot(made)

    def _renamed(self, former: str, name: str, fields: dict[str, Any]) -> Mapping[str, Any]:
        made = self._written(None, {**fields, "name": name})
        # Only now: what could not be made is called nothing here.
        self._arrival.renamed[former] = name
        return made

    def _cause(self, action: str) -> Cause:
        return Cause(action, self._arrival.by, self._arrival.reason, awaited=self._arrival.awaited)


def needed(document: Document) -> set[str]:
    """The names of the secrets that its tools name."""
    found = set[str]()
    for item in document.tools:
        try:
            fields = fields_of(item)
        except HouseError:
            continue
        settings = fields.get("configuration")
        if isinstance(settings, dict):
            row = Tool(name=item.name, executor=fields["executor"], configuration=settings)
            found |= set(credentials.names(row))
    return found | {str(each.fields["secret"]) for each in document.mcp_servers if each.fields.get("secret")}


def fields_of(item: Item) -> dict[str, Any]:
    """Every field of the catalog: what the file leaves out is what a new tool has. Raises InvalidTool."""
    said = _long(dict(item.fields))
    if not isinstance(said.get("definition") or {}, dict):
        raise InvalidTool(details={"definition": ["This must be an object."]})
    known = {*shapes.TOOL, "definition"}
    if strangers := shapes.unknown(said, known):
        raise InvalidTool(details={name: ["There is no such field."] for name in strangers})
    given = {**(said.pop("definition", None) or {}), **said}
    if wrong := shapes.not_text(Tool, given):
        raise InvalidTool(details=wrong)
    kind = str(given.get("executor") or ("builtin" if given.get("tool_type") == "builtin" else "http"))
    given.setdefault("executor", kind)
    given.setdefault("tool_type", {"builtin": "builtin", "mcp": "mcp"}.get(kind, "custom"))
    theirs = shapes.THEIRS.get(kind, frozenset())
    wanted = {
        name: given.get(name, shapes.tool_default(name, kind)) for name in shapes.TOOL if name not in theirs
    }
    if kind not in shapes.THEIRS and "input_schema" not in given:
        raise InvalidTool(details={"input_schema": ["It is missing; or give flat parameters."]})
    return wanted


def _long(said: dict[str, Any]) -> dict[str, Any]:
    """Flat parameters, the contract's spellings, and its record of a web service, as the catalog knows them."""
    for short, name in (("requiresAuth", "requires_auth"), ("rateLimit", "rate_limit")):
        if short in said:
            said[name] = said.pop(short)
    if "parameters" in said:
        try:
            said["input_schema"] = parameters.schema_of(said.pop("parameters"))
        except NotATool as unfit:
            raise InvalidTool(details={"parameters": [unfit.message]}) from None
    if "endpoint" in said:
        said |= _service(said)
        said.setdefault("category", "external")
    return said


def _service(said: dict[str, Any]) -> dict[str, Any]:
    endpoint, method = said.pop("endpoint"), said.pop("method", "GET")
    if method not in ("GET", "POST"):
        raise InvalidTool(details={"method": ["A record has GET or POST; write a configuration for others."]})
    schema = said.get("input_schema") or {"type": "object", "properties": {}}
    where = "query" if method == "GET" else "json"
    configuration = {
        "method": method,
        "url": endpoint,
        "parameters": dict.fromkeys(schema.get("properties") or {}, where),
        "context_headers": {"X-User-Id": "user_id"},
    }
    return {"executor": "http", "input_schema": schema, "configuration": configuration}


def _complete(fields: dict[str, Any]) -> dict[str, Any]:
    """A new tool of the program gets what the program knows of it; others cannot be made from a file."""
    kind, name = fields["executor"], fields["name"]
    if kind == Tool.Executor.BUILTIN and name in builtin_tools.names():
        definition = builtin_tools.named(name).definition
        return {
            **fields,
            "input_schema": dict(definition.input_schema),
            "examples": list(definition.examples),
        }
    if kind == Tool.Executor.PYTHON:
        raise LeftOut(
            "Its function is not in this catalog: name its module in TOOL_MODULES and seed, then import again."
        )
    if kind == Tool.Executor.MCP:
        raise LeftOut(
            "It comes with its MCP server: sync the server and review its tools, then import again."
        )
    return fields


def _clash(row: Tool, fields: Mapping[str, Any]) -> str:
    if row.archived_at is not None:
        return "A tool of this name is archived here. Bring it back first, or rename."
    if row.is_draft:
        return "A draft has this name here. Publish or discard it first, or rename."
    if (row.tool_type, row.executor) != (fields["tool_type"], fields["executor"]):
        return f"A tool of another kind has this name here: {row.executor}, not {fields['executor']}."
    return ""


class Servers:
    """MCP servers: how they are reached. What they offer is read from them, and reviewed here."""

    def __init__(self, arrival: Arrival) -> None:
        self._arrival = arrival

    def settle(self, item: Item) -> Outcome:
        arrival = self._arrival
        row = McpServer.objects.filter(organization_id=arrival.organization_id, name=item.name).first()
        wrong = shapes.not_text(McpServer, item.fields)
        wrong |= {each: ["There is no such field."] for each in shapes.unknown(item.fields, shapes.SERVER)}
        if wrong:
            told = tuple(reasons(InvalidServer(details=wrong), item))
            return Outcome("mcp_server", item.name, "wrong", str(item.at), told=told)
        fields = {name: item.fields.get(name, shapes.server_default(name)) for name in shapes.SERVER}
        meeting = Meeting(
            kind="mcp_server",
            item=item,
            write=lambda: self._written(row, fields),
            now=shapes.server_now(row) if row is not None else None,
        )
        return settle(meeting, arrival)

    def _written(self, row: McpServer | None, fields: dict[str, Any]) -> Mapping[str, Any]:
        if fields["secret"] in self._arrival.awaited:
            # A server is spoken to as soon as it is there; without its secret it would be another one.
            raise LeftOut(f"Make the secret {fields['secret']!r} first, then import again.")
        by = self._arrival.by
        made = servers.add(fields, by=by) if row is None else servers.change(row, fields, by=by)
        return shapes.server_now(made)


class Personas:
    def __init__(self, arrival: Arrival) -> None:
        self._arrival = arrival

    def settle(self, item: Item) -> list[Outcome]:
        """The persona, then each of its grants, each with a choice of its own."""
        arrival, rows = self._arrival, AgentType.objects.filter(organization_id=self._arrival.organization_id)
        row = rows.filter(name=item.name).first()
        try:
            fields, told = self._fields(item, row)
        except HouseError as refused:
            return [Outcome("persona", item.name, "wrong", str(item.at), told=tuple(reasons(refused, item)))]
        meeting = Meeting(
            kind="persona",
            item=item,
            write=lambda: self._written(row, fields),
            now=shapes.persona_now(row) if row is not None else None,
            deleted="It was here once and somebody has deleted it."
            if row is None and arrival.was_deleted("persona", item.name)
            else "",
            clash="A persona of this name is archived here. Bring it back first, or rename."
            if row is not None and row.archived_at is not None
            else "",
            add=lambda name: self._written(None, {**fields, "name": name, "is_default": False}),
            told=told,
        )
        found = settle(meeting, arrival)
        here = rows.filter(name=found.name_here or item.name, archived_at__isnull=True).first()
        return [found, *(self._grants(here, item) if here is not None else ())]

    def _fields(self, item: Item, row: AgentType | None) -> tuple[dict[str, Any], tuple[str, ...]]:
        said = {name: value for name, value in item.fields.items() if name != "tools"}
        if strangers := shapes.unknown(said, shapes.PERSONA):
            raise InvalidPersona(details={name: ["There is no such field."] for name in strangers})
        if wrong := shapes.not_text(AgentType, said):
            raise InvalidPersona(details=wrong)
        fields = {name: said.get(name, shapes.persona_default(name)) for name in shapes.PERSONA}
        fields["display_name"] = (
            fields["display_name"] or item.name.replace("_", " ").replace("-", " ").title()
        )
        told = []
        if name := fields["endpoint"]:
            endpoint = ModelEndpoint.objects.visible_to(self._arrival.by).filter(name=name).first()
            fields["endpoint"] = endpoint
            if endpoint is None:
                told.append(
                    f"Its model endpoint {name!r} is not here: it uses the default one until you choose."
                )
        if row is not None and row.is_default:
            # Who is the default steps back only for another one.
            fields["is_default"] = True
        others = AgentType.objects.filter(organization_id=self._arrival.organization_id, is_default=True)
        if row is None and fields["is_default"] and others.exists():
            fields["is_default"] = False
            told.append("There is a default persona here, which stays the default.")
        return fields, tuple(told)

    def _written(self, row: AgentType | None, fields: dict[str, Any]) -> Mapping[str, Any]:
        by = self._arrival.by
        if row is None:
            return shapes.persona_now(personas.register(fields, by=by))
        return shapes.persona_now(personas.update(row, fields, by=by))

    def _grants(self, agent: AgentType, item: Item) -> list[Outcome]:
        listed = item.fields.get("tools") or []
        if not isinstance(listed, list):
            return [
                Outcome("grant", item.name, "wrong", told=(f"{item.at.below('tools')}: must be a list.",))
            ]
        return [
            self._grant(
                agent, Item(f"{item.name}/{_tool_of(each)}", _mapping(each), item.at.below("tools", number))
            )
            for number, each in enumerate(listed)
        ]

    def _grant(self, agent: AgentType, item: Item) -> Outcome:
        said = dict(item.fields)
        name = self._arrival.renamed.get(str(said.get("tool")), str(said.pop("tool", "")))
        tool = Tool.objects.current().filter(organization_id=agent.organization_id, name=name).first()
        if tool is None:
            told = f"There is no tool {name!r} here, so nothing is granted."
            return Outcome("grant", item.name, LEFT_OUT, str(item.at), told=(told,))
        if strangers := shapes.unknown(said, shapes.GRANT):
            wrong = InvalidGrant(details={each: ["There is no such field."] for each in strangers})
            return Outcome("grant", item.name, "wrong", str(item.at), told=tuple(reasons(wrong, item)))
        fields = {each: said.get(each, shapes.grant_default(each)) for each in shapes.GRANT}
        row = AgentToolConfig.objects.filter(agent_type=agent, tool=tool).first()
        meeting = Meeting(
            kind="grant",
            item=item,
            write=lambda: shapes.grant_now(personas.grant(agent, tool, fields, by=self._arrival.by)),
            now=shapes.grant_now(row) if row is not None else None,
        )
        return settle(meeting, self._arrival)


def _tool_of(said: Any) -> str:
    return str(said.get("tool", "?")) if isinstance(said, Mapping) else "?"


def _mapping(said: Any) -> Mapping[str, Any]:
    return said if isinstance(said, Mapping) else {}
