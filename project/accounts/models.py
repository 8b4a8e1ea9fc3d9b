"""Organization, Membership, ApiToken: the tenant of every row, a person's role in it, a program's key to it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from knox.models import AbstractAuthToken

from project.accounts.roles import permissions_of


class Organization(models.Model):
    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=80, unique=True)
    enabled = models.BooleanField(default=True, help_text="Off: nobody of it can sign in and no tool runs.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "organizations"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    class Role(models.TextChoices):
        MEMBER = "member", "Member: chats, decides about own requests"
        APPROVER = "approver", "Approver: decides about everybody's requests"
        KEEPER = "keeper", "Keeper: changes tools, personas and grants"
        AUDITOR = "auditor", "Auditor: reads the record"
        ADMIN = "admin", "Administrator: everything"

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.MEMBER)
    active = models.BooleanField(
        default=True, help_text="Off: every session and token of the person stops at once."
    )
    version = models.PositiveIntegerField(
        default=1, help_text="Raised by every change; caches carry it in their key."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "memberships"
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="one_membership_per_person")
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.organization} ({self.role})"

    @property
    def permissions(self) -> frozenset[str]:
        return permissions_of(self.role)


class ApiToken(AbstractAuthToken):
    """A program's key. Only its SHA-512 is stored; scopes are permissions and can only narrow the person's own."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=120, blank=True)
    scopes: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "api_tokens"

    def __str__(self) -> str:
        return f"{self.name or 'token'} {self.token_key}… of {self.user}"

    def narrow(self, permissions: frozenset[str]) -> frozenset[str]:
        scopes: Any = self.scopes
        return permissions & frozenset(scopes)
