"""What an import would do, before anything is done: for each operation whether it is new, changed, gone or the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tools_app import executors
from tools_app.cataloging import differences, versions
from tools_app.cataloging.differences import Meeting
from tools_app.exceptions import ToolFailed
from tools_app.models import ApiOperation, ApiSource, Secret, Tool
from tools_app.openapi import proposals
from tools_app.openapi.description import Description, Operation
from tools_app.openapi.proposals import Choices, Proposal

NEW: Final = "new"
AVAILABLE: Final = "available"
CHANGED: Final = "changed"
UNCHANGED: Final = "unchanged"
REMOVED: Final = "removed"
# Compared and written at an import. Flags, switches and limits are the administrator's alone from the first one on.
_FOLLOWED: Final = ("description", "category", "tags", "input_schema", "configuration")
_PART: Final = "configuration."


@dataclass(frozen=True, slots=True)
class Item:
    """One operation in an import. `meetings` are the fields that differ since the last one, on either side."""

    key: str
    state: str
    proposal: Proposal | None = None
    tool: Tool | None = None
    former: ApiOperation | None = None
    meetings: tuple[Meeting, ...] = ()

    @property
    def news(self) -> tuple[Meeting, ...]:
        """What the new edition brings."""
        return tuple(each for each in self.meetings if not differences.same(each.base, each.mine))

    @property
    def conflicts(self) -> tuple[Meeting, ...]:
        """Fields that the new edition and a person here both changed."""
        return tuple(each for each in self.meetings if each.is_conflict)


@dataclass(frozen=True, slots=True)
class Plan:
    description: Description
    choices: Choices
    source: ApiSource | None
    items: tuple[Item, ...]
    problems: tuple[str, ...] = ()
    _by_key: dict[str, Item] = field(default_factory=dict, repr=False, compare=False)

    def of(self, state: str) -> list[Item]:
        return [item for item in self.items if item.state == state]

    def item(self, key: str) -> Item | None:
        if not self._by_key:
            self._by_key.update((each.key, each) for each in self.items)
        return self._by_key.get(key)


def plan(
    description: Description, choices: Choices, *, organization_id: int, source: ApiSource | None
) -> Plan:
    """Compare an edition with the catalog as it is now; writes nothing."""
    former = _former(source)
    own = {each.tool.name for each in former.values() if each.tool is not None}
    taken = set(Tool.objects.filter(organization_id=organization_id).values_list("name", flat=True)) - own
    names = proposals.names(description, choices, taken)
    hosts = _hosts(organization_id)
    matched = _matched(description, former)
    known = set(source.known) if source else None
    items = [
        _item(operation, matched.get(operation.key), _Under(description, choices, names, hosts, known))
        for operation in description.operations
    ]
    gone = [each for key, each in former.items() if key not in {row.key for row in matched.values()}]
    items += [Item(row.key, REMOVED, tool=row.tool, former=row) for row in gone if _is_in_use(row)]
    return Plan(description, choices, source, tuple(items), tuple(_problems(description, choices, hosts)))


@dataclass(frozen=True, slots=True)
class _Under:
    description: Description
    choices: Choices
    names: Mapping[str, str]
    hosts: Mapping[str, Secret]
    known: set[str] | None


def _former(source: ApiSource | None) -> dict[str, ApiOperation]:
    rows = source.operations.select_related("tool") if source else ()
    return {row.key: row for row in rows}


def _is_in_use(row: ApiOperation) -> bool:
    return row.tool is not None and row.tool.archived_at is None


def _matched(description: Description, former: Mapping[str, ApiOperation]) -> dict[str, ApiOperation]:
    """The former self of each operation: by method and path, and if these changed by its id."""
    found = {key: former[key] for key in former if description.operation(key)}
    rest = {row.operation_id: row for key, row in former.items() if key not in found and row.operation_id}
    for operation in description.operations:
        moved = rest.get(operation.operation_id) if operation.key not in found else None
        if moved is not None and operation.operation_id:
            found[operation.key] = rest.pop(operation.operation_id)
    return found


def _item(operation: Operation, former: ApiOperation | None, under: _Under) -> Item:
    tool = former.tool if former else None
    name = tool.name if tool else under.names[operation.key]
    made = _judged(proposals.of(operation, under.description, under.choices, name), under.hosts)
    if former is None or tool is None or tool.archived_at is not None:
        fresh = under.known is not None and operation.key not in under.known and former is None
        return Item(operation.key, NEW if fresh else AVAILABLE, made, former=former)
    # What the new edition does not say any more is a change as well.
    mine = {**dict.fromkeys(former.imported, differences.ABSENT), **parts(made.fields)}
    met = differences.three_way(former.imported, parts(versions.snapshot(tool)), mine)
    item = Item(operation.key, CHANGED, made, tool, former, met)
    return (
        item
        if item.news or former.key != operation.key
        else Item(operation.key, UNCHANGED, made, tool, former, met)
    )


def _judged(made: Proposal, hosts: Mapping[str, Secret]) -> Proposal:
    """The catalog refuses a tool whose secret may not go where the tool goes: that is said here already."""
    named = executors.secrets("http", made.fields["configuration"]) if not made.problem else ()
    try:
        reach = executors.lasting_reach("http", made.fields["configuration"]) if named else None
    except ToolFailed as refused:
        return Proposal(made.operation, made.fields, made.notes, refused.message)
    for name in named:
        secret = hosts.get(name)
        if secret is None:
            return Proposal(made.operation, made.fields, made.notes, f"There is no secret {name!r}.")
        if reach is not None and not reach.url.is_listed(secret.hosts):
            told = f"The secret {name!r} may not be sent to {reach.url.endpoint}: add it to its hosts, with its value."
            return Proposal(made.operation, made.fields, made.notes, told)
    return made


def parts(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields an import follows, the configuration by its own parts: a changed time limit is no changed address."""
    spread = differences.spread(fields)
    found = {name: spread[name] for name in _FOLLOWED if name in spread and name != "configuration"}
    return found | {f"{_PART}{name}": value for name, value in spread.get("configuration", {}).items()}


def joined(changed: Mapping[str, Any], tool: Tool) -> dict[str, Any]:
    """Those parts as columns again, on top of what the tool has; ABSENT takes a part away."""
    configuration = dict(tool.configuration)
    for name, value in changed.items():
        if name.startswith(_PART):
            if value is differences.ABSENT:
                configuration.pop(name.removeprefix(_PART), None)
            else:
                configuration[name.removeprefix(_PART)] = value
    fields = {name: value for name, value in changed.items() if not name.startswith(_PART)}
    return fields | ({"configuration": configuration} if configuration != tool.configuration else {})


def _hosts(organization_id: int) -> dict[str, Secret]:
    return {row.name: row for row in Secret.objects.filter(organization_id=organization_id)}


def _problems(description: Description, choices: Choices, hosts: Mapping[str, Secret]) -> Iterator[str]:
    """What is wrong with the choices themselves."""
    if choices.prefix and not proposals.PREFIX.match(choices.prefix):
        yield "The beginning of the names: use up to 31 lower-case letters, digits and _."
    for scheme, name in choices.secrets.items():
        if scheme not in description.schemes:
            yield f"The description has no way to sign in that is called {scheme!r}."
        if name not in hosts:
            yield f"There is no secret {name!r}."
    if choices.sign_in and choices.sign_in.get("secret", "") not in hosts:
        yield f"There is no secret {choices.sign_in.get('secret', '')!r}."
