"""what the bot misunderstood, and the texts a structure puts in its own words"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # One by one: a batch would write the table again, and its partial index would lose its condition on SQLite.
    op.add_column("turn", sa.Column("intent", sa.String(length=60), nullable=True))
    op.add_column("turn", sa.Column("confidence", sa.Float(), nullable=True))
    op.add_column("turn", sa.Column("teachable", sa.Boolean(), nullable=False, server_default=sa.false()))

    op.create_table(
        "misread",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("structure_id", sa.String(length=40), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("turn_id", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("read_as", sa.String(length=60), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("meant", sa.String(length=60), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("intent", sa.String(length=60), nullable=True),
        sa.Column("sentence", sa.String(length=200), nullable=True),
        sa.Column("entities", sa.JSON(), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.Integer(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["structure_id"], ["structure.id"], name=op.f("fk_misread_structure_id")),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_misread_conversation_id")),
        sa.ForeignKeyConstraint(["turn_id"], ["turn.id"], name=op.f("fk_misread_turn_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["adviser.id"], name=op.f("fk_misread_decided_by")),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["adviser.id"], name=op.f("fk_misread_withdrawn_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_misread")),
        sa.UniqueConstraint("turn_id", name=op.f("uq_misread_turn_id")),
    )
    op.create_index(op.f("ix_misread_structure_id"), "misread", ["structure_id"])
    op.create_index(op.f("ix_misread_conversation_id"), "misread", ["conversation_id"])

    op.create_table(
        "wording",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("structure_id", sa.String(length=40), nullable=False),
        sa.Column("response", sa.String(length=80), nullable=False),
        sa.Column("variant", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["structure_id"], ["structure.id"], name=op.f("fk_wording_structure_id")),
        sa.ForeignKeyConstraint(["author_id"], ["adviser.id"], name=op.f("fk_wording_author_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["adviser.id"], name=op.f("fk_wording_decided_by")),
        sa.ForeignKeyConstraint(["ended_by"], ["adviser.id"], name=op.f("fk_wording_ended_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wording")),
    )
    op.create_index(
        "uq_wording_in_force",
        "wording",
        ["structure_id", "response", "variant"],
        unique=True,
        postgresql_where=sa.text("state = 'in_force'"),
        sqlite_where=sa.text("state = 'in_force'"),
    )


def downgrade() -> None:
    op.drop_table("wording")
    op.drop_table("misread")
    for name in ("teachable", "confidence", "intent"):
        op.drop_column("turn", name)
