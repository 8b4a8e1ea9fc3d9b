"""`make run`: starts every process of an installation on one machine and watches over them.

Runs without Django, so that the watcher stays small and a second start is quick.
"""
