"""Answers of services as they really look, for tools that read them."""
