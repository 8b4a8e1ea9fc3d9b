"""web_fetch reads PDF files page by page, in a process of its own that a hostile one may break."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from tests.tools.builtin_tools.conftest import Use
from tests.tools.builtin_tools.pages import pdf
from tests.tools.executors.fake_site import FakeSite, fake_site
from tools_app.exceptions import ToolFailed
from tools_app.executors import pdfs

KIND = "Content-Type: application/pdf"


@pytest.fixture
def site(settings: Settings) -> Iterator[FakeSite]:
    with fake_site() as found:
        settings.EGRESS_EXCEPTIONS = [found.endpoint]
        yield found


def test_a_pdf_is_read_page_by_page(use: Use, site: FakeSite) -> None:
    url = site.says("/a.pdf", pdf.of("Hello there", "Second page", title="A  Report"), KIND)
    found = use("web_fetch", url=url)
    assert found.text == (
        f"Address: {url}\nStatus: 200 OK\nType: application/pdf\nTitle: A Report\nPages: 2\n\n"
        "--- Page 1 ---\nHello there\n\n--- Page 2 ---\nSecond page"
    )
    assert (found.data["title"], found.data["truncated"]) == ("A Report", False)


@pytest.mark.parametrize("kind", ["", "Content-Type: application/octet-stream"])
def test_a_pdf_is_known_by_its_first_bytes(use: Use, site: FakeSite, kind: str) -> None:
    url = site.says("/a", pdf.of("Hello there"), *([kind] if kind else []))
    assert use("web_fetch", url=url).text.endswith("--- Page 1 ---\nHello there")


def test_a_long_one_is_read_in_parts(use: Use, site: FakeSite) -> None:
    url = site.says("/a.pdf", pdf.of(*[f"{number:03} " + "word " * 30 for number in range(12)]), KIND)
    first = use("web_fetch", url=url, max_characters=400)
    assert first.text.endswith("[More follows; go on with start 400.]")
    assert first.data["truncated"]
    whole = use("web_fetch", url=url).text.partition("\n\n")[2]
    parts = [
        use("web_fetch", url=url, start=start, max_characters=1_200).text.partition("\n\n")[2][:1_200]
        for start in range(0, len(whole), 1_200)
    ]
    assert "".join(parts) == whole
    assert "--- Page 12 ---\n011" in whole


def test_more_is_fetched_of_a_pdf_than_of_a_page(use: Use, site: FakeSite) -> None:
    url = site.says("/a.pdf", pdf.of("Hello there") + b"%" * 3_000_000, KIND)
    assert use("web_fetch", url=url).text.endswith("Hello there")
    url = site.says("/b.pdf", b"%PDF-1.7" + b"x" * pdfs.MAX_BYTES, KIND)
    with pytest.raises(ToolFailed, match="longer than"):
        use("web_fetch", url=url)


@pytest.mark.parametrize(
    ("octets", "told"),
    [
        (b"", "damaged"),
        (b"%PDF-1.7", "damaged"),
        (b"%PDF-1.7\n" + b"\x00\xff" * 50_000, "damaged"),
        (b"<html>not one</html>", "damaged"),
        (b"%PDF-1.7\n" + b"[" * 200_000, "damaged"),
        (pdf.of("Hello", password="secret"), "password"),
        (pdf.of(""), "no text"),
    ],
    ids=["empty", "cut", "binary", "html", "deep", "locked", "pictures"],
)
def test_what_cannot_be_read_is_said(use: Use, site: FakeSite, octets: bytes, told: str) -> None:
    with pytest.raises(ToolFailed, match=told):
        use("web_fetch", url=site.says("/a.pdf", octets, KIND))


def test_a_bomb_ends_its_own_process_alone(use: Use, site: FakeSite) -> None:
    with pytest.raises(ToolFailed) as told:
        use("web_fetch", url=site.says("/a.pdf", pdf.bomb(120), KIND))
    assert told.value.code in ("unreadable_pdf", "not_text")


def test_what_was_read_before_the_time_was_over_is_kept() -> None:
    found = pdfs.read(pdf.endless(400_000), characters=100_000, seconds=2)
    assert (found.pages, found.texts[:1], found.is_whole) == (2, ("quick",), False)


def test_nothing_of_ours_is_in_its_environment() -> None:
    """The child is isolated, so a module beside the file or in the working folder is not taken for pypdf."""
    assert pdfs.read(pdf.of("Hello there"), characters=100).texts == ("Hello there",)
