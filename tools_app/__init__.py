"""Room 2: the catalog of tools and the acting under policy. Knows nothing of personas, runs or models of language."""
