"""OAuth towards a server, by the SDK: a client of the organization's own, with a secret, and no person at a browser.

The secret goes to the authorization server that is named beside it, and only if the secret's own hosts list it.
"""

from __future__ import annotations

from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken

from tools_app.executors.base import Credential
from tools_app.executors.mcp.target import Target
from tools_app.executors.network.lasting import Auth


class _Remembered:
    """Tokens live as long as their connection: a new connection asks for a new one."""

    def __init__(self) -> None:
        self._token: OAuthToken | None = None
        self._client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self._token

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self._token = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self._client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self._client = client_info


def provider(target: Target, credential: Credential) -> Auth | None:
    """None where the server is spoken to without OAuth."""
    auth = target.auth
    if auth is None or auth.kind != "oauth":
        return None
    return ClientCredentialsOAuthProvider(
        server_url=target.url,
        storage=_Remembered(),
        client_id=auth.name,
        client_secret=credential.value,
        scope=auth.scope or None,
        issuer=auth.issuer,
    )
