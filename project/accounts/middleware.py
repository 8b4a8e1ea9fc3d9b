"""Puts a request id and, for signed-in people, the Identity on every request."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from project.accounts import identity


class IdentityMiddleware:
    """`request.identity` is lazy: pages that need no Identity pay no query for it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = identity.request_id_of(request)  # type: ignore[attr-defined]
        request.identity = SimpleLazyObject(lambda: identity.from_request(request))  # type: ignore[attr-defined]
        response = self.get_response(request)
        response.headers["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
        return response
