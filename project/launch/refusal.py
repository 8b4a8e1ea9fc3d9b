"""Why an installation does not start, said in one sentence to the person who started it."""


class Refusal(Exception):
    """Toolroom cannot start here; the message says why and what to do."""
