"""One error body for the whole API, and kind pages for people: {"error": {code, message, details}}."""

import logging
import sys
from http import HTTPStatus
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import TemplateDoesNotExist
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from project import storage
from project.accounts.exceptions import CannotStore, HouseError

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer", HttpResponse, Response)

UNEXPECTED = "Something went wrong here. It has been written down for the operator."
# SQLite notices in Python, PostgreSQL says it itself.
BEYOND = (OverflowError, DataError)
OUT_OF_RANGE = "A number or a date in this request is larger than anything here can be."
INVALID = "Some of what was sent is not right; the details say which fields."


def body(code: str, message: str, details: Any = None) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "details": details or {}}}


def api_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn what a view raised into the one body; None lets Django log it and answer 500."""
    if full := storage.refusal(error):
        set_rollback()
        return _logged(Response(_told(full), status=full.status))
    if isinstance(error, HouseError):
        set_rollback()
        return Response(_told(error), status=error.status)
    if isinstance(error, RequestDataTooBig):
        return Response(body("too_large", "The request is larger than allowed."), status=413)
    if isinstance(error, BEYOND):
        set_rollback()
        return Response(body("out_of_range", OUT_OF_RANGE), status=400)
    known = _as_api_exception(error)
    if known is None:
        return None
    set_rollback()
    return Response(_of_rest_framework(known), status=known.status_code, headers=_headers(known))


def _as_api_exception(error: Exception) -> exceptions.APIException | None:
    if isinstance(error, exceptions.APIException):
        return error
    if isinstance(error, Http404):
        return exceptions.NotFound()
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    return None


def _of_rest_framework(error: exceptions.APIException) -> dict[str, Any]:
    if isinstance(error, exceptions.ValidationError):
        fields = error.detail if isinstance(error.detail, dict) else {"non_field_errors": error.detail}
        return body("invalid", INVALID, fields)
    waits = isinstance(error, exceptions.Throttled)
    details = {"wait_seconds": getattr(error, "wait", None)} if waits else {}
    return body(str(error.get_codes()), str(error.detail), details)


def _headers(error: exceptions.APIException) -> dict[str, str]:
    # The framework hangs these on the exception; its stubs do not know them.
    challenge, wait = getattr(error, "auth_header", None), getattr(error, "wait", None)
    headers = {"WWW-Authenticate": str(challenge)} if challenge else {}
    return {**headers, "Retry-After": str(int(wait))} if wait else headers


def _told(error: HouseError) -> dict[str, Any]:
    """What may leave the house: a fault of the installation keeps its details for the log."""
    if isinstance(error, CannotStore):
        logger.error("Nothing can be stored, requests are refused: %s", error.details.get("cause", "?"))
        return body(error.code, error.message)
    if error.status != HTTPStatus.INTERNAL_SERVER_ERROR:
        return body(error.code, error.message, error.details)
    logger.error(error.message, extra={"code": error.code}, exc_info=error)
    return body(error.code, UNEXPECTED)


def _logged(response: Answer) -> Answer:
    """Keep Django from writing a second line about an answer that was explained already."""
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


class HouseErrors:
    """Answers a typed error that a page view let through, in the form its reader expects."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, BEYOND):
            return _answer(request, 400, code="out_of_range", message=OUT_OF_RANGE)
        error = storage.refusal(error) or error
        if not isinstance(error, HouseError):
            return None
        told = _told(error)["error"]
        answer = _answer(request, error.status, code=told["code"], message=told["message"])
        return _logged(answer) if isinstance(error, CannotStore) else answer


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 400, code="bad_request", message="This request could not be understood.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403, code="not_allowed", message="You are not allowed to see or do this.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404, code="not_found", message="There is nothing here that you may see.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer without a template for people: whatever broke may have broken the templates too."""
    if full := storage.refusal(sys.exc_info()[1]):
        # Noticed outside of a view, such as when a session is kept.
        return _logged(_plain(request, full.status, **_told(full)["error"]))
    if _wants_json(request):
        return JsonResponse(body("server_error", UNEXPECTED), status=500)
    return defaults.server_error(request)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    message = "The page is out of date or was opened from elsewhere. Reload it and try again."
    return _answer(request, 403, code="csrf_failed", message=message)


def locked_out(
    request: HttpRequest, response: HttpResponse | None = None, credentials: Any = None
) -> HttpResponse:
    message = "Too many wrong passwords. Wait a quarter of an hour, then try again."
    return _answer(request, 429, code="locked_out", message=message)


def _answer(request: HttpRequest, status: int, *, code: str, message: str) -> HttpResponse:
    if _wants_json(request):
        return _plain(request, status, code=code, message=message)
    try:
        return render(request, "error.html", {"status": status, "message": message}, status=status)
    except TemplateDoesNotExist:
        return _plain(request, status, code=code, message=message)


def _plain(
    request: HttpRequest, status: int, *, code: str, message: str, details: Any = None
) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse(body(code, message, details), status=status)
    return HttpResponse(f"{message}\n", status=status, content_type="text/plain; charset=utf-8")


def _wants_json(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")
