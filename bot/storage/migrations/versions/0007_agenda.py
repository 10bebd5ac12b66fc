"""private calendar addresses, and communes asked for that no place serves"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agenda_feed",
        sa.Column("adviser_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["adviser_id"], ["adviser.id"], name=op.f("fk_agenda_feed_adviser_id")),
        sa.PrimaryKeyConstraint("adviser_id", name=op.f("pk_agenda_feed")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_agenda_feed_token_hash")),
    )
    op.create_table(
        "unserved",
        sa.Column("structure_id", sa.String(length=40), nullable=False),
        sa.Column("insee", sa.String(length=5), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["structure_id"], ["structure.id"], name=op.f("fk_unserved_structure_id")),
        sa.PrimaryKeyConstraint("structure_id", "insee", "day", name=op.f("pk_unserved")),
    )


def downgrade() -> None:
    op.drop_table("unserved")
    op.drop_table("agenda_feed")
