"""What a report was when a document of it was made: draft, signed, addendum; empty for notes of withdrawal."""

from alembic import op
import sqlalchemy as sa


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    with op.batch_alter_table('document', schema=None) as batch_op:
        batch_op.add_column(sa.Column('stage', sa.String(length=16), server_default='', nullable=False))
    op.execute("UPDATE document SET stage = kind WHERE kind IN ('draft', 'signed', 'addendum')")


def downgrade() -> None:
    """Take this revision back."""
    with op.batch_alter_table('document', schema=None) as batch_op:
        batch_op.drop_column('stage')
