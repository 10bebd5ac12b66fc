"""the review of handoffs: first answers, three faces, marks, tags and comments"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# What was answered before it was noted, as far as the messages still tell.
FIRST_ANSWERS = """
UPDATE handoff SET first_answer_at = (
    SELECT min(message.at) FROM message
    WHERE message.conversation_id = handoff.conversation_id AND message.adviser_id IS NOT NULL
      AND message.at >= handoff.asked_at AND (handoff.ended_at IS NULL OR message.at <= handoff.ended_at)
)
"""


def upgrade() -> None:
    op.add_column("handoff", sa.Column("theme", sa.String(length=40), nullable=True))
    op.add_column("handoff", sa.Column("in_hours", sa.Boolean(), nullable=True))
    op.add_column("handoff", sa.Column("first_answer_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(FIRST_ANSWERS)
    op.create_index("ix_handoff_structure_id_asked_at", "handoff", ["structure_id", "asked_at"])
    op.create_index("ix_handoff_ended_at", "handoff", ["ended_at"])
    op.create_table(
        "survey_answer",
        sa.Column("handoff_id", sa.Integer(), nullable=False),
        sa.Column("face", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["handoff_id"], ["handoff.id"], name=op.f("fk_survey_answer_handoff_id")),
        sa.PrimaryKeyConstraint("handoff_id", name=op.f("pk_survey_answer")),
    )
    op.create_index("ix_survey_answer_at", "survey_answer", ["at"])
    op.create_table(
        "review_mark",
        sa.Column("handoff_id", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(length=40), nullable=False),
        sa.Column("marked_by", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["handoff_id"], ["handoff.id"], name=op.f("fk_review_mark_handoff_id")),
        sa.ForeignKeyConstraint(["marked_by"], ["adviser.id"], name=op.f("fk_review_mark_marked_by")),
        sa.PrimaryKeyConstraint("handoff_id", name=op.f("pk_review_mark")),
    )
    op.create_table(
        "review_tag",
        sa.Column("handoff_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=24), nullable=False),
        sa.Column("tagged_by", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["handoff_id"], ["handoff.id"], name=op.f("fk_review_tag_handoff_id")),
        sa.ForeignKeyConstraint(["tagged_by"], ["adviser.id"], name=op.f("fk_review_tag_tagged_by")),
        sa.PrimaryKeyConstraint("handoff_id", "label", name=op.f("pk_review_tag")),
    )
    op.create_table(
        "review_comment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("handoff_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("adviser_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["handoff_id"], ["handoff.id"], name=op.f("fk_review_comment_handoff_id")),
        sa.ForeignKeyConstraint(["author_id"], ["adviser.id"], name=op.f("fk_review_comment_author_id")),
        sa.ForeignKeyConstraint(["adviser_id"], ["adviser.id"], name=op.f("fk_review_comment_adviser_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_comment")),
    )
    op.create_index("ix_review_comment_handoff_id", "review_comment", ["handoff_id"])
    op.create_index("ix_review_comment_adviser_id_seen_at", "review_comment", ["adviser_id", "seen_at"])


def downgrade() -> None:
    for table in ("review_comment", "review_tag", "review_mark", "survey_answer"):
        op.drop_table(table)
    op.drop_index("ix_handoff_ended_at", "handoff")
    op.drop_index("ix_handoff_structure_id_asked_at", "handoff")
    op.drop_column("handoff", "first_answer_at")
    op.drop_column("handoff", "in_hours")
    op.drop_column("handoff", "theme")
