"""RoomView: the base of every API view. Checks the permission of each method, reads bodies strictly, pages lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, TypeVar

from django.db.models import Model, QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from project.accounts.api.queries import AlwaysJSON, refuse_unread
from project.accounts.exceptions import NotAllowed, NotFound
from project.accounts.identity import Identity
from project.accounts.roles import ALL_PERMISSIONS

Row = TypeVar("Row", bound=Model)
Item = dict[str, Any]
ANYBODY = ALL_PERMISSIONS


class StrictSerializer(serializers.Serializer[Any]):
    """Names fields it does not know instead of passing over them: a misspelt limit must not be lost silently."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = sorted(str(name) for name in data if name not in self.fields)
            if unknown:
                raise serializers.ValidationError({name: ["There is no such field."] for name in unknown})
        return super().to_internal_value(data)


class ErrorSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="For programs; stays the same.")
    message = serializers.CharField(help_text="For people.")
    details = serializers.DictField(help_text="What is wrong with which field, and the like.")


class ErrorBodySerializer(serializers.Serializer[Any]):
    error = ErrorSerializer()


class RoomView(GenericAPIView[Any]):
    """`needs` names the permissions of each method, one of which suffices. A method without an entry is closed."""

    needs: ClassVar[Mapping[str, tuple[str, ...]]]
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    serializer_class = serializers.Serializer
    content_negotiation_class = AlwaysJSON

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        method = "GET" if request.method == "HEAD" else request.method or ""
        if hasattr(self, method.lower()):
            needed = self.needs.get(method, ())
            if not any(self.identity.may(permission) for permission in needed):
                raise NotAllowed(details={"permission": " or ".join(needed)})

    @property
    def identity(self) -> Identity:
        identity: Identity = self.request._request.identity  # type: ignore[attr-defined]
        return identity

    def given(self, serializer: type[serializers.Serializer[Any]], *, partial: bool = False) -> Item:
        """What the body says, after the serializer has checked its shape."""
        read = serializer(data=self.request.data, partial=partial)
        read.is_valid(raise_exception=True)
        return dict(read.validated_data)

    def page(self, rows: QuerySet[Row], item: Callable[[Row], Any]) -> Response:
        return self.get_paginated_response([item(row) for row in self.chosen(rows)])

    def chosen(self, rows: QuerySet[Row]) -> list[Row]:
        """The rows of the page that was asked for, after the filters of this view."""
        refuse_unread(self.request.query_params, self._parameters())
        return list(self.paginate_queryset(self.filter_queryset(rows)) or [])

    def _parameters(self) -> set[str]:
        filters: Any = getattr(self, "filterset_class", None)
        pages: Any = self.paginator
        return {
            *(filters.base_filters if filters else ()),
            pages.page_query_param,
            pages.page_size_query_param,
        }


def one(rows: QuerySet[Row]) -> Row:
    """The row meant, out of those the person may see; a stranger learns only that it is not there."""
    found = rows.first()
    if found is None:
        raise NotFound
    return found


_REFUSALS = {
    400: "Something in the request is wrong; `details` says which fields.",
    401: "No credential, or one that is unknown, revoked or expired.",
    403: "You may not do this.",
    404: "There is nothing here that you may see.",
    409: "It has changed meanwhile, or the name is taken.",
    413: "Too large.",
}


def operation(
    summary: str, answers: Mapping[int, Any], *, body: Any = None, refusals: Iterable[int] = (), **more: Any
) -> Callable[[Any], Any]:
    """Describe an operation for OpenAPI: its summary, its answers, and the refusals beyond 401 and 403."""
    told = {
        status: OpenApiResponse(ErrorBodySerializer, _REFUSALS[status]) for status in (401, 403, *refusals)
    }
    return extend_schema(summary=summary, request=body, responses={**answers, **told}, **more)


NOTHING = OpenApiResponse(description="Done.")
