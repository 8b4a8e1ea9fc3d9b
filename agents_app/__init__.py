"""Room 3: personas, thinking, talking. Stands on the rooms to its left."""
