"""Used nonces, a report's state before its sign request, and a counter that shows a cut audit trail."""

from alembic import op
import sqlalchemy as sa

from llmcxr_ws.store.types import UtcDateTime, db_now


revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    op.create_table('used_nonce',
    sa.Column('nonce', sa.String(length=64), nullable=False),
    sa.Column('used_at', UtcDateTime(), server_default=db_now(), nullable=False),
    sa.PrimaryKeyConstraint('nonce')
    )
    op.execute("INSERT INTO used_nonce (nonce) SELECT nonce FROM request WHERE state <> 'waiting'")
    with op.batch_alter_table('report', schema=None) as batch_op:
        batch_op.add_column(sa.Column('state_before', sa.String(length=16), server_default='', nullable=False))
        batch_op.add_column(sa.Column('reason_before', sa.Text(), server_default='', nullable=False))
    op.execute("INSERT INTO sequence (name, value) SELECT 'audit', max(id) FROM audit HAVING max(id) IS NOT NULL")


def downgrade() -> None:
    """Take this revision back."""
    op.execute("DELETE FROM sequence WHERE name = 'audit'")
    with op.batch_alter_table('report', schema=None) as batch_op:
        batch_op.drop_column('reason_before')
        batch_op.drop_column('state_before')
    op.drop_table('used_nonce')
