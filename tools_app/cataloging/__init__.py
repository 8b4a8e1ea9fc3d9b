"""What is written into the catalog: fields, versions, drafts, saved cases, and hints on what could be better."""
