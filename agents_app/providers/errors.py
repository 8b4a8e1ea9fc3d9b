"""How a model fails to answer, by type: what the person reads, what the operator reads, and whether asking
again helps.

Each docstring is the sentence for the person; nothing of the vendor's own wording reaches them.
"""

from typing import ClassVar

from project.accounts.exceptions import HouseError

DETAIL_CHARS = 500


class ProviderError(HouseError):
    """The model could not answer."""

    code = "provider_failed"
    status = 502
    retryable: ClassVar[bool] = False

    def __init__(self, message: str | None = None, *, detail: str = "", code: str | None = None) -> None:
        super().__init__(message, code=code)
        # For the operator only; `details` would reach the client.
        self.detail = detail[:DETAIL_CHARS]


class ProviderUnavailable(ProviderError):
    """The model cannot be reached at the moment. Nothing is lost; try again in a minute."""

    code = "provider_unavailable"
    retryable = True


class ProviderQuota(ProviderError):
    """The spending limit of the model account is reached. An administrator has to raise it or wait for the
    next period."""

    code = "provider_quota"


class ProviderRejected(ProviderError):
    """The model did not accept this request. An administrator finds the reason beside the run."""

    code = "provider_rejected"


class ProviderInterrupted(ProviderError):
    """The answer broke off. What had arrived is kept; try again to get a whole one."""

    code = "provider_interrupted"
    retryable = True


class ProviderMisconfigured(ProviderError):
    """The model endpoint is not set up correctly. An administrator has to check its address, key and
    model."""

    code = "provider_misconfigured"
