"""How the organization's rules arrive. They bind those who keep the catalog: who may not set rules brings none in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents_app.transfer import shapes
from agents_app.transfer.reports import Outcome
from agents_app.transfer.settling import Arrival, LeftOut, Meeting, reasons, settle
from project.accounts.roles import POLICY_CHANGE
from tools_app.documents import Item
from tools_app.exceptions import InvalidRule
from tools_app.governing import policy_rules
from tools_app.models import PolicyRule


class Rules:
    """After the tools: a rule that names one of them means it under the name it has here."""

    def __init__(self, arrival: Arrival) -> None:
        self._arrival = arrival

    def settle(self, item: Item) -> Outcome:
        arrival = self._arrival
        wrong = shapes.not_text(PolicyRule, item.fields)
        wrong |= {each: ["There is no such field."] for each in shapes.unknown(item.fields, shapes.RULE)}
        if wrong:
            told = tuple(reasons(InvalidRule(details=wrong), item))
            return Outcome("rule", item.name, "wrong", str(item.at), told=told)
        row = PolicyRule.objects.filter(organization_id=arrival.organization_id, name=item.name).first()
        fields = {name: item.fields.get(name, shapes.rule_default(name)) for name in shapes.RULE}
        fields["for_tools"] = self._as_called_here(fields["for_tools"])
        was_deleted = row is None and arrival.was_deleted("rule", item.name)
        meeting = Meeting(
            kind="rule",
            item=item,
            write=lambda: self._written(row, fields),
            now=shapes.rule_now(row) if row is not None else None,
            deleted="It was here once and somebody has deleted it." if was_deleted else "",
        )
        return settle(meeting, arrival)

    def _as_called_here(self, listed: Any) -> Any:
        """What is no list of names is left to be refused."""
        if not isinstance(listed, list):
            return listed
        return [self._arrival.renamed.get(name, name) if isinstance(name, str) else name for name in listed]

    def _written(self, row: PolicyRule | None, fields: dict[str, Any]) -> Mapping[str, Any]:
        by = self._arrival.by
        if row is not None and shapes.rule_now(row) == fields:
            return fields
        if by.via != "system" and not by.may(POLICY_CHANGE):
            raise LeftOut("Rules are brought in by somebody who may set them: import the file again as one.")
        made = policy_rules.add(fields, by=by) if row is None else policy_rules.change(row, fields, by=by)
        return shapes.rule_now(made)
