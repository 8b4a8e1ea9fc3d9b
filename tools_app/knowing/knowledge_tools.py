"""What `search_knowledge` and `add_to_knowledge` do in rows, for the person and the persona of their call."""

from __future__ import annotations

from typing import Any

from project.accounts.prepared import Given, Prepared
from tools_app import doors, rules
from tools_app.calling import askers
from tools_app.calling.askers import Asked
from tools_app.context import ToolContext
from tools_app.exceptions import DocumentKnown, InvalidDocument, ToolFailed
from tools_app.finders import FoundPassage, KeptDocument, NewDocument, PassagesWanted
from tools_app.knowing import knowledge
from tools_app.models import Document, ToolCall
from tools_app.policy import Grant

_CALL = Prepared(lambda: ToolCall.objects.filter(pk=Given("pk")))
OWN = "mine"
_SCOPES = {
    OWN: Document.Scope.PERSON,
    "persona": Document.Scope.PERSONA,
    "organization": Document.Scope.ORGANIZATION,
}


def find(wanted: PassagesWanted, context: ToolContext) -> list[FoundPassage]:
    _, asked = _asked(context)
    documents = Document.objects.known_to(asked.identity, asked.agent_type_id).current()
    if wanted.scope:
        documents = documents.filter(scope=_SCOPES[wanted.scope])
    hits = knowledge.search(wanted.query, documents, limit=wanted.limit)
    return [
        FoundPassage(
            text=hit.passage.text,
            title=hit.document.title,
            heading=hit.passage.heading,
            source=hit.document.source or f"document {hit.document.pk}",
            tainted=hit.document.tainted,
        )
        for hit in hits
    ]


def keep(new: NewDocument, context: ToolContext) -> KeptDocument:
    """For the person themselves; for others only where the grant of this very persona says so by name."""
    call, asked = _asked(context)
    scope = new.scope or OWN
    if scope != OWN and not _is_granted(scope, _grant(call, asked)):
        raise ToolFailed(
            "You may add to the person's own documents only: leave scope out.", code="scope_not_granted"
        )
    given = knowledge.Text(
        title=new.title,
        text=new.text,
        source=new.source or f"Conversation with {asked.agent_name or call.agent_name}",
        scope=_SCOPES[scope],
        owner_id=str(asked.agent_type_id) if scope == "persona" else "",
        owner_name=call.agent_name,
        tainted=asked.tainted,
    )
    try:
        document = knowledge.keep(given, by=asked.identity)
    except DocumentKnown as known:
        return KeptDocument(int(known.details["id"]), str(known.details["title"]), is_new=False)
    except InvalidDocument as refused:
        told = "; ".join(f"{name}: {' '.join(said)}" for name, said in refused.details.items())
        raise ToolFailed(told or refused.message, code="invalid_document") from refused
    return KeptDocument(document.pk, document.title, passages=document.passages.count())


def _asked(context: ToolContext) -> tuple[ToolCall, Asked]:
    """The person as they are now; a call that is not stored speaks for nobody."""
    number = str(context.tool_call_id or "")
    call = _CALL.first(pk=int(number)) if number.isdigit() else None
    asked = askers.of(call) if call else None
    if call is None or asked is None or not asked.identity.role:
        raise ToolFailed("Nobody is asking, so there is no knowledge to look into.", code="not_available")
    return call, asked


def _grant(call: ToolCall, asked: Asked) -> Grant | None:
    return doors.grant_of(
        agent_type_id=asked.agent_type_id, tool_id=call.tool_id or 0, organization_id=asked.organization_id
    )


def _is_granted(scope: str, grant: Grant | None) -> bool:
    """Silence grants nothing here: the rule must speak of `scope`, and let this value pass."""
    if grant is None:
        return False
    if (grant.fixed or {}).get("scope") == scope:
        return True
    allowed: Any = grant.allowed
    speaks = isinstance(allowed, dict) and "scope" in allowed
    return speaks and not list(rules.not_allowed(allowed, rules.Subject({"scope": scope})))
