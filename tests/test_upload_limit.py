"""A file may be larger than other bodies, and only where files are taken."""

from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings

from project import web

FILES = "/api/conversations/3f2a7c1e-0000-4000-8000-000000000000/attachments"


@pytest.mark.parametrize(
    ("path", "is_larger"),
    [
        (FILES, True),
        (FILES + "/", True),
        (FILES + "/x", False),
        ("/api/conversations", False),
        ("/x" + FILES, False),
        ("/api/conversations/../attachments", False),
    ],
)
def test_only_files_may_be_large(path: str, is_larger: bool, settings: Settings) -> None:
    limit = web._limit({"path": path})
    assert (limit > settings.DATA_UPLOAD_MAX_MEMORY_SIZE) is is_larger
    assert limit <= settings.ATTACHMENT_MB * 2**20 + 65_536
