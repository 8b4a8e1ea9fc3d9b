"""The page where the catalog is taken as a file and brought in: look at the difference first, choose, then import."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from agents_app import transfer
from agents_app.transfer import Choice, Outcome, Report, Wanted
from audit_app.audited_admin import identity_of
from project.accounts.identity import Identity
from project.accounts.roles import CATALOG_CHANGE
from tools_app import documents
from tools_app.admin import differing
from tools_app.cataloging.differences import Difference
from tools_app.exceptions import InvalidCatalog

PAGE: Final = "admin:agents_app_catalog"
_SILENT: Final[tuple[Any, ...]] = ("", [], {}, None, False)
# The text travels through the form between looking and importing, and a form has a limit of its own.
_ROOM: Final = 100_000
_OFFERED: Final[tuple[tuple[str, str], ...]] = (
    (Choice.KEEP.value, "Keep what is here"),
    (Choice.REPLACE.value, "Replace by the file"),
    (Choice.RENAME.value, "Take the file's under another name"),
)


def transfer_page(request: HttpRequest) -> HttpResponse:
    """Raises NotAllowed for whoever may not change the catalog, looking included."""
    identity = identity_of(request)
    identity.require(CATALOG_CHANGE)
    if request.method != "POST":
        return _page(request, {})
    try:
        text = _text(request)
        document = documents.read(text.encode(), "catalog")
    except InvalidCatalog as broken:
        return _page(request, {"problems": list(broken.problems)}, status=400)
    wanted = _wanted(request)
    report = transfer.bring_in(document, wanted, by=identity)
    if report.is_done:
        messages.success(request, report.sentence)
        for name in report.missing_secrets:
            messages.warning(
                request, f"Make the secret {name}: tools that need it are refused until it is there."
            )
        return HttpResponseRedirect(request.path)
    return _page(request, {"text": text, **_shown(report, identity, wanted)})


def export_file(request: HttpRequest) -> HttpResponse:
    identity = identity_of(request)
    document = transfer.exported(by=identity)
    answer = HttpResponse(transfer.written(document), content_type="application/yaml; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="catalog.yaml"'
    answer["Cache-Control"] = "no-store"
    return answer


def _text(request: HttpRequest) -> str:
    """Raises InvalidCatalog."""
    most = (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0) - _ROOM
    file: Any = request.FILES.get("file")
    if file is None:
        text = request.POST.get("text", "").replace("\r\n", "\n")
        if not text.strip():
            raise InvalidCatalog(["Choose a file, or paste its text."])
        return text
    octets = file.read(most + 1)
    if len(octets) > most:
        told = f"{file.name}: more than {most:,} bytes; bring it in with manage.py import_catalog."
        raise InvalidCatalog([told])
    try:
        text = str(octets, "utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidCatalog([f"{file.name}: it is not UTF-8."]) from None
    if "\x00" in text:
        raise InvalidCatalog([f"{file.name}: it is binary."])
    return text


def _wanted(request: HttpRequest) -> Wanted:
    """Without the button of the second step it is only looked at; an unknown choice is none."""
    known = {each.value: each for each in Choice}
    choices = {
        name.removeprefix("choice:"): known[value]
        for name, value in request.POST.items()
        if name.startswith("choice:") and value in known
    }
    is_dry = request.POST.get("step") != "import"
    return Wanted(choices=choices, is_dry=is_dry, reason=request.POST.get("reason", "").strip()[:300])


def _shown(report: Report, identity: Identity, wanted: Wanted) -> dict[str, Any]:
    return {
        "report": report,
        "problems": [line for each in report.problems for line in each.told],
        "conflicts": [_row(each, identity, wanted) for each in report.conflicts],
        "changes": [_row(each, identity, wanted) for each in report.changes],
        "kept": [each for each in report.outcomes if each.state in ("kept", "left out")],
        "same": sum(each.state == "same" for each in report.outcomes),
        "missing": report.missing_secrets,
        "reason": wanted.reason,
    }


def _row(outcome: Outcome, identity: Identity, wanted: Wanted) -> dict[str, Any]:
    offered = [
        pair for pair in _OFFERED if pair[0] != Choice.RENAME.value or outcome.kind in ("tool", "persona")
    ]
    return {
        "outcome": outcome,
        "field": f"choice:{outcome.key}",
        "offered": offered,
        "chosen": wanted.choices.get(outcome.key, Choice.KEEP).value,
        "is_new": outcome.state in ("added", "renamed"),
        "differences": differing.shown(_told(outcome), identity),
    }


def _told(outcome: Outcome) -> list[Difference]:
    """Of what is new, only what it says itself: a row has many columns that say nothing."""
    is_new = outcome.state == "added"
    return [each for each in outcome.differences if not is_new or each.after not in _SILENT]


def _page(request: HttpRequest, shown: dict[str, Any], *, status: int = 200) -> TemplateResponse:
    whole = {**admin.site.each_context(request), "title": "Export and import", **shown}
    return TemplateResponse(request, "admin/toolroom/transfer.html", whole, status=status)
