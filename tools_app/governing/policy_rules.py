"""The verbs of an organization's rules: add one, change it, remove it. API, admin and imports all come here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from audit_app import records
from project.accounts.exceptions import NotFound
from project.accounts.identity import Identity
from project.accounts.roles import POLICY_CHANGE
from tools_app import arguments, rules
from tools_app.cataloging import differences
from tools_app.exceptions import InvalidArguments, InvalidRule, RuleNameTaken
from tools_app.governing import layer_rules, layers, meanings
from tools_app.models import PolicyRule, Tool
from tools_app.rules import UnknownRule

FIELDS: Final = ("name", "reason", "enabled", *layer_rules.FIELDS)
MAX_BYTES: Final = 65_536
# More would be looked through at every use of every tool.
MOST: Final = 200


def add(fields: Mapping[str, Any], *, by: Identity) -> PolicyRule:
    """A new rule, in force at the next decision unless it says otherwise. Raises InvalidRule or RuleNameTaken."""
    require_right(by)
    row = unsaved(fields, by=by)
    row.created_by = by.display_name[:255]
    if PolicyRule.objects.visible_to(by).count() >= MOST:
        raise InvalidRule(f"There are {MOST} rules already. Join some of them.")
    _write(row, "policy.rule_added", sorted(fields), by)
    return row


def change(rule: PolicyRule, changes: Mapping[str, Any], *, by: Identity) -> PolicyRule:
    """Change what is named, leave the rest; writes nothing if nothing changes. Same errors as add."""
    require_right(by, rule)
    with transaction.atomic():
        current = PolicyRule.objects.select_for_update().filter(pk=rule.pk).first()
        if current is None:
            raise NotFound
        row = unsaved(changes, by=by, rule=current)
        before = PolicyRule.objects.get(pk=rule.pk)
        changed = [
            name for name in FIELDS if not differences.is_kept(getattr(before, name), getattr(row, name))
        ]
        if changed:
            _write(row, "policy.rule_changed", changed, by)
    return row


def remove(rule: PolicyRule, *, by: Identity) -> None:
    """Take a rule away; what it decided stays in the record, with its name."""
    require_right(by, rule)
    with transaction.atomic():
        _record("policy.rule_removed", rule, [], by)
        rule.delete()


def unsaved(fields: Mapping[str, Any], *, by: Identity, rule: PolicyRule | None = None) -> PolicyRule:
    """The row these fields would make, checked as if it were saved, and written nowhere. Raises InvalidRule."""
    _require_plain(fields)
    row = rule or PolicyRule(organization_id=by.organization_id)
    for name, value in fields.items():
        setattr(row, name, value)
    wrong = _wrong(row)
    wrong = wrong or _unmet(row)
    if not wrong and (tools := only_advised(row)):
        shown = ", ".join(tools[:5]) + (" …" if len(tools) > 5 else "")
        told = f"Texts of commands can be written otherwise and protect nothing, and nobody is asked about: {shown}."
        wrong["denied_parameters"] = [f"{told} Also let a person approve each use."]
    if wrong:
        raise InvalidRule(details=wrong)
    return row


def advisory(row: PolicyRule) -> list[str]:
    """What of it only advises, for some tool it is about."""
    given = (row.denied_parameters, row.allowed_parameters, row.ask_when)
    return sorted({name for tool in covered(row) for name in rules.advice(*given, meanings.kinds_of(tool))})


def only_advised(row: PolicyRule) -> list[str]:
    """The tools for which forbidden texts would be all that this rule, or anything of theirs, puts before a command."""
    if row.forbids or row.requires_approval or not row.enabled:
        return []
    unasked = (tool for tool in covered(row) if not (tool.is_dangerous or tool.requires_approval))
    return [tool.name for tool in unasked if _advised(row, tool)]


def problem(row: PolicyRule) -> str:
    """Why it cannot be read, "" where it can: changed by hand, or written by a release that knew more.

    The gate refuses every use it is about as long as it is so; the pages on which it can be mended must not.
    """
    try:
        layers.of_row(row)
    except UnknownRule as torn:
        return str(torn)
    return _in_words(layer_rules.problems(_fields(row)))


def unmet(row: PolicyRule) -> str:
    """The same for texts in it that nothing could meet in a tool it is about now, each use of which is refused."""
    return _in_words(_unmet(row))


def covered(row: PolicyRule) -> list[Tool]:
    """The tools of the organization that it is about, by name."""
    rule = layers.of_row(row)
    tools = Tool.objects.filter(organization_id=row.organization_id).current().order_by("name")
    return [tool for tool in tools if rule.selector.covers(layers.selected(tool))]


def require_right(by: Identity, rule: PolicyRule | None = None) -> None:
    if not by.organization_id or (rule is not None and rule.organization_id != by.organization_id):
        raise NotFound
    if by.via != "system":
        by.require(POLICY_CHANGE)


def _advised(row: PolicyRule, tool: Tool) -> Iterable[str]:
    kinds = meanings.kinds_of(tool)
    return [
        *rules.advisory(row.denied_parameters, kinds),
        *rules.loosely_allowed(row.allowed_parameters, kinds),
    ]


def _wrong(row: PolicyRule) -> dict[str, list[str]]:
    wrong = layer_rules.problems(_fields(row))
    try:
        row.clean_fields(exclude=["organization", *wrong])
    except ValidationError as broken:
        wrong |= {name: list(told) for name, told in broken.message_dict.items()}
    return wrong


def _fields(row: PolicyRule) -> dict[str, Any]:
    return {name: getattr(row, name) for name in layer_rules.FIELDS}


def _unmet(row: PolicyRule) -> dict[str, list[str]]:
    layer = layers.of_row(row).layer
    for tool in covered(row):
        if wrong := layer_rules.unmet(layer, meanings.kinds_of(tool)):
            return {name: [f"{told} So {tool.name} reads it."] for name, told in wrong.items()}
    return {}


def _in_words(wrong: Mapping[str, list[str]]) -> str:
    return "; ".join(f"{name}: {' '.join(told)}" for name, told in wrong.items())


def _require_plain(fields: Mapping[str, Any]) -> None:
    """Refuse what a database could not store or two readers could understand differently."""
    wrong = {
        str(name): ["There is no such field, or it cannot be written."]
        for name in fields
        if name not in FIELDS
    }
    try:
        arguments.parse(json.dumps(dict(fields)), max_bytes=MAX_BYTES)
    except (InvalidArguments, TypeError, ValueError, RecursionError):
        wrong[""] = ["The rule is too large, or not plain JSON."]
    if wrong:
        raise InvalidRule(details=wrong)


def _write(row: PolicyRule, action: str, changed: list[str], by: Identity) -> None:
    try:
        with transaction.atomic():
            row.save()
            _record(action, row, changed, by)
    except IntegrityError:
        raise RuleNameTaken(details={"name": [RuleNameTaken().message]}) from None


def _record(action: str, row: PolicyRule, changed: list[str], by: Identity) -> None:
    subject = records.Subject("policy_rule", str(row.pk), row.name)
    now = {name: getattr(row, name) for name in sorted(FIELDS)}
    records.record(action, by=by, subject=subject, facts={"changed": changed, "rule": now})
