"""Documents are found by those they are for and by nobody else, the same way on every database."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from audit_app.models import AuditEntry
from project.accounts import identity as identities
from project.accounts.exceptions import NotAllowed, NotFound
from project.accounts.identity import Identity
from tests import people
from tools_app.exceptions import DocumentKnown, InvalidDocument
from tools_app.knowing import knowledge, text_index
from tools_app.models import Document, Passage

pytestmark = pytest.mark.django_db

RETURNS = (
    "# Returns\n\nDamaged goods may be returned within thirty days.\n\n# Late fees\n\nA late fee is due."
)


def add(title: str, text: str, *, by: Identity | None = None, **more: Any) -> Document:
    return knowledge.add(knowledge.Text(title, text, **more), by=by or people.alice().identity)


def titles(query: str, who: Identity | None = None, persona: int | None = None, limit: int = 10) -> list[str]:
    among = Document.objects.known_to(who or people.alice().identity, persona).current()
    return [hit.document.title for hit in knowledge.search(query, among, limit=limit)]


@pytest.fixture
def shelf() -> None:
    add("House rules", RETURNS)
    add("Menu", "We serve soup on Mondays and fish on Fridays.")
    add("Café", "Der Kaffee wird mit Milch aus Straßburg serviert.")
    add("Holidays", "The house is closed in August, and fees are not due then.")


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("damaged goods", "House rules"),
        ("What may I return if it is damaged?", "House rules"),
        ("returning", "House rules"),
        ("soups", "Menu"),
        ("fishes on friday", "Menu"),
        ("STRASSBURG", "Café"),
        ("cafe", "Café"),
        ('"late fee"', "House rules"),
        ("fees -late", "Holidays"),
        ("closed August", "Holidays"),
    ],
)
def test_the_passage_that_fits_best_comes_first(shelf: None, query: str, first: str) -> None:
    assert titles(query)[0] == first


def test_a_title_says_more_than_a_mention() -> None:
    add("Notes", "Something about parking and much else, such as lunch, tea and the weather.")
    add("Parking", "Behind the house.")
    assert titles("parking") == ["Parking", "Notes"]


def test_phrases_must_stand_together_and_excluded_words_must_not_occur(shelf: None) -> None:
    assert titles('"fee late"') == []
    assert titles('"soup on mondays" fish') == ["Menu"]
    assert titles("soup -fish") == []
    assert titles("-fish") == []


ODD = [
    *("", " ", "\x00", '"', '""', '"unclosed', "AND OR NOT", "NEAR(a b)", "a* b^ :c", "(((", ")) | & !"),
    *("'; drop table x", "col:val", "-", "--", "- -x", "\\", "%s %d", "{documents}", "<->", "soup*"),
    *("a" * 5_000, "fee " * 1_000, "\ud800", "🙂"),
]


@pytest.mark.parametrize("query", ODD)
def test_no_query_is_a_mistake(shelf: None, query: str) -> None:
    assert isinstance(titles(query), list)


def test_what_is_removed_archived_or_changed_is_found_no_more(shelf: None) -> None:
    by = people.alice().identity
    menu, rules = Document.objects.get(title="Menu"), Document.objects.get(title="House rules")
    knowledge.remove(menu, by=by)
    assert titles("soup") == []
    assert not Passage.objects.filter(document_id=menu.pk).exists()
    knowledge.archive(rules, by=by)
    assert titles("damaged") == []
    knowledge.restore(rules, by=by)
    assert titles("damaged") == ["House rules"]
    Passage.objects.filter(document=rules).update(words="unicorn")
    assert titles("damaged") == []
    assert set(titles("unicorn")) == {"House rules"}


def test_the_index_laid_again_finds_what_was_there(shelf: None) -> None:
    connection.check_constraints()
    text_index.install(connection)
    assert titles("soup") == ["Menu"]


def test_many_passages_of_one_document_leave_room_for_others() -> None:
    add("Long", "\n\n".join(f"# Part {number}\n\nThe apple of part {number}." for number in range(20)))
    add("Short", "An apple.")
    found = titles("apple", limit=5)
    assert found.count("Long") == 3
    assert "Short" in found


def test_strangers_find_nothing_of_mine() -> None:
    """Alice's own, the organization's, and each persona's while talking to it; Mallory's are hers alone."""
    carol, bob, mallory = (who().identity for who in (people.carol, people.bob, people.mallory))
    add("Diary", "My secret apple.")
    add("Handbook", "The common apple.", by=carol, scope="organization")
    add("Brief", "The persona's apple.", by=carol, scope="persona", owner_id="7", owner_name="Ana")
    add("Theirs", "Another apple.", by=mallory, scope="organization")
    assert sorted(titles("apple")) == ["Diary", "Handbook"]
    assert sorted(titles("apple", persona=7)) == ["Brief", "Diary", "Handbook"]
    assert sorted(titles("apple", bob, persona=8)) == ["Handbook"]
    assert sorted(titles("apple", carol, persona=7)) == ["Brief", "Handbook"]
    assert titles("apple", mallory, persona=7) == ["Theirs"]
    assert titles("apple", identities.system(people.toolroom())) == ["Handbook"]


def test_who_may_list_what() -> None:
    carol, bob = people.carol().identity, people.bob().identity
    add("Diary", "Mine.")
    add("Handbook", "Ours.", by=carol, scope="organization")
    add("Brief", "Its.", by=carol, scope="persona", owner_id="7")

    def seen(who: Identity) -> list[str]:
        return sorted(Document.objects.visible_to(who).values_list("title", flat=True))

    assert seen(people.alice().identity) == ["Diary", "Handbook"]
    assert seen(bob) == ["Handbook"]
    assert seen(carol) == ["Brief", "Handbook"]
    assert seen(people.mallory().identity) == []


def test_only_who_keeps_the_catalog_adds_for_others() -> None:
    for scope, owner in (("organization", ""), ("persona", "7")):
        with pytest.raises(NotAllowed):
            add("Ours", "Text.", scope=scope, owner_id=owner)
    document = add("Diary", "Mine.", owner_id="someone-else")
    assert document.owner_id == people.alice().identity.user_id, "one's own is always one's own"
    for stranger in (people.bob(), people.carol(), people.mallory()):
        with pytest.raises(NotFound):
            knowledge.remove(document, by=stranger.identity)
    handbook = add("Handbook", "Ours.", by=people.carol().identity, scope="organization")
    with pytest.raises(NotAllowed):
        knowledge.remove(handbook, by=people.alice().identity)


def test_the_same_text_is_kept_once_for_each_owner() -> None:
    first = add("Tea", "No sugar.")
    with pytest.raises(DocumentKnown) as told:
        add("Tea again", " No sugar.\r\n")
    assert told.value.details == {"id": first.pk, "title": "Tea"}
    add("Tea", "No sugar.", by=people.bob().identity)
    assert Document.objects.count() == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 301}, "title"),
        ({"text": " \n "}, "text"),
        ({"text": "***"}, "text"),
        ({"text": "word " * 300_000}, "text"),
        ({"source": "x" * 501}, "source"),
        ({"scope": "everybody"}, "scope"),
        ({"scope": "persona"}, "scope"),
    ],
)
def test_what_cannot_be_kept_is_named(changes: dict[str, str], field: str) -> None:
    given: dict[str, Any] = {"title": "T", "text": "Text.", **changes}
    with pytest.raises(InvalidDocument) as refused:
        knowledge.add(knowledge.Text(**given), by=people.carol().identity)
    assert field in refused.value.details
    assert not Document.objects.exists()


def test_there_is_an_end_to_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(knowledge, "MAX_DOCUMENTS", 2)
    add("One", "One.")
    add("Two", "Two.")
    with pytest.raises(InvalidDocument):
        add("Three", "Three.")
    add("Three", "Three.", by=people.bob().identity)


def test_what_no_database_could_hold_is_made_storable() -> None:
    document = add("NUL\x00 \ud800", "a\x00b lone \udfff surrogate")
    document.refresh_from_db()
    assert "\x00" not in document.title + "".join(document.passages.values_list("text", flat=True))
    assert titles("surrogate") == [document.title]


def test_the_record_says_what_was_done_and_names_nothing_private() -> None:
    knowledge.remove(add("Diary", "Mine."), by=people.alice().identity)
    add("Handbook", "Ours.", by=people.carol().identity, scope="organization")
    said = list(
        AuditEntry.objects.filter(action__startswith="document")
        .order_by("pk")
        .values_list("action", "subject_name")
    )
    assert said == [("document.added", ""), ("document.removed", ""), ("document.added", "Handbook")]
