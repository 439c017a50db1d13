"""What the gate found in a document that it refused, sentence by sentence; which document a note withdraws."""

from alembic import op
import sqlalchemy as sa


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.add_column(sa.Column('faults', sa.JSON(), server_default='[]', nullable=False))
    with op.batch_alter_table('document', schema=None) as batch_op:
        batch_op.add_column(sa.Column('withdraws_id', sa.Integer(), nullable=True))


def downgrade() -> None:
    """Take this revision back."""
    with op.batch_alter_table('document', schema=None) as batch_op:
        batch_op.drop_column('withdraws_id')
    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.drop_column('faults')
