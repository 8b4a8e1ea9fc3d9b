"""SQLite whose writers wait in line."""
