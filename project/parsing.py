"""Reads bodies of the API as strictly as the arguments of tools: what two readers could take differently is refused."""

from typing import Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from tools_app import arguments
from tools_app.exceptions import InvalidArguments


class StrictJSON(JSONParser):
    """No duplicate names, no NaN, no depth or size without end, nothing a database could not store."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return arguments.parse(stream.read(), max_bytes=settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        except InvalidArguments as broken:
            raise ParseError(
                broken.message.replace("The arguments are", "The body is"), broken.code
            ) from broken
