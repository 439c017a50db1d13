"""The quality page: what becomes of drafts, how far they agree with what is signed, and whether the films change."""
