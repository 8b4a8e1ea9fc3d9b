"""Moments with their seconds: who reads the record asks what came first. The names are Django's."""

DATETIME_FORMAT = "j M Y, H:i:s"
