"""The model page: what drafts here, how fast, what another model would say, and which one is accepted."""
