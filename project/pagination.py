"""Lists of the API come in pages of 50, of 200 at most."""

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request


class Pages(PageNumberPagination):
    """A page after the last one is not found (404); what is no number of a page is a mistake (400)."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    last_page_strings = ()

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        wrong = {
            name: ["Give a whole number from 1 on."]
            for name in (self.page_query_param, self.page_size_query_param)
            if not _counts(request.query_params.get(name, "1"))
        }
        if wrong:
            raise ValidationError(wrong)
        return super().paginate_queryset(queryset, request, view)


def _counts(said: str) -> bool:
    return said.isascii() and said.isdecimal() and 0 < len(said) < 10 and int(said) > 0
