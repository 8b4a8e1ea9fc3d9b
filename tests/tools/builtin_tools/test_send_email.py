"""send_email over real SMTP: to whom, from whom, what is refused before anybody is asked, and what is never told."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from tests.tools.builtin_tools.fake_mail import FakeMail, fake_mail
from tools_app import arguments, builtin_tools, executors
from tools_app.context import ToolContext
from tools_app.exceptions import ToolFailed
from tools_app.executors import ToolResult, Work

LETTER = {"to": ["ann@example.org"], "subject": "Grüße", "body": "Dear Ann,\n\n.dots and ümlauts stay.\n"}


@pytest.fixture
def server(settings: Settings) -> Iterator[FakeMail]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.DEFAULT_FROM_EMAIL = "127.0.0.1", "Toolroom <tools@sender.example>"
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    with fake_mail() as found:
        settings.EMAIL_PORT = found.port
        yield found


def work(configuration: dict[str, Any]) -> Work:
    return Work(
        "send_email", "builtin", builtin_tools.named("send_email").definition.as_json(), configuration
    )


def send(configuration: dict[str, Any] | None = None, **given: Any) -> ToolResult:
    letter = {**LETTER, **given}
    assert arguments.problems(builtin_tools.named("send_email").definition.input_schema, letter) == []
    context = ToolContext(tool_name="send_email", tool_call_id="77")
    return executors.of("builtin").execute(work(configuration or {}), letter, context)


def test_a_message_is_sent_to_all_and_from_the_operators_address(server: FakeMail) -> None:
    found = send(to=["ann@example.org", "Ann@example.org"], cc=["bob@example.com", "ann@example.org"])
    assert found.text == "Sent to Ann@example.org, bob@example.com."
    assert (server.sender, server.recipients) == (
        "tools@sender.example",
        ["Ann@example.org", "bob@example.com"],
    )
    message = server.message
    assert (message["From"], message["To"], message["Cc"]) == (
        *("Toolroom <tools@sender.example>", "Ann@example.org"),
        "bob@example.com",
    )
    assert message["Subject"] == "Grüße"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == found.data["message_id"]
    assert "call-77" in message["Message-ID"]
    assert message["Message-ID"].endswith("@sender.example>")
    assert message.get_content_type() == "text/plain"
    assert message.get_content() == LETTER["body"]


def test_what_the_organization_adds_is_added(server: FakeMail) -> None:
    send({"subject_prefix": "[Acme]", "footer": "Sent by an assistant."})
    assert server.message["Subject"] == "[Acme] Grüße"
    assert server.message.get_content().endswith("stay.\n\n\n-- \nSent by an assistant.\n")


def test_the_result_tells_no_text_of_the_message(server: FakeMail) -> None:
    found = send(subject="Salary", body="It is secret.")
    told = json.dumps([found.text, found.data])
    assert "secret" not in told
    assert "Salary" not in told


@pytest.mark.parametrize(
    ("configuration", "to", "told"),
    [
        ({"allowed_domains": ["example.org"]}, "ann@sub.example.org", "It may go to: example.org"),
        ({"allowed_domains": ["example.org"]}, "ann@example.org.evil.example", "may not go to"),
        ({"allowed_domains": ["*.example.org"]}, "ann@example.org", "may not go to"),
        ({"allowed_domains": ["*.example.org"]}, "ann@notexample.org", "may not go to"),
        ({"allowed_domains": []}, "ann@example.org", "nobody"),
        ({"max_recipients": 1}, ["ann@example.org", "bob@example.org"], "to 1 people at most"),
        ({}, "Ann <ann@example.org>", "not a plain e-mail address"),
        ({}, "ann@example.org\r\nBcc: eve@evil.example", "not a plain e-mail address"),
        ({}, "ann@example.org,eve@evil.example", "not a plain e-mail address"),
        ({}, "ann@example.org eve@evil.example", "not a plain e-mail address"),
        ({}, '"a@b"@example.org', "not a plain e-mail address"),
        ({}, "ann@[127.0.0.1]", "not a plain e-mail address"),
        ({}, "ann@еxample.org", "not a plain e-mail address"),
        ({}, "ann", "not a plain e-mail address"),
        ({}, "ann@example.org\x00", "not a plain e-mail address"),
        ({}, "<ann@example.org>", "not a plain e-mail address"),
    ],
)
def test_recipients_that_may_not_be_are_refused(
    server: FakeMail, configuration: dict[str, Any], to: Any, told: str
) -> None:
    given = {"to": to if isinstance(to, list) else [to]}
    with pytest.raises(ToolFailed, match=told) as refused:
        send(configuration, **given)
    assert refused.value.code == "recipient_refused"
    with pytest.raises(ToolFailed, match=told):
        executors.reach("builtin", configuration, {**LETTER, **given}, "send_email")
    with pytest.raises(ToolFailed, match=told):
        send(configuration, to=["ann@example.org"], cc=given["to"]) if configuration == {} else send(
            configuration, **given
        )
    assert server.received == []


def test_allowed_ones_pass(server: FakeMail, settings: Settings) -> None:
    settings.EMAIL_DOMAINS = ["example.org"]
    allowed = {"allowed_domains": ["*.example.org", "Example.org"]}
    found = send(allowed, to=["ann@EXAMPLE.org", "bob+x@deep.sub.example.org"])
    assert found.data["recipients"] == ["ann@EXAMPLE.org", "bob+x@deep.sub.example.org"]


def test_the_installations_own_limit_holds_beside_it(server: FakeMail, settings: Settings) -> None:
    settings.EMAIL_DOMAINS = ["example.org"]
    with pytest.raises(ToolFailed, match=r"sends no mail to evil\.example"):
        send({"allowed_domains": ["evil.example"]}, to=["eve@evil.example"])


@pytest.mark.parametrize("subject", ["a\nBcc: eve@evil.example", "a\rb", "a\x00b", "", "x" * 201])
def test_a_subject_is_one_line(subject: str) -> None:
    schema = builtin_tools.named("send_email").definition.input_schema
    assert arguments.problems(schema, {**LETTER, "subject": subject})


@pytest.mark.parametrize("body", ["", "x" * 20_001])
def test_the_size_is_bounded(body: str) -> None:
    schema = builtin_tools.named("send_email").definition.input_schema
    assert arguments.problems(schema, {**LETTER, "body": body})
    assert arguments.problems(schema, {**LETTER, "to": [f"a{n}@example.org" for n in range(41)]})
    assert arguments.problems(schema, {**LETTER, "from": "me@example.org"}), "nobody chooses the sender"


def test_whom_the_server_refuses_is_told(server: FakeMail) -> None:
    found = send(to=["ann@example.org", "nobody@example.org"])
    assert found.text == "Sent to ann@example.org. The mail server refused: nobody@example.org."
    with pytest.raises(ToolFailed, match=r"refused all recipients: nobody@example.org \(550\)"):
        send(to=["nobody@example.org"])


def test_a_refused_message_is_told(server: FakeMail) -> None:
    server.verdict = "554 looks like spam"
    with pytest.raises(ToolFailed, match=r"refused the message \(554\)"):
        send()


def test_no_server_is_the_operators_business(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_HOST_PASSWORD = "127.0.0.1", 9, "hunter2"
    with caplog.at_level(logging.ERROR), pytest.raises(ToolFailed, match="operator has been told") as told:
        send(subject="Salary")
    assert told.value.code == "mail_unavailable"
    assert "127.0.0.1" in caplog.text
    assert "hunter2" not in caplog.text
    assert "Salary" not in caplog.text


def test_without_a_server_it_says_that_nothing_is_sent(settings: Settings, capsys: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    found = send()
    assert found.text.startswith("Nothing is sent: this installation has no mail server (EMAIL_URL).")
    assert found.data["sent"] is False
    assert "Dear Ann" in capsys.readouterr().out
    assert executors.preview(work({}), LETTER).startswith("Nothing is sent")


def test_the_person_who_is_asked_sees_the_whole_message(server: FakeMail) -> None:
    shown = executors.preview(
        work({"subject_prefix": "[Acme]", "footer": "Bye"}), {**LETTER, "cc": ["b@x.org"]}
    )
    assert shown == (
        "From: Toolroom <tools@sender.example>\nTo: ann@example.org\nCc: b@x.org\nSubject: [Acme] Grüße\n\n"
        "Dear Ann,\n\n.dots and ümlauts stay.\n\n\n-- \nBye\n"
    )
    assert server.received == []


@pytest.mark.parametrize(
    ("settings_", "told"),
    [
        ({"allowed_domains": "example.org"}, "/allowed_domains"),
        ({"allowed_domains": ["ann@example.org"]}, "/allowed_domains/0"),
        ({"allowed_domains": ["*"]}, "/allowed_domains/0"),
        ({"max_recipients": 0}, "/max_recipients"),
        ({"subject_prefix": "a\nb"}, "/subject_prefix"),
        ({"from": "me@example.org"}, "from"),
    ],
)
def test_a_wrong_configuration_is_refused_when_it_is_saved(settings_: dict[str, Any], told: str) -> None:
    schema = builtin_tools.named("send_email").definition.input_schema
    assert told in executors.problems("builtin", settings_, schema, "send_email")[0]
    assert executors.readiness("builtin", "send_email", settings_)[0] is False
