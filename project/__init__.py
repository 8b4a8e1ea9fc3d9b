"""Wiring only: settings, servers and routes. No rule of the domain lives here."""
