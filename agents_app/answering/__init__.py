"""One answer being worked out: the turns of its model, how far it may go, and what stops it."""
