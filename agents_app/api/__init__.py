"""Personas, grants, conversations, answers and approvals over HTTP."""
