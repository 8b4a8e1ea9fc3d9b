"""Mail about questions: one message for all that wait for the same person, with a link and nothing to press."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Sequence
from email.utils import parseaddr

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage

from tools_app.builtin_tools import mail_settings
from tools_app.builtin_tools.mail_settings import RecipientRefused
from tools_app.models import Delivery, Event
from tools_app.notices import words
from tools_app.notices.results import AGAIN, SENT, Result, dropped, failed

log = logging.getLogger(__name__)
_CONSOLE = "django.core.mail.backends.console.EmailBackend"
_FOOTER = (
    "What will run is shown there and nowhere else; nothing in this mail decides.\n"
    "What you are told, and how: {preferences}\n"
)


def send(rows: Sequence[Delivery]) -> Result:
    """One mail for these, which are all of one person."""
    if settings.EMAIL_BACKEND == _CONSOLE:
        return dropped("This installation has no mail server (EMAIL_URL).")
    address = _address(rows[0].recipient_id)
    try:
        mail_settings.recipients({}, {"to": [address]})
        _message(rows, address).send()
    except RecipientRefused as refused:
        return failed(refused.message)
    except smtplib.SMTPRecipientsRefused:
        return failed("The mail server refused this recipient.")
    except (smtplib.SMTPException, OSError) as broken:
        log.error("The mail server %s took no notice: %s", settings.EMAIL_HOST, type(broken).__name__)
        return Result(AGAIN, "The mail server cannot be reached, or refused the message.")
    return SENT


def _address(user_id: str) -> str:
    found = get_user_model().objects.filter(pk=int(user_id)).values_list("email", flat=True).first()
    return found or ""


def _message(rows: Sequence[Delivery], address: str) -> EmailMessage:
    parts = [_part(row) for row in rows]
    body = "\n\n".join([*parts, "-- \n" + _FOOTER.format(preferences=words.preferences())])
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    headers = {
        "Message-ID": f"<notice-{rows[0].public_id}@{domain}>",
        "Auto-Submitted": "auto-generated",
    }
    return EmailMessage(
        _subject(rows), body, from_email=settings.DEFAULT_FROM_EMAIL, to=[address], headers=headers
    )


def _subject(rows: Sequence[Delivery]) -> str:
    first = rows[0]
    if len(rows) > 1:
        return f"{len(rows)} questions in your inbox"
    if first.approval is None:
        return "A test"
    tool = words.one_line(first.approval.call.tool_name)
    said = {
        Event.REMINDED: f"Still waiting for a decision: {tool}",
        Event.ESCALATED: f"Handed on to you: {tool}",
        Event.DECIDED: words.verdict(first.approval).rstrip("."),
    }
    return said.get(Event(first.event), f"Waiting for a decision: {tool}")


def _part(row: Delivery) -> str:
    approval = row.approval
    if approval is None:
        return "This is a test."
    if row.event == Event.DECIDED:
        return f"{words.verdict(approval)}\n{words.address(approval)}"
    times = f"Asked {words.moment(approval.created_at)}, open until {words.moment(approval.expires_at)}."
    told = "\nNobody has decided so far, so it was handed on to you." if row.event == Event.ESCALATED else ""
    return f"{words.line(approval)}\n{times}{told}\n{words.address(approval)}"
