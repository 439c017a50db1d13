"""De-identified copies of deliveries, sealed pseudonyms, and when a file was purged."""

from alembic import op
import sqlalchemy as sa

from llmcxr_ws.store.types import UtcDateTime, db_now


revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

_COPY = (('copy_path', 512), ('copy_sha256', 64), ('copy_sop_instance_uid', 64), ('copy_series_instance_uid', 64))


def upgrade() -> None:
    """Apply this revision."""
    op.create_table('pseudonym',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project', sa.String(length=16), nullable=False),
    sa.Column('pseudonym', sa.String(length=64), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('first_at', UtcDateTime(), server_default=db_now(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('project', 'pseudonym', name='uq_pseudonym')
    )
    op.create_table('quarantine_review',
    sa.Column('path', sa.String(length=512), nullable=False),
    sa.Column('reviewed_by', sa.String(length=64), nullable=False),
    sa.Column('reviewed_at', UtcDateTime(), server_default=db_now(), nullable=False),
    sa.PrimaryKeyConstraint('path')
    )
    with op.batch_alter_table('delivery', schema=None) as batch_op:
        for name, length in _COPY:
            batch_op.add_column(sa.Column(name, sa.String(length=length), server_default='', nullable=False))
    for table in ('instance', 'document'):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column('purged_at', UtcDateTime(), nullable=True))


def downgrade() -> None:
    """Take this revision back."""
    for table in ('instance', 'document'):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column('purged_at')
    with op.batch_alter_table('delivery', schema=None) as batch_op:
        for name, _ in _COPY:
            batch_op.drop_column(name)
    op.drop_table('quarantine_review')
    op.drop_table('pseudonym')
