"""Tells people and programs that a question waits: whom, when, by mail or webhook, once each.

`clock` decides what is due, `audience` who is meant, `sending` carries it out in a worker. The question itself, its
arguments and its verdict are nobody's business here: whoever is told goes to the inbox and looks.
"""
