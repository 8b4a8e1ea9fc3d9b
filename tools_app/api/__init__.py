"""The catalog and the questions put to people, over HTTP."""
