"""The pages of the record, and of people: the ground floor may not record, so its pages stand here."""

from audit_app.admin import people, record  # noqa: F401  (registers the pages)
