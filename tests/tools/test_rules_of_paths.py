"""Paths of rules, asked directly: what the other tables of rules leave to chance."""

from __future__ import annotations

import pytest

from tools_app.rules import paths


@pytest.mark.parametrize(
    ("rule", "path", "is_folder", "is_hit"),
    [
        ("/etc", "/etc", False, True),
        ("/etc", "/etc/passwd", False, True),
        ("/etc/", "//ETC//passwd", False, True),
        ("/etc", "/x/../etc/passwd", False, True),
        ("/etc", "file:///etc/passwd", False, True),
        ("/etc", "\\etc\\passwd", False, True),
        ("/etc", "/etcetera", False, False),
        ("/etc", "etc/passwd", False, False),
        ("/", "/anything", False, True),
        ("/", "anything", False, False),
        (".", "a/b", False, True),
        (".", "/a/b", False, False),
        ("secrets", "./secrets/x", False, True),
        ("secrets", "secretsandmore", False, False),
        ("/srv~", "/srv/a", False, False),
        ("/ann", "/~ann", False, False),
        ("/etc/ssl", "/etc", True, True),
        ("/etc/ssl", "/etc", False, False),
        ("/etc/ssl", "/home", True, False),
        ("/etc", "/etc/ssl", True, True),
    ],
)
def test_a_path_is_denied_by_whole_segments(rule: str, path: str, is_folder: bool, is_hit: bool) -> None:
    assert paths.denies(rule, path, is_folder=is_folder) is is_hit


@pytest.mark.parametrize(
    ("rule", "real", "is_allowed"),
    [
        ("/srv/reports", ["reports/a", "/srv/reports/a"], True),
        ("reports", ["reports/a", "/srv/reports/a"], True),
        ("./reports/", ["reports/a", "/srv/reports/a"], True),
        ("/srv/reports/a", ["/srv/reports/a"], True),
        (".", ["reports/a", "/srv/reports/a"], True),
        ("/", ["reports/a", "/srv/reports/a"], True),
        # The same file under two names: one of them outside is enough.
        ("/srv/reports", ["/srv/reports/a", "/srv/secret/a"], False),
        ("reports", ["reports/a", "secret/a"], False),
        ("/srv~", ["/srv/a"], False),
        ("/srv", ["/srv/../etc/passwd"], False),
        (".", ["../a"], False),
        ("/srv/report", ["/srv/reports/a"], False),
        ("reports", ["/srv/reports/a"], False),
        ("reports", [], False),
    ],
)
def test_a_path_is_allowed_by_each_name_of_the_file(rule: str, real: list[str], is_allowed: bool) -> None:
    assert paths.allows(rule, real) is is_allowed
