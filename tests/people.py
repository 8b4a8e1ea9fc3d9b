"""The cast, always the same: Alice chats, Bob approves, Carol keeps the catalog, Mallory must see nothing.

Olga reads the record and Adam administers. Mallory is an administrator of another organization: she has every
right there is, and none of it here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from project.accounts import identity as identities
from project.accounts.identity import Identity
from project.accounts.models import ApiToken, Membership, Organization

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Person:
    user: User
    membership: Membership

    @property
    def organization(self) -> Organization:
        return self.membership.organization

    @property
    def identity(self) -> Identity:
        """Who this is, read afresh; without a login's age, so a dangerous tool asks for a fresh sign-in."""
        return identities.from_user(self.user.pk, self.organization.pk)

    def browser(self) -> Client:
        """A signed-in Django test client; CSRF is checked as in a real browser's request."""
        client = Client()
        client.force_login(self.user)
        return client

    def api(self, *scopes: str) -> APIClient:
        """A client with a bearer token of these scopes, all permissions of the person if none are given."""
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {self.token(*scopes)}")
        return client

    def token(self, *scopes: str) -> str:
        """A new bearer token of these scopes, all the person's permissions if none are given."""
        listed = sorted(scopes or self.membership.permissions)
        _, token = ApiToken.objects.create(user=self.user, organization=self.organization, scopes=listed)
        return str(token)


def toolroom() -> Organization:
    """The organization of everybody but Mallory."""
    return Organization.objects.get_or_create(slug="toolroom", defaults={"name": "Toolroom Ltd"})[0]


def elsewhere() -> Organization:
    return Organization.objects.get_or_create(slug="elsewhere", defaults={"name": "Elsewhere Inc"})[0]


def alice() -> Person:
    """Chats."""
    return person("alice", Membership.Role.MEMBER)


def bob() -> Person:
    """Approves."""
    return person("bob", Membership.Role.APPROVER)


def carol() -> Person:
    """Keeps the catalog."""
    return person("carol", Membership.Role.KEEPER)


def olga() -> Person:
    """Audits."""
    return person("olga", Membership.Role.AUDITOR)


def adam() -> Person:
    """Administers."""
    return person("adam", Membership.Role.ADMIN, staff=True)


def mallory() -> Person:
    """Administers another organization, and must see nothing of this one."""
    return person("mallory", Membership.Role.ADMIN, organization=elsewhere(), staff=True)


def person(name: str, role: str, *, organization: Organization | None = None, staff: bool = False) -> Person:
    given = {"first_name": name.title(), "is_staff": staff, "password": _hashed()}
    user, _ = get_user_model().objects.get_or_create(username=name, defaults=given)
    membership, _ = Membership.objects.get_or_create(
        user=user, organization=organization or toolroom(), defaults={"role": role}
    )
    return Person(user, membership)


@cache
def _hashed() -> str:
    """Slow on purpose, so once is enough."""
    return make_password(PASSWORD)
