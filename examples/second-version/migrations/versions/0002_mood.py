"""The weather an entry was written in

The column may be empty, so the version before this one keeps reading and writing the table.

Revision: 0002
Follows: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("entry", sa.Column("mood", sa.String(16), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("entry") as table:
        table.drop_column("mood")
