"""Alembic's entry: runs the migrations on the connection that the caller opened."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine

from llmcxr_ws.store.models import Base

connection = context.config.attributes.get("connection")
if connection is None:  # `alembic` called by hand while a migration is being written
    connection = create_engine(context.config.get_main_option("sqlalchemy.url") or "").connect()
context.configure(
    connection=connection, target_metadata=Base.metadata, compare_type=True, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
