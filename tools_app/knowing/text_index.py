"""Full text search over passages: PostgreSQL's text search or SQLite's FTS5, asked alike and answering alike.

Both read the column `words`, which holds plain words already, so that neither's idea of a word matters. A query is
taken apart here and put together again in each one's language out of nothing but such words: no query is a mistake.
The index is laid after `migrate`, like the triggers of the record: SQLite loses those of a table that is rebuilt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet

from tools_app import ranking
from tools_app.knowing import passages
from tools_app.models import Document, Passage

MOST_TERMS: Final = 32
# Shorter words are looked for as they are, longer ones also as beginnings: refund finds refunds and refunded.
SHORTEST_BEGINNING: Final = 3
_QUOTED: Final = re.compile(r'"([^"]*)"')
_EXCLUDED: Final = re.compile(r"(?:^|\s)-(\w+)")

_POSTGRES: Final = (
    (
        "CREATE INDEX IF NOT EXISTS knowledge_words ON knowledge_passages "
        "USING gin (to_tsvector('simple'::regconfig, words))"
    ),
)
_SQLITE: Final = (
    (
        "CREATE VIRTUAL TABLE IF NOT EXISTS knowledge_words USING fts5("
        "words, content='knowledge_passages', content_rowid='id', tokenize='unicode61 remove_diacritics 0')"
    ),
    "DROP TRIGGER IF EXISTS knowledge_words_added",
    (
        "CREATE TRIGGER knowledge_words_added AFTER INSERT ON knowledge_passages BEGIN "
        "INSERT INTO knowledge_words(rowid, words) VALUES (new.id, new.words); END"
    ),
    "DROP TRIGGER IF EXISTS knowledge_words_removed",
    (
        "CREATE TRIGGER knowledge_words_removed AFTER DELETE ON knowledge_passages BEGIN "
        "INSERT INTO knowledge_words(knowledge_words, rowid, words) VALUES ('delete', old.id, old.words); END"
    ),
    "DROP TRIGGER IF EXISTS knowledge_words_changed",
    (
        "CREATE TRIGGER knowledge_words_changed AFTER UPDATE OF words ON knowledge_passages BEGIN "
        "INSERT INTO knowledge_words(knowledge_words, rowid, words) VALUES ('delete', old.id, old.words); "
        "INSERT INTO knowledge_words(rowid, words) VALUES (new.id, new.words); END"
    ),
    # What was written while the triggers were away.
    "INSERT INTO knowledge_words(knowledge_words) VALUES ('rebuild')",
)
_FIND: Final = {
    "postgresql": "SELECT p.id FROM knowledge_passages p "
    "WHERE to_tsvector('simple'::regconfig, p.words) @@ to_tsquery('simple', %s) AND p.document_id IN ({documents}) "
    "ORDER BY ts_rank(to_tsvector('simple'::regconfig, p.words), to_tsquery('simple', %s), 1) DESC, p.id LIMIT %s",
    "sqlite": "SELECT p.id FROM knowledge_words JOIN knowledge_passages p ON p.id = knowledge_words.rowid "
    "WHERE knowledge_words MATCH %s AND p.document_id IN ({documents}) ORDER BY knowledge_words.rank, p.id LIMIT %s",
}


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody looks for: any of the terms, all of the phrases, none of the excluded."""

    terms: tuple[str, ...]
    phrases: tuple[tuple[str, ...], ...] = ()
    excluded: tuple[str, ...] = ()


def install(to: BaseDatabaseWrapper) -> None:
    """Lay the index, where there is something to index: `migrate` also goes back to before there was."""
    with to.cursor() as cursor:
        if Passage._meta.db_table not in to.introspection.table_names(cursor):
            return
        for statement in _POSTGRES if to.vendor == "postgresql" else _SQLITE:
            cursor.execute(statement)


def read(text: str) -> Query:
    """As people write queries: words, "phrases" and -words. Everything else is taken for blanks."""
    phrases = [tuple(passages.words(quoted).split()) for quoted in _QUOTED.findall(text)]
    rest = _QUOTED.sub(" ", text)
    excluded = passages.words(" ".join(_EXCLUDED.findall(rest))).split()
    wanted = passages.words(_EXCLUDED.sub(" ", rest)).split()
    # A question is made of small words too; they count only where there is nothing else.
    telling = [word for word in wanted if word not in ranking.EMPTY] or wanted
    return Query(
        tuple(dict.fromkeys(telling))[:MOST_TERMS],
        tuple(phrase for phrase in phrases if phrase)[:MOST_TERMS],
        tuple(dict.fromkeys(excluded))[:MOST_TERMS],
    )


def find(query: Query, among: QuerySet[Document], *, limit: int) -> list[int]:
    """The ids of the passages of these documents that the database finds best, best first."""
    if not query.terms and not query.phrases:
        return []
    vendor = connection.vendor
    documents, given = among.order_by().values("pk").query.sql_with_params()
    asked = _postgres(query) if vendor == "postgresql" else _sqlite(query)
    # Django's own SQL for the documents stands where the place is; every value stays a parameter.
    statement = _FIND[vendor].format(documents=documents)
    values = [asked, *given, asked, limit] if vendor == "postgresql" else [asked, *given, limit]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [int(row[0]) for row in cursor.fetchall()]


def _postgres(query: Query) -> str:
    phrases = [" <-> ".join(f"'{word}'" for word in phrase) for phrase in query.phrases]
    terms = [f"'{beginning(word)}':*" if _is_begun(word) else f"'{word}'" for word in query.terms]
    return _joined(phrases, terms, [f"'{word}'" for word in query.excluded], " & ", " | ", " & !")


def _sqlite(query: Query) -> str:
    phrases = [f'"{" ".join(phrase)}"' for phrase in query.phrases]
    terms = [f'"{beginning(word)}"*' if _is_begun(word) else f'"{word}"' for word in query.terms]
    return _joined(phrases, terms, [f'"{word}"' for word in query.excluded], " AND ", " OR ", " NOT ")


def _joined(  # noqa: PLR0913, PLR0917  (three kinds of parts and the three words between them)
    phrases: Sequence[str],
    terms: Sequence[str],
    excluded: Sequence[str],
    both: str,
    either: str,
    without: str,
) -> str:
    """Phrases must be there; terms only where there are none, since they already narrow what is found."""
    wanted = both.join(f"({each})" for each in phrases) if phrases else either.join(terms)
    return f"({wanted}){without}({either.join(excluded)})" if excluded else f"({wanted})"


def _is_begun(word: str) -> bool:
    return len(word) >= SHORTEST_BEGINNING


def beginning(word: str) -> str:
    return ranking.stem(word) if len(word) > SHORTEST_BEGINNING else word
