"""What the disk said of a received file, and studies by Patient ID."""

from alembic import op
import sqlalchemy as sa


revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    with op.batch_alter_table('instance', schema=None) as batch_op:
        batch_op.add_column(sa.Column('file_stamp', sa.String(length=64), server_default='', nullable=False))
    with op.batch_alter_table('study', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_study_patient_id'), ['patient_id'], unique=False)


def downgrade() -> None:
    """Take this revision back."""
    with op.batch_alter_table('study', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_study_patient_id'))
    with op.batch_alter_table('instance', schema=None) as batch_op:
        batch_op.drop_column('file_stamp')
