"""Preferences, sentence maps, drawn films, shadow drafts, first readings, addenda and labels of reports."""

from alembic import op
import sqlalchemy as sa

from llmcxr_ws.store.types import UtcDateTime, db_now


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    op.create_table('preference',
    sa.Column('user', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('value', sa.JSON(), nullable=False),
    sa.Column('changed_at', UtcDateTime(), server_default=db_now(), nullable=False),
    sa.PrimaryKeyConstraint('user', 'name')
    )
    op.create_table('drawing',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('study_id', sa.Integer(), nullable=False),
    sa.Column('report_id', sa.Integer(), nullable=True),
    sa.Column('purpose', sa.String(length=16), nullable=False),
    sa.Column('user', sa.String(length=64), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('seed', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('path', sa.String(length=512), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('codes', sa.JSON(), nullable=False),
    sa.Column('facts', sa.JSON(), nullable=False),
    sa.Column('error_text', sa.Text(), nullable=False),
    sa.Column('model_name', sa.String(length=64), nullable=False),
    sa.Column('model_version', sa.String(length=64), nullable=False),
    sa.Column('model_device_uid', sa.String(length=64), nullable=False),
    sa.Column('asked_at', UtcDateTime(), server_default=db_now(), nullable=False),
    sa.Column('drawn_at', UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], ),
    sa.ForeignKeyConstraint(['study_id'], ['study.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('drawing', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_drawing_study_id'), ['study_id'], unique=False)

    op.create_table('first_reading',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('report_id', sa.Integer(), nullable=False),
    sa.Column('user', sa.String(length=64), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('written_at', UtcDateTime(), server_default=db_now(), nullable=False),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('report_id', 'user', name='uq_first_reading')
    )
    with op.batch_alter_table('first_reading', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_first_reading_report_id'), ['report_id'], unique=False)

    op.create_table('sentence_map',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('report_id', sa.Integer(), nullable=False),
    sa.Column('sentence_sha256', sa.String(length=64), nullable=False),
    sa.Column('sentence', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('rows', sa.Integer(), nullable=False),
    sa.Column('columns', sa.Integer(), nullable=False),
    sa.Column('values', sa.JSON(), nullable=False),
    sa.Column('facts', sa.JSON(), nullable=False),
    sa.Column('error_text', sa.Text(), nullable=False),
    sa.Column('asked_at', UtcDateTime(), server_default=db_now(), nullable=False),
    sa.Column('computed_at', UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('report_id', 'sentence_sha256', name='uq_sentence_map')
    )
    with op.batch_alter_table('sentence_map', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sentence_map_report_id'), ['report_id'], unique=False)

    op.create_table('shadow_draft',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('study_id', sa.Integer(), nullable=False),
    sa.Column('report_id', sa.Integer(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('confidence', sa.Double(), nullable=True),
    sa.Column('withheld', sa.Text(), nullable=False),
    sa.Column('labels', sa.JSON(), nullable=False),
    sa.Column('facts', sa.JSON(), nullable=False),
    sa.Column('model_name', sa.String(length=64), nullable=False),
    sa.Column('model_version', sa.String(length=64), nullable=False),
    sa.Column('model_device_uid', sa.String(length=64), nullable=False),
    sa.Column('seconds', sa.Double(), nullable=False),
    sa.Column('created_at', UtcDateTime(), server_default=db_now(), nullable=False),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], ),
    sa.ForeignKeyConstraint(['study_id'], ['study.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('report_id', 'model_device_uid', name='uq_shadow_draft')
    )
    with op.batch_alter_table('shadow_draft', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_shadow_draft_report_id'), ['report_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_shadow_draft_study_id'), ['study_id'], unique=False)

    with op.batch_alter_table('report', schema=None) as batch_op:
        batch_op.add_column(sa.Column('kind', sa.String(length=16), server_default='report', nullable=False))
        batch_op.add_column(sa.Column('amends_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('preliminary_by', sa.String(length=64), server_default='', nullable=False))
        batch_op.add_column(sa.Column('preliminary_at', UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column('ai_labels', sa.JSON(), server_default='{}', nullable=False))
        batch_op.add_column(sa.Column('signed_labels', sa.JSON(), server_default='{}', nullable=False))


def downgrade() -> None:
    """Take this revision back."""
    with op.batch_alter_table('report', schema=None) as batch_op:
        for name in ('signed_labels', 'ai_labels', 'preliminary_at', 'preliminary_by', 'amends_id', 'kind'):
            batch_op.drop_column(name)
    for name in ('shadow_draft', 'sentence_map', 'first_reading', 'drawing', 'preference'):
        op.drop_table(name)
