"""Signals of completeness, what peers were asked, priors that are fetched, received instances that are forwarded."""

from alembic import op
import sqlalchemy as sa

from llmcxr_ws.store.types import UtcDateTime, db_now


revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision; what was received before it is not forwarded."""
    op.create_table('notice',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('peer', sa.String(length=64), nullable=False),
    sa.Column('sop_instance_uid', sa.String(length=64), nullable=False),
    sa.Column('study_instance_uid', sa.String(length=64), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('instances', sa.JSON(), nullable=False),
    sa.Column('received_at', UtcDateTime(), server_default=db_now(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('sop_instance_uid', 'study_instance_uid', name='uq_notice')
    )
    with op.batch_alter_table('notice', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_notice_study_instance_uid'), ['study_instance_uid'], unique=False)

    op.create_table('inquiry',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('study_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('peer', sa.String(length=64), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('found', sa.JSON(), nullable=False),
    sa.Column('message', sa.Text(), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('asked_at', UtcDateTime(), server_default=db_now(), nullable=False),
    sa.ForeignKeyConstraint(['study_id'], ['study.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('study_id', 'kind', 'peer', name='uq_inquiry')
    )
    with op.batch_alter_table('inquiry', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_inquiry_study_id'), ['study_id'], unique=False)

    op.create_table('prior',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('study_id', sa.Integer(), nullable=False),
    sa.Column('study_instance_uid', sa.String(length=64), nullable=False),
    sa.Column('peer', sa.String(length=64), nullable=False),
    sa.Column('series', sa.JSON(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('message', sa.Text(), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('run_after', UtcDateTime(), server_default=db_now(), nullable=False),
    sa.ForeignKeyConstraint(['study_id'], ['study.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('study_id', 'study_instance_uid', name='uq_prior')
    )
    with op.batch_alter_table('prior', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_prior_study_id'), ['study_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_prior_study_instance_uid'), ['study_instance_uid'], unique=False)
        batch_op.create_index(batch_op.f('ix_prior_state'), ['state'], unique=False)

    with op.batch_alter_table('study', schema=None) as batch_op:
        batch_op.add_column(sa.Column('is_prior', sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column('completeness', sa.JSON(), server_default='{}', nullable=False))
        batch_op.add_column(sa.Column('ordered', sa.JSON(), server_default='{}', nullable=False))
        batch_op.add_column(sa.Column('awaits_images', sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.create_index(batch_op.f('ix_study_awaits_images'), ['awaits_images'], unique=False)
    with op.batch_alter_table('instance', schema=None) as batch_op:
        batch_op.add_column(sa.Column('routed', sa.Boolean(), server_default=sa.true(), nullable=False))
        batch_op.create_index(batch_op.f('ix_instance_routed'), ['routed'], unique=False)
    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.add_column(sa.Column('deidentify', sa.Boolean(), server_default=sa.false(), nullable=False))
    with op.batch_alter_table('document', schema=None) as batch_op:
        batch_op.alter_column('report_id', existing_type=sa.Integer(), nullable=True)
        batch_op.add_column(sa.Column('instance_id', sa.Integer(), nullable=True))
        batch_op.create_foreign_key('fk_document_instance', 'instance', ['instance_id'], ['id'])
        batch_op.create_index(batch_op.f('ix_document_instance_id'), ['instance_id'], unique=False)


def downgrade() -> None:
    """Take this revision back; what was forwarded has no row any more."""
    op.execute("DELETE FROM delivery WHERE document_id IN (SELECT id FROM document WHERE report_id IS NULL)")
    op.execute("DELETE FROM document WHERE report_id IS NULL")
    with op.batch_alter_table('document', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_document_instance_id'))
        batch_op.drop_constraint('fk_document_instance', type_='foreignkey')
        batch_op.drop_column('instance_id')
        batch_op.alter_column('report_id', existing_type=sa.Integer(), nullable=False)
    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.drop_column('deidentify')
    with op.batch_alter_table('instance', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_instance_routed'))
        batch_op.drop_column('routed')
    with op.batch_alter_table('study', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_study_awaits_images'))
        batch_op.drop_column('awaits_images')
        batch_op.drop_column('ordered')
        batch_op.drop_column('completeness')
        batch_op.drop_column('is_prior')
    for name in ('prior', 'inquiry', 'notice'):
        op.drop_table(name)
