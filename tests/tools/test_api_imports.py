"""An API is imported as tools, and its next edition is a difference in which nothing of ours is lost silently."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from audit_app.models import AuditEntry
from project.accounts.exceptions import NotAllowed, NotFound
from tests import people
from tests.tools.executors.fake_site import fake_site
from tests.tools.openapi.documents import OK, body, document
from tools_app import catalog, vault
from tools_app.apis import api_documents, api_imports
from tools_app.apis.api_imports import ImportRefused, SourceNameTaken, Wanted
from tools_app.models import ApiDocument, ApiOperation, ApiSource, Tool, ToolVersion
from tools_app.openapi.problems import InvalidDocument
from tools_app.openapi.proposals import Choices

pytestmark = pytest.mark.django_db

TEXT = {"type": "string"}
PATHS: dict[str, Any] = {
    "/pets": {
        "get": {**OK, "operationId": "listPets", "summary": "List pets.", "tags": ["Pets"]},
        "post": {**OK, **body({"type": "object", "properties": {"name": TEXT}}), "operationId": "addPet"},
    },
    "/pets/{id}": {"delete": {**OK, "operationId": "deletePet", "summary": "Delete a pet."}},
    "/secure": {"get": {**OK, "operationId": "secure", "security": [{"key": []}]}},
}
SCHEMES = {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}}


def kept(paths: dict[str, Any] | None = None, replaces: ApiSource | None = None, **more: Any) -> ApiDocument:
    octets = json.dumps(document(paths or PATHS, components=SCHEMES, **more)).encode()
    by = people.carol().identity
    return api_documents.keep(octets, origin="text", location="", by=by, replaces=replaces)


def imported(*keys: str, choices: Choices | None = None) -> ApiSource:
    found = kept()
    wanted = Wanted(add=keys or [item.key for item in api_imports.planned(found).items])
    return api_imports.carry_out(
        found, "Pets", choices or Choices(), wanted, by=people.carol().identity
    ).source


def states(edition: ApiDocument) -> dict[str, str]:
    return {item.key: item.state for item in api_imports.planned(edition).items}


def changed(key: str, method: str, **node: Any) -> dict[str, Any]:
    paths = json.loads(json.dumps(PATHS))
    paths[key][method] |= node
    return dict(paths)


def test_operations_become_tools_with_flags_by_their_method() -> None:
    imported()
    flags = {
        tool.name: (tool.requires_approval, tool.is_dangerous)
        for tool in Tool.objects.filter(executor="http")
    }
    assert flags == {
        "list_pets": (False, False),
        "add_pet": (True, False),
        "delete_pet": (True, True),
        "secure": (False, False),
    }
    tool = Tool.objects.get(name="list_pets")
    assert (tool.category, tool.tags, tool.is_open_world, tool.is_idempotent) == (
        "Pets",
        ["Pets"],
        True,
        False,
    )
    assert tool.configuration == {"method": "GET", "url": "https://api.example/v1/pets"}
    assert ToolVersion.objects.get(tool=tool).reason == "Imported from Pets."
    entries = AuditEntry.objects.filter(action__in=["tool.added", "api.imported"])
    assert [entry.action for entry in entries.order_by("seq")] == ["tool.added"] * 4 + ["api.imported"]


def test_only_what_was_chosen_is_imported_and_the_rest_can_follow() -> None:
    source = imported("GET /pets")
    assert states(source.document)["DELETE /pets/{id}"] == "available"
    again = Wanted(add=["DELETE /pets/{id}"])
    api_imports.carry_out(source.document, "", Choices(), again, by=people.carol().identity)
    assert sorted(Tool.objects.filter(executor="http").values_list("name", flat=True)) == [
        "delete_pet",
        "list_pets",
    ]


def test_the_same_edition_again_changes_nothing() -> None:
    source = imported()
    plan = api_imports.planned(kept(replaces=source))
    assert {item.state for item in plan.items} == {"unchanged"}
    assert not [item for item in plan.items if item.meetings]


def test_a_new_edition_is_added_changed_removed_and_unchanged() -> None:
    source = imported()
    paths = changed("/pets", "get", summary="List all pets.")
    del paths["/pets/{id}"]
    paths["/toys"] = {"get": {**OK, "operationId": "listToys"}}
    edition = kept(paths, source)
    assert states(edition) == {
        "GET /pets": "changed",
        "POST /pets": "unchanged",
        "GET /secure": "unchanged",
        "GET /toys": "new",
        "DELETE /pets/{id}": "removed",
    }
    assert Tool.objects.get(name="list_pets").description == "List pets."
    wanted = Wanted(add=["GET /toys"], update=["GET /pets"], remove=["DELETE /pets/{id}"])
    done = api_imports.carry_out(edition, "", Choices(), wanted, by=people.carol().identity)
    assert (done.added, done.changed, done.removed) == (1, 1, 1)
    assert Tool.objects.get(name="list_pets").description == "List all pets."
    assert not Tool.objects.filter(name="delete_pet").exists()
    assert ApiDocument.objects.get().source == source
    assert set(states(ApiDocument.objects.get()).values()) == {"unchanged"}


def test_what_people_wrote_stays_unless_they_give_it_up() -> None:
    source, carol = imported(), people.carol().identity
    tool = Tool.objects.get(name="list_pets")
    configuration = {**tool.configuration, "timeout_seconds": 5}
    catalog.update(tool, {"description": "Ours.", "configuration": configuration}, by=carol)
    parameters = [{"name": "limit", "in": "query", "schema": {"type": "integer"}}]
    edition = kept(changed("/pets", "get", summary="Theirs.", parameters=parameters), source)
    item = api_imports.planned(edition).item("GET /pets")
    assert item is not None
    assert [each.field for each in item.conflicts] == ["description"]
    assert {each.field for each in item.news} == {"description", "input_schema", "configuration.parameters"}
    api_imports.carry_out(edition, "", Choices(), Wanted(update=["GET /pets"]), by=carol)
    tool.refresh_from_db()
    assert tool.description == "Ours."
    assert tool.configuration == configuration | {"parameters": {"limit": "query"}}
    assert list(tool.input_schema["properties"]) == ["limit"]
    edition = kept(changed("/pets", "get", summary="Newer.", parameters=parameters), source)
    wanted = Wanted(update=["GET /pets"], overwrite={"GET /pets": ["description"]})
    api_imports.carry_out(edition, "", Choices(), wanted, by=carol)
    tool.refresh_from_db()
    assert tool.description == "Newer."


def test_a_new_edition_drops_no_flag_and_switches_nothing_on() -> None:
    source, carol = imported(), people.carol().identity
    tool = Tool.objects.get(name="list_pets")
    catalog.update(tool, {"is_dangerous": True, "enabled": False}, by=carol)
    edition = kept(changed("/pets", "get", summary="New."), source)
    api_imports.carry_out(edition, "", Choices(), Wanted(update=["GET /pets"]), by=carol)
    tool.refresh_from_db()
    assert (tool.is_dangerous, tool.enabled, tool.description) == (True, False, "New.")


def test_an_operation_that_moved_is_known_by_its_id() -> None:
    source = imported()
    paths = dict(PATHS)
    paths["/animals"] = paths.pop("/pets")
    edition = kept(paths, source)
    assert states(edition)["GET /animals"] == "changed"
    api_imports.carry_out(edition, "", Choices(), Wanted(update=["GET /animals"]), by=people.carol().identity)
    assert Tool.objects.get(name="list_pets").configuration["url"] == "https://api.example/v1/animals"
    assert ApiOperation.objects.filter(source=source, key="GET /animals").exists()


def test_names_are_free_and_may_begin_alike() -> None:
    carol = people.carol().identity
    catalog.register(
        {"name": "shop_list_pets", "description": "x", "category": "x", "input_schema": {"type": "object"}},
        by=carol,
    )
    imported("GET /pets", "POST /pets", choices=Choices(prefix="shop"))
    assert set(
        Tool.objects.filter(executor="http", configuration__has_key="url").values_list("name", flat=True)
    ) == {
        "shop_list_pets_2",
        "shop_add_pet",
    }


def test_a_secret_signs_in_where_its_hosts_allow_it() -> None:
    carol = people.carol().identity
    vault.keep("pets-key", "s3cret-value", hosts=["other.example"], by=carol)
    choices = Choices(secrets={"key": "pets-key"})
    with pytest.raises(ImportRefused) as refused:
        imported("GET /secure", choices=choices)
    assert "may not be sent to api.example:443" in str(refused.value.details)
    secret = vault.keep("right-key", "s3cret-value", hosts=["api.example"], by=carol)
    imported("GET /secure", choices=Choices(secrets={"key": secret.name}))
    auth = Tool.objects.get(name="secure").configuration["auth"]
    assert auth == [{"type": "header", "secret": "right-key", "name": "X-Key"}]


def test_without_a_secret_it_is_said_what_is_missing() -> None:
    item = api_imports.planned(kept()).item("GET /secure")
    assert item is not None
    assert item.proposal is not None
    assert "signed in to with key; no secret is chosen" in str(item.proposal.notes[-1])


def test_it_is_all_or_nothing() -> None:
    carol = people.carol().identity
    bad = {**PATHS, "/x": {"get": {**OK, "servers": [{"url": "http://plain.example"}]}}}
    found = kept(bad)
    with pytest.raises(ImportRefused) as refused:
        api_imports.carry_out(found, "Pets", Choices(), Wanted(add=["GET /pets", "GET /x"]), by=carol)
    assert "https://" in str(refused.value.details)
    assert not Tool.objects.filter(executor="http").exists()
    assert not ApiSource.objects.exists()
    for wanted in (Wanted(add=["GET /gone"]), Wanted(update=["GET /pets"]), Wanted(remove=["GET /pets"])):
        with pytest.raises(ImportRefused, match="cannot be carried out"):
            api_imports.carry_out(kept(), "Pets", Choices(), wanted, by=carol)
    with pytest.raises(ImportRefused):
        api_imports.carry_out(kept(), " ", Choices(), Wanted(add=["GET /pets"]), by=carol)
    with pytest.raises(ImportRefused):
        api_imports.carry_out(kept(), "P", Choices(prefix="No!"), Wanted(add=["GET /pets"]), by=carol)


def test_a_name_is_taken_once() -> None:
    imported("GET /pets")
    with pytest.raises(SourceNameTaken):
        imported("POST /pets")


def test_forgetting_an_api_leaves_its_tools() -> None:
    source = imported("GET /pets")
    api_imports.forget(source, by=people.carol().identity)
    assert Tool.objects.filter(name="list_pets").exists()
    assert not ApiOperation.objects.exists()


def test_strangers_and_those_without_the_right_do_nothing() -> None:
    source = imported("GET /pets")
    octets = json.dumps(document(PATHS)).encode()
    for person, error in ((people.alice(), NotAllowed), (people.mallory(), NotFound)):
        with pytest.raises(error):
            api_imports.forget(source, by=person.identity)
        with pytest.raises(error):
            api_imports.carry_out(source.document, "", Choices(), Wanted(), by=person.identity)
    with pytest.raises(NotAllowed):
        api_documents.keep(octets, origin="text", location="", by=people.alice().identity)
    with pytest.raises(InvalidDocument):
        api_documents.keep(octets, origin="text", location="", by=people.mallory().identity, replaces=source)


def test_a_redirect_into_the_house_or_to_too_much_is_not_followed(settings: Settings) -> None:
    carol = people.carol().identity
    with fake_site() as site:
        settings.EGRESS_EXCEPTIONS = [site.endpoint]
        for goal in ("http://169.254.169.254/latest", "https://10.0.0.1/", "http://127.0.0.1:1/"):
            with pytest.raises(InvalidDocument, match="cannot be fetched"):
                api_documents.fetched(site.redirects("/openapi.json", goal), by=carol)
        with pytest.raises(InvalidDocument, match="status 404"):
            api_documents.fetched(site.url("/gone"), by=carol)
        found = json.dumps(document(PATHS, servers=[{"url": "../v3"}])).encode()
        site.says("/docs/openapi.json", found)
        kept = api_documents.fetched(site.redirects("/moved", "/docs/openapi.json"), by=carol)
        assert api_documents.description(kept).servers == (site.url("/v3"),)


def test_an_address_is_fetched_under_the_rules_of_the_house() -> None:
    for url in (
        "https://169.254.169.254/x",
        "http://a.example/x",
        "https://127.0.0.1/x",
        "file:///etc/passwd",
    ):
        with pytest.raises(InvalidDocument, match="cannot be fetched"):
            api_documents.fetched(url, by=people.carol().identity)
