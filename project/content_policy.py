"""What a browser is allowed to do on each kind of page, in the words of django-csp."""

from typing import Any

from csp.constants import NONCE, NONE, SELF, STRICT_DYNAMIC, UNSAFE_EVAL, UNSAFE_INLINE

Policy = dict[str, Any]

# Our own pages. 'self' in connect-src covers the websocket of the same host (CSP level 3).
PAGE_POLICY: Policy = {
    "default-src": [NONE],
    "script-src": [SELF, NONCE, STRICT_DYNAMIC],
    "style-src": [SELF, NONCE],
    "img-src": [SELF, "data:"],
    "connect-src": [SELF],
    "font-src": [SELF],
    "manifest-src": [SELF],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
    "base-uri": [NONE],
    "object-src": [NONE],
    "require-trusted-types-for": ["'script'"],
}
# Unfold brings Alpine, which evaluates expressions, and style attributes.
ADMIN_POLICY: Policy = {
    "script-src": [SELF, UNSAFE_EVAL, NONCE],
    "style-src": [SELF, UNSAFE_INLINE],
    "require-trusted-types-for": None,
}
# Swagger's page builds itself from strings and carries style attributes.
DOCS_POLICY: Policy = {
    "script-src": [SELF],
    "style-src": [SELF, UNSAFE_INLINE],
    "require-trusted-types-for": None,
}
