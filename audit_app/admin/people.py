"""People: the organization, who belongs to it and as what, their accounts and the tokens of their programs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminSelectWidget

from audit_app import records, tokens
from audit_app.audited_admin import AuditedAdmin, ReadOnlyAdmin, Verb, identity_of
from project.accounts.identity import Identity
from project.accounts.models import ApiToken, Membership, Organization
from project.accounts.roles import MEMBERS_MANAGE

admin.site.unregister(Group)
admin.site.unregister(User)


@admin.register(Organization)
class OrganizationAdmin(AuditedAdmin):
    to_view = to_change = (MEMBERS_MANAGE,)
    may_add = False
    list_display = ["name", "slug", "enabled", "created_at"]
    fields = ["name", "slug", "enabled", "created_at"]
    # Switching an organization off locks out whoever could switch it on again: that is the operator's.
    readonly_fields = ["slug", "enabled", "created_at"]

    def scoped(self, rows: QuerySet[Any], identity: Identity) -> QuerySet[Any]:
        return rows.filter(pk=identity.organization_id)


@admin.register(Membership)
class MembershipAdmin(AuditedAdmin):
    to_view = to_change = (MEMBERS_MANAGE,)
    may_add = False
    list_display = ["user", "role_name", "active", "created_at"]
    list_filter = ["role", "active"]
    list_select_related = ["user"]
    search_fields = ["user__username", "user__first_name", "user__last_name"]
    fields = ["user", "role", "active", "created_at"]
    readonly_fields = ["user", "created_at"]
    verbs_record = True

    @display(
        description="role",
        ordering="role",
        label={"admin": "danger", "approver": "warning", "keeper": "info"},
    )
    def role_name(self, row: Membership) -> tuple[str, str]:
        return row.role, row.get_role_display().partition(":")[0]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody changes the own role or leaves by accident: so there is always one administrator."""
        own = isinstance(obj, Membership) and str(obj.user_id) == identity_of(request).user_id
        return not own and super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm[Any], change: bool) -> None:  # noqa: FBT001
        if form.changed_data:
            obj.version += 1
            obj.save()
            _record("member.changed", obj, identity_of(request), changed=sorted(form.changed_data))


class PersonCreationForm(UserCreationForm):
    role = forms.ChoiceField(
        choices=Membership.Role.choices,
        initial=Membership.Role.MEMBER,
        widget=UnfoldAdminSelectWidget,
        help_text="What the person may do in your organization. You can change it later under Members.",
    )


@admin.register(User)
class PersonAdmin(DjangoUserAdmin, AuditedAdmin):  # type: ignore[type-arg, misc]
    """Accounts of people who belong to the organization. What they may do is their role's affair, not theirs."""

    to_view = to_change = (MEMBERS_MANAGE,)
    form = UserChangeForm
    add_form = PersonCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "full_name", "email", "is_active", "is_staff", "last_login"]
    list_filter = ["is_active", "is_staff"]
    search_fields = ["username", "first_name", "last_name", "email"]
    filter_horizontal = ()
    ordering = ["username"]
    readonly_fields = ["last_login", "date_joined"]
    fieldsets = (
        (None, {"fields": ["username", "password"]}),
        ("Person", {"fields": ["first_name", "last_name", "email"]}),
        (
            "Access",
            {
                "fields": ["is_active", "is_staff"],
                "description": "Active: may sign in; off ends every session and token at once. "
                "Staff: may open these pages, and sees there what the role allows.",
            },
        ),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    )
    add_fieldsets = (
        (
            None,
            {
                "fields": [
                    "username",
                    "first_name",
                    "last_name",
                    "email",
                    "role",
                    "is_staff",
                    "password1",
                    "password2",
                ]
            },
        ),
    )

    @display(description="name")
    def full_name(self, user: User) -> str:
        return user.get_full_name()

    def scoped(self, rows: QuerySet[Any], identity: Identity) -> QuerySet[Any]:
        members = Membership.objects.filter(organization_id=identity.organization_id).values("user_id")
        return rows.filter(pk__in=members)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """An account that also belongs elsewhere is not ours alone: a new password would open their door too."""
        elsewhere = Membership.objects.exclude(organization_id=identity_of(request).organization_id)
        if isinstance(obj, User) and elsewhere.filter(user=obj).exists():
            return False
        return AuditedAdmin.has_change_permission(self, request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm[Any], change: bool) -> None:  # noqa: FBT001
        obj.save()
        if not change:
            identity = identity_of(request)
            made = Membership.objects.create(
                organization_id=identity.organization_id, user=obj, role=form.cleaned_data["role"]
            )
            _record("member.added", made, identity)


class _ByBeginning(ChangeList):
    """Lists tokens by their readable beginning: their key column is the digest, which no page shows."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pk_attname = "token_key"


def _revoke(token: ApiToken, by: Identity, _: dict[str, str]) -> str:
    tokens.revoke(
        ApiToken.objects.filter(organization_id=by.organization_id).get(token_key=token.token_key), by=by
    )
    return f"{token.token_key}… is revoked. Programs that use it are refused from now on."


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    to_view = (MEMBERS_MANAGE,)
    list_display = ["beginning", "name", "user", "allows", "state", "expiry", "last_used_at"]
    list_select_related = ["user"]
    list_filter = [("user", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["name", "user__username", "token_key"]
    fields = ["beginning", "name", "user", "allows", "created", "expiry", "last_used_at"]
    readonly_fields = fields
    verbs = (
        Verb(
            "revoke", "Revoke", "Programs that use it are refused at once. It cannot be undone.", _revoke,
            possible=lambda token, identity: identity.may(MEMBERS_MANAGE), dangerous=True,
        ),
    )  # fmt: skip

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return _ByBeginning

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        found = self.get_queryset(request).filter(token_key=object_id).first()
        if found is not None:
            # Templates put a row's key into links. The row is only shown here, and revoked by its beginning.
            found.digest = found.token_key
        return found

    def key_of(self, obj: ApiToken) -> str:
        return str(obj.token_key)

    @display(description="token", ordering="token_key")
    def beginning(self, token: ApiToken) -> str:
        return f"{token.token_key}…"

    @display(description="allows")
    def allows(self, token: ApiToken) -> str:
        return ", ".join(token.scopes) or "nothing"

    @display(description="state", label={"valid": "success", "expired": "danger"})
    def state(self, token: ApiToken) -> tuple[str, str]:
        expired = token.expiry is not None and token.expiry < timezone.now()
        return ("expired", "Expired") if expired else ("valid", "Valid")


def _record(action: str, row: Membership, by: Identity, **facts: Any) -> None:
    subject = records.Subject("member", str(row.pk), row.user.get_username())
    records.record(action, by=by, subject=subject, facts={"role": row.role, "active": row.active, **facts})
