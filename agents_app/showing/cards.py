"""The item of an Approval: the question as a person sees it, whole, with nothing styled or hidden by its content."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from agents_app.models import Conversation
from agents_app.showing import anew, around, ballots
from project.accounts import identity as identities
from project.accounts.identity import Identity, NoMembership
from project.accounts.roles import AUDIT_VIEW
from tools_app import approvals, executors
from tools_app.approving import allowing, answers, successors
from tools_app.approving.visible import exact_text, is_showable, of_kind, visible_text
from tools_app.executors import paths
from tools_app.governing import meanings
from tools_app.governing.halts import Halt
from tools_app.models import Approval, ToolCall

# The row of a card that is no argument: what the use would change. No parameter can be called so.
PREVIEW = "what it changes"
_UNSEEN = "Shown to those who decide about it."
Item = dict[str, Any]


def approval(
    row: Approval, of: ToolCall, identity: Identity | None = None, thrown: Sequence[Halt] | None = None
) -> Item:
    """The question as it is shown: every argument whole, nothing styled or hidden by what it contains."""
    card = _card(row, of, sees_change=_sees_change(row, identity))
    item = {
        "id": row.pk,
        "call": of.pk,
        "status": row.status,
        "about": row.about,
        "digest": row.digest,
        "tool": visible_text(of.tool_name),
        "tool_version": of.tool_hash[:12],
        "tool_description": visible_text(row.covers.get("description", "")),
        "is_dangerous": row.is_dangerous,
        "reasons": row.reasons,
        "persona": visible_text(of.agent_name),
        "requester": visible_text(row.requester_name),
        "organization": visible_text(row.organization.name),
        "conversation": of.session_id,
        "conversation_title": _title(row),
        "taint": of.tainted,
        "flow": _flow(row.flow),
        "card": card,
        "form": _form(row, of) if row.about == Approval.About.ANSWER else None,
        "showable": all(each["showable"] for each in card),
        "halted": around.halted(row, of, thrown),
        "anew": anew.told(row, of),
        "void": around.void(row, of),
        "comment": visible_text(row.comment),
        "answered": visible_text(" · ".join(answers.said(value) for value in (row.answer or {}).values())),
        "created_at": row.created_at.isoformat(),
        "expires_at": row.expires_at.isoformat(),
        **ballots.of(row, of, identity),
    }
    item["decided_by"] = around.signed(row, item["votes"])
    if identity is not None:
        item |= _for(row, identity, showable=item["showable"])
    return item


def _for(row: Approval, identity: Identity, *, showable: bool) -> Item:
    """What this person may do about it."""
    may_decide = approvals.may_decide(row, identity)
    return {
        "may_decide": may_decide,
        "why_not": "" if may_decide else around.why_not(row, identity),
        "from_now_on": may_decide and showable and allowing.is_offered(row, identity),
    }


def _title(row: Approval) -> str | None:
    """Where whoever asks may open its conversation (`inbox.visible`); in the conversation itself nobody asks."""
    title = getattr(row, "title", None)
    return None if title is None else visible_text(str(Conversation(title=title)))


def _sees_change(row: Approval, identity: Identity | None) -> bool:
    """The change of a file shows what stands in it: to whoever decides about it, and to whoever audits.

    Who asked does not always decide. News are read by them, so what is shown to nobody in particular is as for them.
    """
    if not row.covers.get("preview"):
        return False
    try:
        reader = identity or identities.from_user(row.requester_id, row.organization_id)
    except NoMembership:
        return False
    return reader.may(AUDIT_VIEW) or approvals.may_decide(row, reader)


def _card(row: Approval, of: ToolCall, *, sees_change: bool) -> list[Item]:
    origins, kinds = successors.provenance(of), meanings.kinds_of(of.tool) if of.tool else {}
    card = [
        *_goal(row.covers.get("reach") or {}),
        *_told_beside(row.covers),
        *(
            _argument(
                name,
                value,
                filled=name in of.filled,
                origin=origins.get(name, "model"),
                write=of_kind(kinds.get(name, "")),
            )
            for name, value in row.covers.get("arguments", {}).items()
        ),
        *_real_files(row.covers),
    ]
    preview = row.covers.get("preview")
    if not preview:
        return card
    return [*card, _said(PREVIEW, preview if sees_change else _UNSEEN)]


def _real_files(covers: Mapping[str, Any]) -> Iterator[Item]:
    """The file behind a name that leads elsewhere: what is approved is the file, not the name."""
    for name, target in covers.get("targets", {}).items():
        written, real = covers["arguments"].get(name), target[0] if target else ""
        if real not in ("", ".") and isinstance(written, str) and not _is_named(written, real):
            yield _said(f"{name} means", real, write=exact_text)


def _is_named(written: str, real: str) -> bool:
    plain = posixpath.normpath(written)
    return plain == real or plain in {f"{root.path}/{real}" for root in paths.roots()}


def _flow(flow: Mapping[str, Any]) -> Item | None:
    """What came together, each in a line; None where nothing did."""
    if not flow:
        return None
    read = [" ".join(filter(None, (str(each["tool"]), str(each["what"])))) for each in flow["read"]]
    more = f" and {flow['more_private']} more" if flow["more_private"] else ""
    return {
        "read": visible_text("; ".join(read)),
        "private": visible_text(", ".join(flow["private"]) + more),
        "way_out": visible_text(flow["way_out"]),
    }


def _form(row: Approval, of: ToolCall) -> Item | None:
    """What the person is asked, as text; the options are sent back as they are, and shown with nothing hidden."""
    if of.tool is None:
        return None
    form = executors.form(of.tool.executor, of.tool.name, row.covers.get("arguments", {}))
    return {
        "question": visible_text(form.question),
        "inputs": [
            {
                "name": field.name,
                "label": visible_text(field.label),
                "type": field.type,
                "options": [{"value": option, "label": visible_text(option)} for option in field.options],
                "required": field.required,
                "hint": visible_text(field.hint),
            }
            for field in form.fields
        ],
    }


def _goal(reach: Mapping[str, Any]) -> list[Item]:
    """Where the call goes and with which secrets, as rows whose names no parameter can have."""
    if not reach:
        return []
    rows = [_said("goes to", reach["to"], write=exact_text)]
    carried = ", ".join(sorted(reach["secrets"]))
    return [*rows, _said("with the secret", carried)] if carried else rows


def _told_beside(covers: Mapping[str, Any]) -> list[Item]:
    """What the tool is told beside its arguments: values that came with the message, and whom it acts as."""
    values = covers.get("context") or {}
    rows = [_said(f"told: {name}", values[name]) for name in sorted(values)]
    if acts_as := covers.get("acts_as"):
        rows.append(_said("acts as", acts_as))
    return rows


def _said(name: str, value: Any, *, write: Callable[[object], str] = visible_text) -> Item:
    """A row that is no argument: the house knows it. Its name has a blank, which `schemas` lets no argument have."""
    return _argument(name, value, filled=False, origin="house", write=write)


def _argument(name: str, value: Any, *, filled: bool, origin: str, write: Callable[[object], str]) -> Item:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    return {
        "name": visible_text(name),
        "value": write(text),
        "filled_by_policy": filled,
        "origin": origin,
        "bytes": len(text.encode()),
        "showable": is_showable(text),
    }
