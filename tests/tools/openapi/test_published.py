"""Published descriptions of real services are swallowed whole: each operation is a tool the catalog accepts, or it is
said why not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from project.accounts import identity as identities
from tests import people
from tests.tools.openapi import published
from tools_app import catalog
from tools_app.apis import api_documents, api_imports
from tools_app.apis.api_imports import Wanted
from tools_app.cataloging import written
from tools_app.models import Tool
from tools_app.openapi import operations, proposals
from tools_app.openapi.description import Description
from tools_app.openapi.problems import InvalidDocument
from tools_app.openapi.proposals import Choices

GITHUB = "@octokit/openapi/generated/api.github.com.json"
FIGMA = "@figma/rest-api-spec/openapi/openapi.yaml"
HTTPS = Choices(server="https://api.example/v1")


@pytest.fixture(scope="session")
def packages() -> Path:
    return published.folder()


def read(packages: Path, path: str) -> Description:
    return operations.read((packages / path).read_bytes())


def accepted(found: Description) -> int:
    """How many of its operations the catalog would take as they are; the first that it would not is an error."""
    names = proposals.names(found, HTTPS, set())
    system = identities.system(1)
    for operation in found.operations:
        made = proposals.of(operation, found, HTTPS, names[operation.key])
        if operation.servers:
            continue
        assert made.problem == "", (operation.key, made.problem)
        fields = written.checked(made.fields, allowed=catalog.FIELDS, by=system)
        written.check_row(Tool(organization_id=1, **fields))
    assert len(set(names.values())) == len(found.operations)
    return len(found.operations)


def test_github(packages: Path) -> None:
    found = read(packages, GITHUB)
    assert accepted(found) == 1_223
    assert found.skipped == ()
    told = Counter(note.text for operation in found.operations for note in operation.notes)
    assert sum(told.values()) < 100, "what is left out can be read by a person"
    issue = found.operation("POST /repos/{owner}/{repo}/issues")
    assert issue is not None
    assert issue.configuration["parameters"]["title"] == "json"
    assert found.operation("GET /user/repos").configuration["response"] == {  # type: ignore[union-attr]
        "next": {"parameter": "page", "header": "Link"}
    }


@pytest.mark.parametrize(
    ("path", "number", "skipped"),
    [
        (FIGMA, 54, 0),
        ("@scalar/galaxy/dist/latest.yaml", 9, 0),
        ("@scalar/galaxy/dist/3.1.json", 9, 0),
        ("@readme/oas-examples/3.1/yaml/readme.yaml", 54, 0),
        ("@readme/oas-examples/3.0/json/star-trek.json", 120, 0),
        ("@readme/oas-examples/3.0/yaml/star-trek.yaml", 120, 0),
        ("@readme/oas-examples/3.0/json/uspto.json", 3, 0),
        ("@readme/oas-examples/3.1/json/train-travel.json", 7, 0),
        ("@readme/oas-examples/3.1/json/petstore.json", 20, 0),
        ("@readme/oas-examples/3.0/json/parameters-style.json", 23, 2),
    ],
)
def test_other_services(packages: Path, path: str, number: int, skipped: int) -> None:
    found = read(packages, path)
    assert (accepted(found), len(found.skipped)) == (number, skipped)


def test_everything_that_is_made_to_be_difficult(packages: Path) -> None:
    """Cycles, polymorphism, odd types, odd styles, security of all kinds: nothing breaks, and little is left out."""
    paths = sorted((packages / "@readme/oas-examples").glob("3.*/json/*.json"))
    read_well, unreadable = 0, list[tuple[str, str]]()
    for path in paths:
        try:
            found = operations.read(path.read_bytes())
        except InvalidDocument as refused:
            unreadable.append((path.name, refused.code))
            continue
        assert accepted(found) == len(found.operations)
        assert len(found.skipped) <= 2, path
        read_well += 1
    assert {code for _, code in unreadable} == {"no_operations"}, unreadable
    assert read_well >= 50


def test_the_format_before_is_refused_in_words(packages: Path) -> None:
    with pytest.raises(InvalidDocument, match=r"Swagger 2\.0"):
        read(packages, "@netlify/open-api/dist/swagger.json")


@pytest.mark.django_db
def test_one_is_imported_whole_and_is_unchanged_afterwards(packages: Path) -> None:
    carol = people.carol().identity
    octets = (packages / FIGMA).read_bytes()
    kept = api_documents.keep(octets, origin="upload", location="figma.yaml", by=carol)
    wanted = Wanted(add=[item.key for item in api_imports.planned(kept).items])
    done = api_imports.carry_out(kept, "Figma", Choices(prefix="figma"), wanted, by=carol)
    assert done.added == 54
    again = api_documents.keep(octets, origin="upload", location="figma.yaml", by=carol, replaces=done.source)
    plan = api_imports.planned(again)
    assert {item.state for item in plan.items} == {"unchanged"}
    assert not [item.key for item in plan.items if item.meetings]
