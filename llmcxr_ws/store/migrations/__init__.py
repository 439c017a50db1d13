"""Alembic migrations; ``versions`` holds one module a revision."""
