"""The first administrator of an installation, made by `up` with a generated password."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.db import transaction

from project.accounts.models import Membership, Organization

USERNAME = "admin"


@transaction.atomic
def ensure(password: str) -> bool:
    """Make `admin` with this password if there is none; True if made. An existing administrator is left alone."""
    organization = default_organization()
    users = get_user_model().objects
    if users.filter(username=USERNAME).exists():
        return False
    user = users.create_superuser(USERNAME, "", password)
    Membership.objects.create(organization=organization, user=user, role=Membership.Role.ADMIN)
    return True


def default_organization() -> Organization:
    found = Organization.objects.order_by("pk").first()
    return found or Organization.objects.create(name="My organization", slug="main")
