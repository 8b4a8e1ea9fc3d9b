"""Error codes by which our own transports tell why there is no answer; servers use other ranges."""

from __future__ import annotations

from typing import Final

TOO_LONG: Final = -32097
UNREADABLE: Final = -32096
