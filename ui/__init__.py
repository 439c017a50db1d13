"""The reading window: worklist, film, draft, questions and signature, in PySide6 widgets.

Knows the hall (`llmcxr_ws`) and no other room. Writes edits and requests, never outcomes: whether a report
is signed, refused or sent is decided by the node and read here.
"""
