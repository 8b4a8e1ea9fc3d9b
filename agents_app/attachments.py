"""The files of a conversation: taken in, handed to the tools that may read them, and removed with it.

Their content lies in DATA_DIR/attachments under random names. Nothing of the house opens it, and browsers only ever
get it as a download.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from agents_app.exceptions import DiskNearlyFull, FileTooLarge, TooManyFiles
from agents_app.models import Attachment, Conversation, Message
from agents_app.showing import media
from audit_app import records
from project.accounts.identity import Identity
from project.accounts.prepared import Given, Prepared
from project.accounts.roles import CHAT
from tools_app.executors import workspaces
from tools_app.executors.base import Attached

_UNSAID = Prepared(
    lambda: Attachment.objects.filter(conversation_id=Given("conversation"), message__isnull=True).order_by(
        "pk"
    )
)
_SPARE_BYTES = 512 * 2**20


def add(conversation: Conversation, upload: UploadedFile[bytes], *, by: Identity) -> Attachment:
    """Store a file; it goes with the next message. Raises FileTooLarge, TooManyFiles, DiskNearlyFull."""
    by.require(CHAT)
    if int(upload.size or 0) > settings.ATTACHMENT_MB * 2**20:
        raise FileTooLarge(details={"limit_mb": settings.ATTACHMENT_MB})
    row = Attachment(
        organization_id=conversation.organization_id,
        conversation=conversation,
        name=media.safe_name(str(upload.name or "")),
        added_by_id=int(by.user_id),
    )
    try:
        _write(row, upload)
        with transaction.atomic():
            # The stream is held: two files of one name at the same moment get two names, and the count is right.
            records.hold(conversation.organization_id, conversation.stream)
            _name_anew(row)
            row.save()
            _record("attachment.added", row, by=by)
    except BaseException:
        path_of(row).unlink(missing_ok=True)
        raise
    return row


def remove(row: Attachment, *, by: Identity) -> None:
    """Remove a file and what is known of it; a message it was sent with goes on naming it."""
    by.require(CHAT)
    with transaction.atomic():
        _record("attachment.removed", row, by=by)
        row.delete()
        transaction.on_commit(lambda: path_of(row).unlink(missing_ok=True))


def discard(conversation: Conversation) -> None:
    """Remove the files of a conversation that is deleted, and what programs made in its workspace, after the commit."""
    paths = [path_of(row) for row in conversation.attachments.all()]
    conversation.attachments.all().delete()
    workspace = workspaces.conversation_folder(str(conversation.organization_id), conversation.session_id)
    transaction.on_commit(lambda: _remove(paths, workspace))


def _remove(paths: Iterable[Path], workspace: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
    workspaces.discard(workspace)


def unsaid(conversation: Conversation) -> list[Attachment]:
    """Those that go with the message that is being said, under the head of the conversation."""
    rows = _UNSAID.all(conversation=conversation.pk)
    for row in rows:
        row.conversation = conversation
    return rows


def bind(rows: list[Attachment], message: Message) -> None:
    if rows:
        Attachment.objects.filter(pk__in=[row.pk for row in rows]).update(message=message)


def item(row: Attachment) -> dict[str, Any]:
    return {
        "id": str(row.public_id),
        "name": row.name,
        "media_type": row.media_type,
        "size": row.size,
        "url": f"/api/conversations/{row.conversation.public_id}/attachments/{row.public_id}/content",
    }


def for_tools(session_id: str, organization_id: int) -> tuple[Attached, ...]:
    """What tools of this conversation may read; only what was sent with a message, in the order of sending.

    A use that is tried out belongs to no conversation: there is nothing for it.
    """
    try:
        uuid.UUID(session_id)
    except ValueError:
        return ()
    rows = Attachment.objects.filter(
        organization_id=organization_id,
        conversation__public_id=session_id,
        conversation__deleted_at__isnull=True,
        message__isnull=False,
    )
    return tuple(
        Attached(row.name, path_of(row), row.size, row.media_type) for row in rows if path_of(row).is_file()
    )


def path_of(row: Attachment) -> Path:
    return Path(settings.DATA_DIR) / "attachments" / row.storage


def _write(row: Attachment, upload: UploadedFile[bytes]) -> None:
    folder = path_of(row).parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < _SPARE_BYTES + int(upload.size or 0):
        raise DiskNearlyFull
    limit, digest, start, size = settings.ATTACHMENT_MB * 2**20, hashlib.sha256(), b"", 0
    # Readable for the user of a sandbox, into which single files are bound; the folder lets nobody else in.
    descriptor = os.open(path_of(row), os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    os.fchmod(descriptor, 0o644)  # whatever the process's own mask says
    with open(descriptor, "wb") as file:
        for piece in upload.chunks():
            size += len(piece)
            if size > limit:
                raise FileTooLarge(details={"limit_mb": settings.ATTACHMENT_MB})
            start = start or piece[: media.LOOKED_AT]
            digest.update(piece)
            file.write(piece)
    row.size, row.sha256, row.media_type = size, digest.hexdigest(), media.sniffed(start, row.name)


def _name_anew(row: Attachment) -> None:
    """Each name once in a conversation: tools call files by their names."""
    names = set(row.conversation.attachments.values_list("name", flat=True))
    if len(names) >= settings.ATTACHMENTS_PER_CONVERSATION:
        raise TooManyFiles(details={"limit": settings.ATTACHMENTS_PER_CONVERSATION})
    wanted, number = row.name, 1
    # File systems that do not tell upper and lower case apart would take two for one.
    taken = {name.casefold() for name in names}
    while row.name.casefold() in taken:
        number += 1
        row.name = media.numbered(wanted, number)


def _record(action: str, row: Attachment, *, by: Identity) -> None:
    subject = records.Subject("attachment", str(row.public_id), row.name)
    stream = (row.organization_id, row.conversation.stream)
    facts_now = {"bytes": row.size, "sha256": row.sha256, "media_type": row.media_type}
    records.record(action, by=by, subject=subject, facts=facts_now, stream=stream)
