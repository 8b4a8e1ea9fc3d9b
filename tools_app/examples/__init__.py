"""Runnable examples of tools from code. Name the ones you want in TOOL_MODULES, or copy them."""
