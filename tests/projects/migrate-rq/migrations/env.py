"""Run by `flask db`: applies the migrations to the app's own database."""

from alembic import context
from flask import current_app

database = current_app.extensions["migrate"].db

with database.engine.connect() as connection:
    context.configure(connection=connection, target_metadata=database.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
