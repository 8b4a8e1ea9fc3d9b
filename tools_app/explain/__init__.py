"""Decisions in words: those that were made, those a change would have made otherwise, and those nobody made yet."""
