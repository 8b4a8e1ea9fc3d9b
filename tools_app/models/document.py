"""Document and Passage: what people, organizations and personas know, cut into pieces that can be found and cited."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from project.accounts.identity import Identity
from project.accounts.models import Organization
from project.accounts.roles import CATALOG_CHANGE


class DocumentQuerySet(models.QuerySet["Document"]):
    def known_to(self, identity: Identity, agent_type_id: int | None = None) -> DocumentQuerySet:
        """What this person may be told while talking to this persona: their own, the organization's, the persona's."""
        theirs = models.Q(scope=Document.Scope.PERSON, owner_id=identity.user_id)
        ours = models.Q(scope=Document.Scope.ORGANIZATION)
        its = models.Q(scope=Document.Scope.PERSONA, owner_id=str(agent_type_id or ""))
        return self.filter(organization_id=identity.organization_id).filter(theirs | ours | its)

    def visible_to(self, identity: Identity) -> DocumentQuerySet:
        """What this person may list: those of personas only who keeps the catalog, those of others nobody."""
        rows = self.filter(organization_id=identity.organization_id)
        theirs = models.Q(scope=Document.Scope.PERSON, owner_id=identity.user_id)
        shared = models.Q(scope=Document.Scope.ORGANIZATION)
        if identity.may(CATALOG_CHANGE):
            shared |= models.Q(scope=Document.Scope.PERSONA)
        return rows.filter(theirs | shared)

    def current(self) -> DocumentQuerySet:
        return self.filter(archived_at__isnull=True)


class Document(models.Model):
    class Scope(models.TextChoices):
        PERSON = "person", "One person"
        ORGANIZATION = "organization", "Everybody in the organization"
        PERSONA = "persona", "Whoever talks to one persona"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    scope = models.CharField("known to", max_length=20, choices=Scope.choices)
    # The person's or the persona's id, copied: rows to the right are named without a constraint.
    owner_id = models.CharField(max_length=255, blank=True)
    owner_name = models.CharField("whose", max_length=255, blank=True)
    title = models.CharField(max_length=300)
    source = models.CharField(
        max_length=500,
        blank=True,
        help_text="Where it is from: an address, a file, a person. Shown where it is cited.",
    )
    content_hash = models.CharField(max_length=64, editable=False)
    characters = models.PositiveIntegerField(default=0, editable=False)
    added_by = models.CharField(max_length=255, blank=True, editable=False)
    # Added by a model that had read something from outside the organization: to be read with care.
    tainted = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField("added", default=timezone.now, editable=False)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        db_table = "knowledge_documents"
        ordering = ["title", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "scope", "owner_id", "content_hash"], name="document_once"
            ),
            models.CheckConstraint(
                condition=models.Q(scope="organization", owner_id="")
                | (models.Q(scope__in=["person", "persona"]) & ~models.Q(owner_id="")),
                name="document_has_its_owner",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Passage(models.Model):
    """`words` is what is searched: title, heading and text as plain lower-case words, the same on every database."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="passages")
    number = models.PositiveIntegerField()
    heading = models.CharField(max_length=300, blank=True)
    text = models.TextField()
    words = models.TextField(editable=False)

    class Meta:
        db_table = "knowledge_passages"
        ordering = ["document", "number"]
        constraints = [
            models.UniqueConstraint(fields=["document", "number"], name="passage_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.document} #{self.number}"
