"""the team's group on Telegram: links, topics, and what was shown in them"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "telegram_link",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("adviser_id", sa.Integer(), nullable=False),
        sa.Column("for_group", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["adviser_id"], ["adviser.id"], name=op.f("fk_telegram_link_adviser_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_telegram_link")),
    )
    op.create_index(op.f("ix_telegram_link_adviser_id"), "telegram_link", ["adviser_id"])
    op.create_table(
        "topic_group",
        sa.Column("structure_id", sa.String(length=40), nullable=False),
        sa.Column("chat_id", sa.String(length=40), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trouble", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["structure_id"], ["structure.id"], name=op.f("fk_topic_group_structure_id")),
        sa.ForeignKeyConstraint(["made_by"], ["adviser.id"], name=op.f("fk_topic_group_made_by")),
        sa.PrimaryKeyConstraint("structure_id", name=op.f("pk_topic_group")),
        sa.UniqueConstraint("chat_id", name=op.f("uq_topic_group_chat_id")),
    )
    op.create_table(
        "topic",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("chat_id", sa.String(length=40), nullable=False),
        sa.Column("thread_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("name_sent", sa.String(length=128), nullable=True),
        sa.Column("open_sent", sa.Boolean(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_topic_conversation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic")),
        sa.UniqueConstraint("conversation_id", name=op.f("uq_topic_conversation_id")),
    )
    op.create_index("ix_topic_thread", "topic", ["chat_id", "thread_id"])
    op.create_table(
        "topic_line",
        sa.Column("topic_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.String(length=24), nullable=False),
        sa.Column("shown", sa.String(length=16), nullable=False),
        sa.Column("failed", sa.Boolean(), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=True),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=op.f("fk_topic_line_topic_id")),
        sa.PrimaryKeyConstraint("topic_id", "line", name=op.f("pk_topic_line")),
    )
    op.create_table(
        "topic_guest",
        sa.Column("chat_id", sa.String(length=40), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", "who", name=op.f("pk_topic_guest")),
    )


def downgrade() -> None:
    op.drop_table("topic_guest")
    op.drop_table("topic_line")
    op.drop_table("topic")
    op.drop_table("topic_group")
    op.drop_table("telegram_link")
