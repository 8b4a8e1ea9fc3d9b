"""The whole catalog as a file, and back: tools, rules, personas and grants; secrets by their names alone."""

from agents_app.transfer.arriving import Choice, Wanted, bring_in
from agents_app.transfer.leaving import document_of, exported, written
from agents_app.transfer.reports import Outcome, Report

__all__ = ["Choice", "Outcome", "Report", "Wanted", "bring_in", "document_of", "exported", "written"]
