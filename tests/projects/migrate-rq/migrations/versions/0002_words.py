"""How many words a notice has."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("notice") as table:
        table.add_column(sa.Column("words", sa.Integer()))


def downgrade():
    with op.batch_alter_table("notice") as table:
        table.drop_column("words")
