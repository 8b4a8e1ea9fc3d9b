"""What a list may be asked: a parameter nobody reads, or a word that is neither yes nor no, is refused by its name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.http import QueryDict
from django_filters import rest_framework as filters
from rest_framework.exceptions import ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

_WORDS = {"true": True, "1": True, "false": False, "0": False}


class YesOrNoField(forms.NullBooleanField):
    # The widget of a form would turn every other word into "not asked".
    widget = forms.TextInput

    def to_python(self, value: Any) -> Any:
        if value in (None, ""):
            return None
        try:
            return _WORDS[str(value).lower()]
        except KeyError:
            raise forms.ValidationError("Say true or false.", code="invalid") from None


class YesOrNo(filters.BooleanFilter):
    """Both words and nothing else: a filter that is passed over answers a question nobody asked."""

    field_class = YesOrNoField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"widget": forms.TextInput, **kwargs})


class AlwaysJSON(DefaultContentNegotiation):
    """There is one form of an answer, so nothing a client asks for can make it another, or none."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)


def refuse_unread(asked: QueryDict, known: Iterable[str]) -> None:
    """Raise for each parameter that is not known, or that is given twice, of which only one would count."""
    known = set(known)
    wrong = {name: ["There is no such parameter."] for name in asked if name not in known}
    wrong |= {name: ["Give it once."] for name in asked if name in known and len(asked.getlist(name)) > 1}
    if wrong:
        raise ValidationError(wrong)
