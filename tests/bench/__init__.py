"""`make bench`: what an installation of its own adds to a model's stream, in time, processor and memory."""
