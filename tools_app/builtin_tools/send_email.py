"""send_email: one plain message through the operator's mail server and from its address, to whom policy allows."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Mapping
from email.utils import make_msgid, parseaddr
from typing import Any, Final

from django.conf import settings
from django.core import mail
from django.core.mail import EmailMessage

from tools_app.builtin_tools import mail_settings
from tools_app.builtin_tools.base import BuiltinTool
from tools_app.builtin_tools.mail_settings import MailSettings, RecipientRefused
from tools_app.context import ToolContext
from tools_app.definition import ToolDefinition
from tools_app.exceptions import ToolFailed
from tools_app.executors.base import ToolResult, Work

logger = logging.getLogger(__name__)

_SENDS: Final = "django.core.mail.backends.smtp.EmailBackend"
_UNSENT: Final = (
    "Nothing is sent: this installation has no mail server (EMAIL_URL). The message is only written into the log of "
    "the worker."
)
_PEOPLE: Final = {
    "type": "array",
    "items": {"type": "string", "maxLength": 254},
    "maxItems": 40,
    "x-kind": "email",
}

DEFINITION = ToolDefinition(
    name="send_email",
    description=(
        "Sends one e-mail of plain text. Use it only when the person wants something sent, and write what they would "
        "sign. The sender is fixed; recipients may be limited. Nothing can be taken back, so ask first when anything "
        "about recipients or content is unclear. It cannot attach files or read mail."
    ),
    input_schema={
        "type": "object",
        "properties": {
            "to": {
                **_PEOPLE,
                "minItems": 1,
                "description": "Addresses of the recipients, each a bare address.",
            },
            "cc": {**_PEOPLE, "description": "Addresses of those who get a copy."},
            "subject": {
                "type": "string",
                "description": "What it is about, in one line.",
                "minLength": 1,
                "maxLength": 200,
                "pattern": r"^[^\x00-\x1f\x7f]*$",
            },
            "body": {
                "type": "string",
                "description": "The whole message as plain text.",
                "minLength": 1,
                "maxLength": 20_000,
                "x-kind": "text",
            },
        },
        "required": ["to", "subject", "body"],
        "additionalProperties": False,
    },
    category="communication",
    examples=(
        {
            "input": {"to": ["ann@example.org"], "subject": "Minutes of Monday", "body": "Dear Ann,\n…"},
            "output": "Sent to ann@example.org.",
        },
    ),
)


def run(work: Work, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
    to, cc = mail_settings.recipients(work.settings, arguments)
    message = _message(work, arguments, to, cc, call=context.tool_call_id or "")
    refused = _sent(message)
    reached = [each for each in (*to, *cc) if each not in refused]
    text = (
        f"Sent to {', '.join(reached)}." if _is_real() else f"{_UNSENT} It would go to {', '.join(reached)}."
    )
    if refused:
        text += f" The mail server refused: {', '.join(refused)}."
    data = {
        "sent": _is_real(),
        "recipients": reached,
        "refused": refused,
        "message_id": message.extra_headers["Message-ID"],
    }
    return ToolResult(text, data)


def preview(work: Work, arguments: Mapping[str, Any]) -> str:
    """What the person who is asked does not see in the arguments: the sender, and what policy adds."""
    to, cc = mail_settings.recipients(work.settings, arguments)
    message = _message(work, arguments, to, cc, call="")
    head = [f"From: {message.from_email}", f"To: {', '.join(to)}"]
    head += [f"Cc: {', '.join(cc)}"] if cc else []
    head += [f"Subject: {message.subject}", "", str(message.body)]
    return "\n".join(head if _is_real() else [_UNSENT, "", *head])


def _message(
    work: Work, arguments: Mapping[str, Any], to: list[str], cc: list[str], *, call: str
) -> EmailMessage:
    prefix = str(work.settings.get("subject_prefix") or "").strip()
    footer = str(work.settings.get("footer") or "").strip()
    body = str(arguments["body"]).replace("\r\n", "\n")
    return EmailMessage(
        subject=f"{prefix} {arguments['subject']}".strip(),
        body=f"{body}\n\n-- \n{footer}\n" if footer else body,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=to,
        cc=cc,
        headers={
            # One id per call: whoever gets it twice can see that it is the same message.
            "Message-ID": make_msgid(f"call-{call}", domain=_domain()),
            "Auto-Submitted": "auto-generated",
        },
    )


def _domain() -> str:
    """Of the sender: the name of this machine is nobody's business."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"


def _is_real() -> bool:
    return bool(settings.EMAIL_BACKEND == _SENDS)


def _sent(message: EmailMessage) -> list[str]:
    """Whom the server refused although it took the message. Neither text nor password is ever logged."""
    try:
        if not _is_real():
            message.send()
            return []
        return _by_smtp(message)
    except smtplib.SMTPRecipientsRefused as refused:
        raise RecipientRefused(f"The mail server refused all recipients: {_reasons(refused)}.") from None
    except (smtplib.SMTPDataError, smtplib.SMTPSenderRefused) as refused:
        raise ToolFailed(
            f"The mail server refused the message ({refused.smtp_code}).", code="refused"
        ) from None
    except (smtplib.SMTPException, OSError) as broken:
        logger.error(
            "The mail server %s did not take a message: %s", settings.EMAIL_HOST, type(broken).__name__
        )
        raise ToolFailed(
            "The mail server cannot be reached, or does not accept this installation. The operator has been told.",
            code="mail_unavailable",
        ) from None


def _by_smtp(message: EmailMessage) -> list[str]:
    """Django's own backend does not tell who was refused while others were not; the connection it opens does."""
    backend: Any = mail.get_connection()
    written: Any = message.message()
    backend.open()
    try:
        told = backend.connection.sendmail(
            parseaddr(str(message.from_email))[1],
            message.recipients(),
            written.as_bytes(linesep="\r\n"),
        )
    finally:
        backend.close()
    return sorted(told)


def _reasons(refused: smtplib.SMTPRecipientsRefused) -> str:
    return ", ".join(f"{address} ({code})" for address, (code, _) in sorted(refused.recipients.items()))


TOOL = BuiltinTool(
    definition=DEFINITION,
    run=run,
    icon="✉️",
    requires_approval=True,
    tags=("communication", "external"),
    preview=preview,
    configured=MailSettings(),
)
