"""App configuration of the ground floor."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "project.accounts"
    label = "accounts"
    verbose_name = "People and organizations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from project.accounts import receivers  # noqa: F401  (connects the note of a login's moment)
