"""API tokens: shown once, stored hashed, never wider than their person, recorded, and answered clearly when dead."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from rest_framework.test import APIClient

from audit_app import tokens
from audit_app.exceptions import UnknownScope
from audit_app.models import AuditEntry
from project.accounts.exceptions import NotAllowed, NotFound
from project.accounts.models import ApiToken
from tests import people

pytestmark = pytest.mark.django_db


def ask(token: str, path: str = "/api/me") -> tuple[int, dict[str, object]]:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    answer = client.get(path)
    assert answer.status_code != 401 or answer.headers["WWW-Authenticate"] == "Bearer"
    return answer.status_code, answer.json()


def issued(*scopes: str) -> str:
    alice = people.alice()
    return tokens.issue(alice.membership, scopes=scopes, by=alice.identity)


def command(*arguments: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("issue_token", *arguments, stdout=out, stderr=err)
    return out.getvalue().strip().splitlines()[-1], err.getvalue()


def test_a_token_is_stored_hashed_and_recorded_without_itself() -> None:
    token = issued("chat")
    assert token.startswith("toolroom_")
    row = ApiToken.objects.get()
    assert token not in f"{row.digest} {row.token_key} {row}"
    entry = AuditEntry.objects.get(action="token.issued")
    assert token not in f"{entry.facts} {entry.subject_id} {entry.subject_name}"
    assert entry.facts["scopes"] == ["chat"]


def test_a_token_narrows_and_never_widens() -> None:
    status, me = ask(issued("chat"))
    assert (status, me["permissions"], me["via"]) == (200, ["chat"], "token")
    with pytest.raises(NotAllowed):
        issued("audit.view")
    with pytest.raises(UnknownScope):
        issued("everything")


def test_a_smaller_role_narrows_the_tokens_that_exist() -> None:
    bob = people.bob()
    token = bob.token("approvals.decide", "chat")
    bob.membership.role = "member"
    bob.membership.save()
    assert ask(token)[1]["permissions"] == ["chat"]


@pytest.mark.parametrize("token", ["nonsense", "toolroom_" + "0" * 64, "\xe4\xf6\xfc", "a b", "x" * 5000])
def test_an_unknown_token_is_refused_by_type(token: str) -> None:
    status, told = ask(token)
    assert (status, set(told)) == (401, {"error"})


def test_an_expired_token_says_so() -> None:
    token = issued("chat")
    ApiToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    status, told = ask(token)
    assert status == 401
    assert told["error"]["code"] == "token_expired"  # type: ignore[index]


def test_a_revoked_token_and_a_suspended_person_stop_at_once() -> None:
    alice = people.alice()
    kept, gone = issued("chat"), issued("chat")
    tokens.revoke(ApiToken.objects.order_by("-created")[0], by=alice.identity)
    assert (ask(kept)[0], ask(gone)[0]) == (200, 401)
    assert AuditEntry.objects.filter(action="token.revoked").count() == 1
    alice.membership.active = False
    alice.membership.save()
    status, told = ask(kept)
    assert (status, told["error"]["code"]) == (403, "no_membership")  # type: ignore[index]
    alice.user.is_active = False
    alice.user.save()
    status, told = ask(kept)
    assert (status, told["error"]["code"]) == (401, "account_inactive")  # type: ignore[index]


def test_cookies_do_not_help_a_bad_token() -> None:
    browser = people.alice().browser()
    assert browser.get("/api/me").status_code == 200
    assert browser.get("/api/me", headers={"Authorization": "Bearer nonsense"}).status_code == 401


def test_mallory_issues_and_revokes_nothing_here() -> None:
    alice, mallory = people.alice(), people.mallory()
    issued("chat")
    with pytest.raises(NotFound):
        tokens.issue(alice.membership, scopes=["chat"], by=mallory.identity)
    with pytest.raises(NotFound):
        tokens.revoke(ApiToken.objects.get(), by=mallory.identity)
    with pytest.raises(NotAllowed):
        tokens.issue(alice.membership, scopes=["chat"], by=people.bob().identity)
    assert tokens.issue(alice.membership, scopes=["chat"], by=people.adam().identity)


def test_the_command_prints_the_token_alone_and_names_what_it_may() -> None:
    people.bob()
    token, told = command("bob")
    assert ask(token)[0] == 200
    assert told == "May: catalog.view, chat. Valid for 90 days.\n"
    token, told = command("bob", "--scopes", "chat, catalog.view", "--days", "1", "--name", "nightly")
    assert ask(token)[1]["permissions"] == ["catalog.view", "chat"]
    assert ApiToken.objects.get(name="nightly").expiry < timezone.now() + timedelta(days=2)


def test_what_decides_for_people_has_to_be_named() -> None:
    people.adam()
    held = set(ask(command("adam")[0])[1]["permissions"])  # type: ignore[call-overload]
    assert held == {"audit.view", "catalog.change", "catalog.view", "chat", "members.manage"}
    token, _ = command("adam", "--scopes", "approvals.decide,policy.change")
    assert ask(token)[1]["permissions"] == ["approvals.decide", "policy.change"]


@pytest.mark.parametrize(
    "arguments",
    [["nobody"], ["bob", "--scopes", "root"], ["bob", "--scopes", "audit.view"], ["bob", "--days", "0"]],
)
def test_the_command_refuses_in_one_sentence(arguments: list[str]) -> None:
    people.bob()
    with pytest.raises(CommandError):
        command(*arguments)
    assert not ApiToken.objects.exists()
