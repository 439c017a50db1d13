"""The database: the one meeting place of node, engine and window.

Only this package and :mod:`llmcxr_ws.jobs` know SQLAlchemy. Everybody else calls functions that take a
:class:`~llmcxr_ws.store.database.Database` and give frozen dataclasses back.
"""
