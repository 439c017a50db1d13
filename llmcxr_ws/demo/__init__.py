"""The demonstration: a PACS, the node, the engine and the window on one machine, with real public films.

Drives the other rooms as subprocesses of the one command; everything it makes lies in a home of its own that is
removed at the end.
"""
