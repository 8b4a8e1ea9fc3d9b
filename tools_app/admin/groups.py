"""Groups of approvers: who is in them, and what asks for their yes."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from audit_app.audited_admin import ByVerbs, Verb, VerbForm
from project.accounts.identity import Identity
from project.accounts.models import Membership
from project.accounts.roles import CATALOG_CHANGE, DECIDE, MEMBERS_MANAGE, PERMISSIONS
from tools_app.approving import groups
from tools_app.models import ApproverGroup

ABLE = tuple(role for role, permissions in PERMISSIONS.items() if DECIDE in permissions)


class ApproverGroupForm(VerbForm):
    class Meta:
        model = ApproverGroup
        fields = ["name", "description", "members"]
        widgets = {"members": UnfoldAdminCheckboxSelectMultipleWidget}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "members" in self.fields:
            people = Membership.objects.filter(organization_id=self.identity.organization_id)
            able = people.filter(role__in=ABLE, active=True, user__is_active=True)
            # Who is in it and could not be added any more is shown, so that they can be taken out.
            kept = people.filter(pk__in=self.instance.members.values("pk")) if self.instance.pk else None
            shown = (able | kept if kept is not None else able).select_related("user").distinct()
            self.fields["members"].queryset = shown.order_by("user__username")  # type: ignore[attr-defined]
            self.fields["members"].label_from_instance = _named  # type: ignore[attr-defined]

    def perform(self) -> ApproverGroup:
        given = self.cleaned_data
        told = {"description": given["description"], "members": list(given["members"])}
        if self.instance.pk:
            return groups.change(self.instance, **told, by=self.identity)
        return groups.make(given["name"], **told, by=self.identity)

    def _save_m2m(self) -> None:
        """The verb has written them."""


def _named(member: Membership) -> str:
    name = member.user.get_full_name() or member.user.get_username()
    role = member.get_role_display().partition(":")[0]
    return f"{name} ({role}{'' if member.role in ABLE and member.active else ', counts for nothing now'})"


def _remove(group: ApproverGroup, by: Identity, _: dict[str, str]) -> str:
    groups.remove(group, by=by)
    return f"The group {group} is deleted."


@admin.register(ApproverGroup)
class ApproverGroupAdmin(ByVerbs):
    about_rows = (
        "People by whom certain uses must be approved; tools, grants and the gate's settings name them."
    )
    to_view, to_change = (MEMBERS_MANAGE, CATALOG_CHANGE, DECIDE), (MEMBERS_MANAGE,)
    form = ApproverGroupForm
    settled = ("name",)
    list_display = ["name", "description", "size", "used_by"]
    search_fields = ["name", "description"]
    fieldsets = [
        (
            None,
            {
                "fields": ["name", "description", "members"],
                "description": "A tool, a persona's grant of it or the organization may ask for the yes of a group. "
                "Each group that is named must agree. A change of members counts at once, for open questions too.",
            },
        )
    ]
    verbs = (
        Verb(
            "remove",
            "Delete",
            "Only while nothing asks for the yes of this group.",
            _remove,
            possible=lambda group, identity: identity.may(MEMBERS_MANAGE),
            dangerous=True,
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).annotate(people=Count("members"))
        return rows

    @display(description="people", ordering="people")
    def size(self, group: Any) -> int:
        return int(group.people)

    @display(description="asked for by")
    def used_by(self, group: ApproverGroup) -> str:
        return ", ".join(groups.users(group)) or "nothing"

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        """The verb has written the members."""
