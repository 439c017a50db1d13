"""The worklist: which studies there are, where each stands, and why one can't be read."""
