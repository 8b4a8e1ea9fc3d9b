"""Who is asking: out of verified token claims, and what a request says of itself."""

from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.test import RequestFactory

from project.accounts import identity as identities
from project.accounts.identity import ClaimsIncomplete, Identity, NoMembership
from project.accounts.models import Organization
from tests import people
from tools_app.calling import askers, contexts


def claimed(**claims: Any) -> Identity:
    return identities.from_jwt(claims)


@pytest.mark.django_db
def test_claims_act_through_the_membership_and_the_scope_only_narrows_it() -> None:
    """S3.85-87: sub is the person, org the organization, scope is split on spaces."""
    alice = people.alice()
    who = claimed(
        sub=str(alice.user.pk), org=str(alice.organization.pk), scope="chat  audit.view\tcatalog.change"
    )
    assert (who.user_id, who.organization_id) == (str(alice.user.pk), alice.organization.pk)
    assert (who.role, who.via, who.display_name) == ("member", "token", "Alice")
    assert who.permissions == {"chat"}
    assert who.is_fresh


@pytest.mark.django_db
def test_the_organization_may_be_left_out_and_a_missing_scope_permits_nothing() -> None:
    """S3.86, S3.87."""
    bob = people.bob()
    who = claimed(sub=bob.user.pk)
    assert (who.organization_id, who.permissions) == (bob.organization.pk, frozenset())


@pytest.mark.django_db
def test_roles_are_kept_among_the_claims_and_give_nothing() -> None:
    """S3.53, S3.88: what somebody says of their own roles is no right."""
    alice = people.alice()
    who = claimed(sub=alice.user.pk, roles=["admin"], scope="members.manage chat")
    assert (who.claims["roles"], who.role) == (["admin"], "member")
    assert who.permissions == {"chat"}


@pytest.mark.parametrize("claims", [{}, {"sub": ""}, {"sub": None, "org": 1}])
def test_claims_without_a_subject_identify_nobody(claims: dict[str, Any]) -> None:
    """S3.85: sub is required."""
    with pytest.raises(ClaimsIncomplete) as refused:
        identities.from_jwt(claims)
    assert (refused.value.status, refused.value.code) == (401, "claims_incomplete")


@pytest.mark.django_db
@pytest.mark.parametrize("subject", ["alice", "-1", "\u00b2", "9" * 18, "9" * 5_000, True, ["1"], "1\n"])
def test_a_subject_of_elsewhere_has_no_membership(subject: Any) -> None:
    with pytest.raises(NoMembership):
        claimed(sub=subject)


@pytest.mark.django_db
def test_a_membership_that_is_not_there_or_ended_is_none() -> None:
    alice = people.alice()
    for organization in (people.elsewhere().pk, "toolroom", "9" * 18, -1):
        with pytest.raises(NoMembership):
            claimed(sub=alice.user.pk, org=organization, scope="chat")
    alice.membership.active = False
    alice.membership.save()
    with pytest.raises(NoMembership):
        claimed(sub=alice.user.pk, scope="chat")
    Organization.objects.update(enabled=False)
    with pytest.raises(NoMembership):
        claimed(sub=people.bob().user.pk, scope="chat")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en-US"),
        ("de", "de"),
        ("de-AT, de;q=0.9, en;q=0.8", "de-AT"),
        ("en;q=0.3, fr-CA;q=0.7, de;q=0.5", "fr-CA"),
        ("fr;q=0, de;q=0.1", "de"),
        ("*", "en-US"),
        ("en;q=2, de;q=0.4", "de"),
        ("<script>, ../../etc", "en-US"),
        (", " * 50 + "de", "en-US"),
    ],
)
def test_the_best_of_a_weighted_list_of_languages_is_taken(header: str, language: str) -> None:
    """S3.55, S3.84, S3.97."""
    assert identities.parse_locale(header) == language


def test_a_request_keeps_a_plain_id_and_is_given_one_instead_of_any_other() -> None:
    """S3.54, S3.83."""

    def of(given: str) -> str:
        return identities.request_id_of(RequestFactory().get("/", headers={"X-Request-ID": given}))

    assert of("trace-1.A_b") == "trace-1.A_b"
    assert of("x" * 64) == "x" * 64
    for given in ("", "x" * 65, "two words", "a\nb", "\u00e9", "<b>"):
        assert len(of(given)) == 32, given
        assert of(given) != of(given), "each is a new one"


@pytest.mark.django_db
def test_a_signed_in_request_says_who_asks() -> None:
    """S3.2, S3.48-52, S3.79-84, S3.89, S3.98: built by the server out of the session; ids are text."""
    alice, session = people.alice(), SessionStore()
    session.create()
    request = RequestFactory().get(
        "/", headers={"X-Request-ID": "trace-1", "Accept-Language": "de-AT, en;q=0.5"}
    )
    request.user, request.session = alice.user, session
    who = identities.from_request(request)
    assert (who.user_id, who.organization_id) == (str(alice.user.pk), alice.organization.pk)
    assert (who.request_id, who.locale, who.via) == ("trace-1", "de-AT", "session")
    assert who.permissions == alice.membership.permissions
    assert who.session_id
    assert str(session.session_key) not in who.session_id, "the key of the login itself never leaves"
    plain = RequestFactory().get("/")
    plain.user, plain.session = alice.user, session
    assert (identities.from_request(plain).locale, len(identities.from_request(plain).request_id)) == (
        "en-US",
        32,
    )


@pytest.mark.django_db
def test_claims_reach_a_worker_without_their_tokens() -> None:
    """S3.53, S3.92, S3.102: kept with the call as they were, save for what looks like a key."""
    alice = people.alice()
    who = claimed(sub=alice.user.pk, scope="chat", team="north", access_token="eyJhbGciOi.J9eyJzdWIi.abc")
    kept = askers.through(who)
    assert kept["claims"]["team"] == "north"
    assert "eyJ" not in str(kept)
    again = askers.person_of(who.user_id, who.organization_id, kept)
    found = contexts.Asking(again).deps()["auth_claims"]
    assert (found["team"], found["access_token"]) == ("north", "[hidden]")
    assert "auth_claims" not in contexts.Asking(alice.identity).deps()
