"""files sent and received, messages taken back, and the e-mail of what waits"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stored_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("inbox_id", sa.Integer(), nullable=True),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_stored_file_conversation_id")),
        sa.ForeignKeyConstraint(["inbox_id"], ["inbox.id"], name=op.f("fk_stored_file_inbox_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_stored_file_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_file")),
        sa.UniqueConstraint("inbox_id", name=op.f("uq_stored_file_inbox_id")),
        sa.UniqueConstraint("message_id", name=op.f("uq_stored_file_message_id")),
    )
    op.create_index(op.f("ix_stored_file_conversation_id"), "stored_file", ["conversation_id"])
    op.create_index(
        "ix_stored_file_waiting",
        "stored_file",
        ["not_before"],
        postgresql_where=sa.text("state = 'waiting'"),
        sqlite_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "sealed_content",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["stored_file.id"], name=op.f("fk_sealed_content_file_id")),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_sealed_content")),
    )
    op.add_column("message", sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("adviser", sa.Column("wants_digest", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("adviser", sa.Column("digest_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("adviser", "digest_at")
    op.drop_column("adviser", "wants_digest")
    op.drop_column("message", "withdrawn_at")
    op.drop_table("sealed_content")
    op.drop_table("stored_file")
