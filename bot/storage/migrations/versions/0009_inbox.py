"""the advisers' inbox: notes, ready replies, what was read, the name a human wrote"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversation", sa.Column("nickname", sa.String(length=40), nullable=True))
    op.create_table(
        "note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("structure_id", sa.String(length=40), nullable=False),
        sa.Column("adviser_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["adviser_id"], ["adviser.id"], name=op.f("fk_note_adviser_id")),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_note_conversation_id")),
        sa.ForeignKeyConstraint(["structure_id"], ["structure.id"], name=op.f("fk_note_structure_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
    )
    op.create_index(op.f("ix_note_conversation_id"), "note", ["conversation_id"])
    op.create_index(op.f("ix_note_structure_id"), "note", ["structure_id"])
    op.create_table(
        "canned_reply",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("structure_id", sa.String(length=40), nullable=False),
        sa.Column("adviser_id", sa.Integer(), nullable=True),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["adviser_id"], ["adviser.id"], name=op.f("fk_canned_reply_adviser_id")),
        sa.ForeignKeyConstraint(["structure_id"], ["structure.id"], name=op.f("fk_canned_reply_structure_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned_reply")),
    )
    op.create_index(op.f("ix_canned_reply_adviser_id"), "canned_reply", ["adviser_id"])
    op.create_index(op.f("ix_canned_reply_structure_id"), "canned_reply", ["structure_id"])
    op.create_table(
        "read_mark",
        sa.Column("adviser_id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("inbox_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["adviser_id"], ["adviser.id"], name=op.f("fk_read_mark_adviser_id")),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_read_mark_conversation_id")),
        sa.PrimaryKeyConstraint("adviser_id", "conversation_id", name=op.f("pk_read_mark")),
    )
    op.create_index(op.f("ix_read_mark_conversation_id"), "read_mark", ["conversation_id"])


def downgrade() -> None:
    op.drop_table("read_mark")
    op.drop_table("canned_reply")
    op.drop_table("note")
    op.drop_column("conversation", "nickname")
