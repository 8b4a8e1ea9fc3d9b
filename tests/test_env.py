"""Settings are read by type, and every complaint names its variable and never its value's secret."""

from pathlib import Path

import pytest

from project import addresses
from project.env import Environment, Misconfigured


def environment(**variables: str) -> Environment:
    return Environment(variables)


@pytest.mark.parametrize(
    ("written", "read"), [("true", True), ("YES", True), ("1", True), ("off", False), (" no ", False)]
)
def test_flags_are_read_in_the_usual_words(written: str, read: bool) -> None:
    assert environment(DEBUG=written).flag("DEBUG") is read


def test_a_flag_that_is_neither_is_refused_by_name() -> None:
    with pytest.raises(Misconfigured, match="DEBUG must be true or false, not 'maybe'"):
        environment(DEBUG="maybe").flag("DEBUG")


def test_what_is_not_set_or_empty_takes_the_default() -> None:
    empty = environment(DEBUG="", PORT=" ", NAME="")
    assert empty.flag("DEBUG", default=True) is True
    assert empty.number("PORT", 8000) == 8000
    assert empty.text("NAME", "somebody") == "somebody"


@pytest.mark.parametrize(("written", "complaint"), [("80a", "whole number"), ("0", "at least 1")])
def test_a_bad_number_is_refused_by_name(written: str, complaint: str) -> None:
    with pytest.raises(Misconfigured, match=f"PORT must be .*{complaint}"):
        environment(PORT=written).number("PORT", 8000, minimum=1)


def test_a_word_that_is_not_among_the_choices_is_refused_by_name() -> None:
    assert environment(SANDBOX="OFF").choice("SANDBOX", "any", others=("off",)) == "off"
    assert environment().choice("SANDBOX", "any", others=("off",)) == "any"
    with pytest.raises(Misconfigured, match="SANDBOX must be one of any, off, not 'on'"):
        environment(SANDBOX="on").choice("SANDBOX", "any", others=("off",))


def test_lists_drop_blanks() -> None:
    assert environment(HOSTS="a.example, b.example,,").listing("HOSTS") == ["a.example", "b.example"]
    assert environment().listing("HOSTS", ("localhost",)) == ["localhost"]


def test_folders_may_be_separated_by_commas_or_as_the_system_does() -> None:
    read = environment(FILE_ROOTS="/srv/a:/srv/b,/srv/c").folders("FILE_ROOTS", Path("/d"), separator=":")
    assert read == [Path("/srv/a"), Path("/srv/b"), Path("/srv/c")]
    assert environment().folders("FILE_ROOTS", Path("/d"), separator=":") == [Path("/d")]


def test_a_secret_comes_from_the_variable_then_the_named_file_then_the_kept_one(tmp_path: Path) -> None:
    named, kept = tmp_path / "named", tmp_path / "kept"
    named.write_text("from-the-file\n")
    kept.write_text("kept\n")
    both = environment(KEY="from-the-variable", KEY_FILE=str(named))
    assert both.secret("KEY", kept_in=kept) == "from-the-variable"
    assert environment(KEY_FILE=str(named)).secret("KEY", kept_in=kept) == "from-the-file"
    assert environment().secret("KEY", kept_in=kept) == "kept"
    assert environment().secret("KEY", kept_in=tmp_path / "none") == ""


def test_an_unreadable_secret_file_is_named() -> None:
    with pytest.raises(Misconfigured, match=r"KEY_FILE: /nowhere/key cannot be read \(FileNotFoundError\)"):
        environment(KEY_FILE="/nowhere/key").secret("KEY")


def test_an_environment_shows_no_values_when_it_is_printed() -> None:
    assert "hidden" not in repr(environment(SECRET_KEY="hidden"))


def test_sqlite_queues_its_writers() -> None:
    read = addresses.database("sqlite:////srv/db.sqlite3", pool_size=8)
    assert read["NAME"] == "/srv/db.sqlite3"
    assert read["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in read["OPTIONS"]["init_command"]
    assert "synchronous=normal" in read["OPTIONS"]["init_command"]


def test_sqlite_may_be_asked_to_outlive_the_machine() -> None:
    read = addresses.database("sqlite:////srv/db.sqlite3?synchronous=full", pool_size=8)
    assert read["NAME"] == "/srv/db.sqlite3"
    assert "synchronous=full" in read["OPTIONS"]["init_command"]
    with pytest.raises(Misconfigured, match="normal or full"):
        addresses.database("sqlite:////srv/db.sqlite3?synchronous=off", pool_size=8)


def test_an_old_sqlite_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sqlite3.sqlite_version_info", (3, 34, 1))
    with pytest.raises(Misconfigured, match=r"3\.35 is needed"):
        addresses.database("sqlite:////srv/db.sqlite3", pool_size=8)


def test_postgres_is_taken_apart_and_pooled() -> None:
    read = addresses.database("postgres://me:p%40ss@db.example:5433/tools?sslmode=require", pool_size=8)
    assert (read["USER"], read["PASSWORD"], read["HOST"], read["PORT"]) == (
        "me",
        "p@ss",
        "db.example",
        "5433",
    )
    assert read["NAME"] == "tools"
    assert read["OPTIONS"]["sslmode"] == "require"
    assert read["OPTIONS"]["pool"]["max_size"] == 8


def test_postgres_on_a_socket_names_its_folder() -> None:
    assert addresses.database("postgresql://me@/tools?host=/run/pg", pool_size=8)["HOST"] == "/run/pg"


@pytest.mark.parametrize("url", ["mysql://a/b", "db.sqlite3", ""])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(Misconfigured, match="DATABASE_URL"):
        addresses.database(url, pool_size=8)


@pytest.mark.parametrize(
    ("url", "for_celery"),
    [
        ("redis://:word@host:6380/2", "redis://:word@host:6380/2"),
        ("rediss://host/0", "rediss://host/0"),
        ("unix:///run/valkey.sock", "redis+socket:///run/valkey.sock"),
        ("unix:///run/valkey.sock?db=3", "redis+socket:///run/valkey.sock?virtual_host=3"),
    ],
)
def test_celery_hears_the_same_address_in_its_own_words(url: str, for_celery: str) -> None:
    assert addresses.broker(url) == for_celery


def test_another_broker_is_refused() -> None:
    with pytest.raises(Misconfigured, match="REDIS_URL"):
        addresses.redis("amqp://host")


@pytest.mark.parametrize(
    ("written", "roots", "read"),
    [
        ("", "/own", ["/own"]),
        ("", "/elsewhere", []),
        ("none", "/own", []),
        ("/b", "/a,/b", ["/b"]),
        ("/b:/a", "/a,/b", ["/b", "/a"]),
    ],
)
def test_writable_roots_are_some_of_the_roots(written: str, roots: str, read: list[str]) -> None:
    known = [Path(root) for root in roots.split(",")]
    given = environment(WRITABLE=written)
    assert given.folders_among("WRITABLE", known, Path("/own"), separator=":") == [
        Path(each) for each in read
    ]
    with pytest.raises(Misconfigured, match="WRITABLE"):
        environment(WRITABLE="/a,/c").folders_among("WRITABLE", known, Path("/own"), separator=":")


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("smtp://mail.example", ("mail.example", 25, "", "", False, False)),
        ("smtp+starttls://u%40x:p%3Aw@mail.example", ("mail.example", 587, "u@x", "p:w", True, False)),
        ("smtps://u:p@mail.example:2465", ("mail.example", 2465, "u", "p", False, True)),
    ],
)
def test_a_mail_server_is_read(url: str, found: tuple[object, ...]) -> None:
    read = addresses.mail(url)
    names = ("HOST", "PORT", "HOST_USER", "HOST_PASSWORD", "USE_TLS", "USE_SSL")
    assert tuple(read[name] for name in names) == found
    assert "HOST" not in addresses.mail("console://")


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://", "smtp://u:hunter2@h:none"])
def test_a_mail_server_that_cannot_be_read_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(Misconfigured, match="EMAIL_URL") as told:
        addresses.mail(url)
    assert "hunter2" not in str(told.value)
