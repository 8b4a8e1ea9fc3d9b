"""One of everything for the admin pages, and how to fill in their forms."""

from typing import Any

from django.contrib.admin.utils import quote
from django.test import Client
from django.urls import reverse

from agents_app.models import ModelEndpoint
from audit_app import tokens
from audit_app.models import ToolUsage
from project.accounts.models import ApiToken
from tests import people, world
from tests.world import SECRET_WORD, World
from tools_app import vault


def made_world() -> World:
    """One of everything, so that each page has a row to show or to hide."""
    made = world.made()
    ours = people.toolroom()
    ToolUsage.objects.create(organization=ours, tool_name=SECRET_WORD, status="success")
    secret = vault.keep(f"{SECRET_WORD}-key", "sk-a-value-to-hide", hosts=[], by=made.carol.identity)
    ModelEndpoint.objects.create(organization=ours, name=f"{SECRET_WORD}-model", secret=secret)
    tokens.issue(made.alice.membership, scopes=["chat"], by=made.alice.identity, name=f"{SECRET_WORD}-token")
    return made


def address(model: Any, page: str, *arguments: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=arguments)


def row_of(model: Any) -> Any:
    return model._default_manager.order_by("pk").first()


def id_of(model: Any, row: Any) -> Any:
    return quote(row.token_key if model is ApiToken else row.pk)


def staff(person: people.Person) -> Client:
    person.user.is_staff = True
    person.user.save()
    return person.browser()


def filled(client: Client, path: str, **changes: Any) -> dict[str, Any]:
    """What the form at this address would send, with some of it changed."""
    context = client.get(path).context
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    sent: dict[str, Any] = {}
    for form in forms:
        for bound in form:
            value = (
                bound.field.prepare_value(bound.value())
                if hasattr(bound.field, "prepare_value")
                else bound.value()
            )
            if value is not None and value is not False:
                sent[bound.html_name] = value
    return {name: value for name, value in (sent | changes).items() if value is not None}


def told(answer: Any) -> str:
    return " ".join(str(message) for message in answer.context["messages"])
