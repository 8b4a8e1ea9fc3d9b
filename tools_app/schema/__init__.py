"""Input schemas: what may be saved, what a use must fit, and what one costs."""
