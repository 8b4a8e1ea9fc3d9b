"""The verbs of documents: add, archive, restore, remove, search. API, admin and tools all come here."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit_app import records
from audit_app.redaction import storable
from project.accounts.exceptions import NotFound
from project.accounts.identity import Identity
from project.accounts.roles import CATALOG_CHANGE, CHAT
from tools_app import ranking
from tools_app.exceptions import DocumentKnown, InvalidDocument
from tools_app.knowing import passages, text_index
from tools_app.models import Document, Passage

MAX_CHARS: Final = 1_000_000
# Of one person, one persona, or the organization.
MAX_DOCUMENTS: Final = 5_000
# So many of what the database finds are weighed against each other here, the same way on every database.
CANDIDATES: Final = 120
TITLE, HEADING, TEXT = 4.0, 2.0, 1.0


@dataclass(frozen=True, slots=True)
class Text:
    """What somebody wants kept, and whose it is to be: `owner_id` is a person's or a persona's, or empty."""

    title: str
    text: str
    source: str = ""
    scope: str = Document.Scope.PERSON
    owner_id: str = ""
    owner_name: str = ""
    tainted: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    passage: Passage
    score: float

    @property
    def document(self) -> Document:
        return self.passage.document


def add(given: Text, *, by: Identity) -> Document:
    """Keep a document. Raises InvalidDocument, DocumentKnown, or NotAllowed for what is not the person's own."""
    require_right(given.scope, by)
    return keep(given, by=by)


def keep(given: Text, *, by: Identity) -> Document:
    """The same for those who have asked for the right themselves: the tool, whose grant says what it may."""
    document, pieces = _checked(given, by)
    try:
        with transaction.atomic():
            document.save(force_insert=True)
            Passage.objects.bulk_create(_passages(document, pieces), batch_size=500)
            _record("document.added", document, by=by)
    except IntegrityError:
        same = _same(document).first()
        if same is None:
            raise
        raise DocumentKnown(details={"id": same.pk, "title": same.title}) from None
    return document


def archive(document: Document, *, by: Identity) -> None:
    """Leave it out of every search from now on; it stays and can be brought back."""
    _moved(document, "document.archived", by, archived_at=timezone.now())


def restore(document: Document, *, by: Identity) -> None:
    _moved(document, "document.restored", by, archived_at=None)


def remove(document: Document, *, by: Identity) -> None:
    """Delete it with all of its passages. What was quoted from it in conversations stays there."""
    _require_mine(document, by)
    with transaction.atomic():
        _record("document.removed", document, by=by)
        document.delete()


def search(query: str, among: QuerySet[Document], *, limit: int) -> list[Hit]:
    """The passages that fit best, best first; at most three of one document. No query is a mistake."""
    asked = text_index.read(query)
    found = text_index.find(asked, among, limit=CANDIDATES)
    rows = Passage.objects.filter(pk__in=found).select_related("document")
    entries = {row.pk: _entry(row) for row in rows}
    words = [*asked.terms, *(word for phrase in asked.phrases for word in phrase)]
    by_name = {str(row.pk): row for row in rows}
    scores = ranking.scored([text_index.beginning(word) for word in words], list(entries.values()))
    order = {str(pk): place for place, pk in enumerate(found)}
    best = sorted(by_name, key=lambda name: (-scores.get(name, 0.0), order[name]))
    return _spread([Hit(by_name[name], scores.get(name, 0.0)) for name in best], limit)


def require_right(scope: str, by: Identity) -> None:
    """Everybody keeps documents of their own; those of others' too only who keeps the catalog."""
    by.require(CHAT if scope == Document.Scope.PERSON else CATALOG_CHANGE)


def _spread(hits: list[Hit], limit: int, each: int = 3) -> list[Hit]:
    taken: Counter[int] = Counter()
    spread = []
    for hit in hits:
        taken[hit.document.pk] += 1
        if taken[hit.document.pk] <= each:
            spread.append(hit)
    return spread[:limit]


def _entry(row: Passage) -> ranking.Entry:
    weighed = ((TITLE, row.document.title), (HEADING, row.heading), (TEXT, row.text))
    texts = [
        (weight, [text_index.beginning(word) for word in passages.words(text).split()])
        for weight, text in weighed
    ]
    return ranking.weighed(str(row.pk), texts)


def _checked(given: Text, by: Identity) -> tuple[Document, list[passages.Piece]]:
    title, text = storable(given.title).strip(), storable(given.text).replace("\r\n", "\n").strip()
    wrong: dict[str, list[str]] = {}
    if not title or len(title) > 300:
        wrong["title"] = ["Give a title of 1 to 300 characters."]
    if len(given.source) > 500:
        wrong["source"] = ["At most 500 characters."]
    if not passages.words(text[: 2 * MAX_CHARS]):
        wrong["text"] = ["There is no word in it that could be found."]
    if len(text) > MAX_CHARS:
        wrong["text"] = [f"At most {MAX_CHARS:,} characters; add it in parts."]
    if wrong:
        raise InvalidDocument(details=wrong)
    document = Document(
        organization_id=by.organization_id,
        title=title,
        source=storable(given.source).strip(),
        content_hash=hashlib.sha256(text.encode()).hexdigest(),
        characters=len(text),
        added_by=by.display_name[:255],
        tainted=given.tainted,
        **_owner(given, by),
    )
    if _count(document) >= MAX_DOCUMENTS:
        raise InvalidDocument(
            details={"scope": [f"There are {MAX_DOCUMENTS:,} documents already; remove some."]}
        )
    return document, passages.split(text)


def _owner(given: Text, by: Identity) -> Mapping[str, str]:
    """A person's documents are always those of the person who adds them."""
    match given.scope:
        case Document.Scope.PERSON:
            owner = by.user_id, by.display_name
        case Document.Scope.PERSONA if given.owner_id:
            owner = given.owner_id, given.owner_name
        case Document.Scope.ORGANIZATION:
            owner = "", ""
        case _:
            raise InvalidDocument(
                details={"scope": ["Say whose it is: person, organization, or which persona."]}
            )
    return {"scope": str(given.scope), "owner_id": owner[0], "owner_name": owner[1][:255]}


def _passages(document: Document, pieces: list[passages.Piece]) -> list[Passage]:
    return [
        Passage(
            organization_id=document.organization_id,
            document=document,
            number=number,
            heading=piece.heading,
            text=piece.text,
            words=passages.words(f"{document.title} {piece.heading} {piece.text}"),
        )
        for number, piece in enumerate(pieces, start=1)
    ]


def _same(document: Document) -> QuerySet[Document]:
    return Document.objects.filter(
        organization_id=document.organization_id,
        scope=document.scope,
        owner_id=document.owner_id,
        content_hash=document.content_hash,
    )


def _count(document: Document) -> int:
    return Document.objects.filter(
        organization_id=document.organization_id, scope=document.scope, owner_id=document.owner_id
    ).count()


def _require_mine(document: Document, by: Identity) -> None:
    """A stranger, and whoever may not see it, learns only that it is not there."""
    if by.via != "system" and not Document.objects.visible_to(by).filter(pk=document.pk).exists():
        raise NotFound
    if by.via != "system":
        require_right(document.scope, by)


def _moved(document: Document, action: str, by: Identity, **values: Any) -> None:
    _require_mine(document, by)
    with transaction.atomic():
        Document.objects.filter(pk=document.pk).update(**values)
        _record(action, document, by=by)


def _record(action: str, document: Document, *, by: Identity) -> None:
    """Of what a person keeps for themselves the record names neither title nor text."""
    is_own = document.scope == Document.Scope.PERSON
    subject = records.Subject("document", str(document.pk), "" if is_own else document.title)
    told = {"scope": document.scope, "owner": document.owner_id, "content_hash": document.content_hash}
    records.record(action, by=by, subject=subject, facts=told)
