"""Errors of changing the catalog; for the administrator who changes it."""

from __future__ import annotations

from collections.abc import Sequence

from project.accounts.exceptions import HouseError, NotAllowed


class InvalidTool(HouseError):
    """This tool cannot be saved as it is described; the details say which fields are wrong."""

    code = "invalid_tool"
    status = 400


class ToolNameTaken(HouseError):
    """Another tool of your organization has this name, perhaps an archived one. Choose another name."""

    code = "tool_name_taken"
    status = 409


class OperatorOnly(NotAllowed):
    """Tools of this kind run code of the installation: only its operator can add them, in settings or code."""

    code = "operator_only"


class InvalidCatalog(HouseError):
    """This file cannot be taken into the catalog; the details say what is wrong, and where."""

    code = "invalid_catalog"
    status = 400

    def __init__(self, problems: Sequence[str] = (), message: str | None = None) -> None:
        super().__init__(message, details={"problems": list(problems)})
        self.problems = tuple(problems)


class InvalidSecret(HouseError):
    """This secret cannot be saved as it is described; the details say which fields are wrong."""

    code = "invalid_secret"
    status = 400


class SecretNameTaken(HouseError):
    """There is a secret of this name already. Change its value instead."""

    code = "secret_name_taken"
    status = 409


class SecretInUse(HouseError):
    """A tool or a model endpoint still uses this secret. Give it another one first."""

    code = "secret_in_use"
    status = 409


class ToolChanged(HouseError):
    """Somebody has changed this tool since you looked at it. See what changed, then decide again."""

    code = "tool_changed"
    status = 409


class CannotRollBack(HouseError):
    """What the tool was then is not allowed any more; the details say why."""

    code = "cannot_roll_back"
    status = 409


class DraftChanged(HouseError):
    """Somebody has changed, published or discarded this draft since you looked at it. Read it again."""

    code = "draft_changed"
    status = 409


class DraftOutdated(HouseError):
    """The tool was changed after this draft was begun. See what both changed, then bring the draft up to date."""

    code = "draft_outdated"
    status = 409


class EmptyDraft(HouseError):
    """This changes nothing: the tool is like that already."""

    code = "draft_changes_nothing"
    status = 400


class InvalidCase(HouseError):
    """This case cannot be saved as it is described; the details say which fields are wrong."""

    code = "invalid_case"
    status = 400


class CaseNameTaken(HouseError):
    """The tool has a case of this name already. Choose another name, or change that one."""

    code = "case_name_taken"
    status = 409


class CasesNotPassed(HouseError):
    """Not every saved case has passed for this draft. Run them, mend what fails, or publish with a reason."""

    code = "cases_not_passed"
    status = 409


class InvalidDocument(HouseError):
    """This document cannot be kept as it is; the details say what is wrong with it."""

    code = "invalid_document"
    status = 400


class DocumentKnown(HouseError):
    """The same text is kept here already."""

    code = "document_known"
    status = 409


class InvalidServer(HouseError):
    """This MCP server cannot be saved as it is described; the details say which fields are wrong."""

    code = "invalid_server"
    status = 400


class ServerNameTaken(HouseError):
    """Another MCP server of your organization has this name or prefix. Choose another one."""

    code = "server_name_taken"
    status = 409


class ReviewChanged(HouseError):
    """What is to be reviewed is not what you saw any more. Look at it again."""

    code = "review_changed"
    status = 409


class SyncFailed(HouseError):
    """The MCP server could not be synced; its page says why."""

    code = "sync_failed"
    status = 502


class InvalidRule(HouseError):
    """This rule cannot be saved as it is described; the details say which fields are wrong."""

    code = "invalid_rule"
    status = 400


class RuleNameTaken(HouseError):
    """Another rule of your organization has this name. Choose another one."""

    code = "rule_name_taken"
    status = 409


class InvalidPolicy(HouseError):
    """These settings cannot be saved as they are; the details say which are wrong."""

    code = "invalid_policy"
    status = 400
