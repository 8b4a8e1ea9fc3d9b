"""The border between the house and code that may raise anything: the model gets a sentence, the log the story."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from tools_app.context import MissingContextKey
from tools_app.exceptions import FactoryFailed, InvalidArguments, ToolContextError, ToolFailed, UnknownTool

logger = logging.getLogger(__name__)


@contextmanager
def around(name: str) -> Iterator[None]:
    """Whatever is raised inside comes out as ToolFailed, without a word that the model should not read."""
    try:
        yield
    except ToolFailed:
        raise
    except (FactoryFailed, InvalidArguments, UnknownTool) as known:
        raise ToolFailed(known.message, code=known.code) from known
    except MissingContextKey as missing:
        raise ToolContextError(name, missing.key) from missing
    except (Exception, SystemExit) as broken:
        logger.exception("The tool %s broke", name)
        raise ToolFailed("The tool broke unexpectedly. The operator has been told.", code="error") from broken
