"""web chat and console"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "web_session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hidden_before", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_web_session")),
        sa.UniqueConstraint("address", name=op.f("uq_web_session_address")),
    )
    op.create_table(
        "change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_change_conversation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "console_session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("adviser_id", sa.Integer(), nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["adviser_id"], ["adviser.id"], name=op.f("fk_console_session_adviser_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_console_session")),
    )
    with op.batch_alter_table("console_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_console_session_adviser_id"), ["adviser_id"], unique=False)

    op.create_table(
        "invitation",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("adviser_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["adviser_id"], ["adviser.id"], name=op.f("fk_invitation_adviser_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_invitation")),
    )
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invitation_adviser_id"), ["adviser_id"], unique=False)

    op.create_table(
        "join_link",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_join_link_conversation_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_join_link")),
    )
    with op.batch_alter_table("join_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_join_link_conversation_id"), ["conversation_id"], unique=False)

    with op.batch_alter_table("adviser", schema=None) as batch_op:
        batch_op.add_column(sa.Column("must_change_password", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("presence_said", sa.String(40), nullable=True))
        batch_op.add_column(sa.Column("presence_until", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("remind_by", sa.String(40), nullable=True))
        batch_op.add_column(sa.Column("remind_phone", sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column("called_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("called_by", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_appointment_called_by"), "adviser", ["called_by"], ["id"])

    with op.batch_alter_table("channel_identity", schema=None) as batch_op:
        batch_op.add_column(sa.Column("person_before_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_channel_identity_person_before_id"), "person", ["person_before_id"], ["id"]
        )

    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_inbox_channel_update_id"), type_="unique")
        batch_op.create_unique_constraint(
            batch_op.f("uq_inbox_channel_address_update_id"), ["channel", "address", "update_id"]
        )


def downgrade() -> None:
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_inbox_channel_address_update_id"), type_="unique")
        batch_op.create_unique_constraint(batch_op.f("uq_inbox_channel_update_id"), ["channel", "update_id"])

    with op.batch_alter_table("channel_identity", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_channel_identity_person_before_id"), type_="foreignkey")
        batch_op.drop_column("person_before_id")

    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_appointment_called_by"), type_="foreignkey")
        batch_op.drop_column("called_by")
        batch_op.drop_column("called_at")
        batch_op.drop_column("remind_phone")
        batch_op.drop_column("remind_by")

    with op.batch_alter_table("adviser", schema=None) as batch_op:
        batch_op.drop_column("presence_until")
        batch_op.drop_column("presence_said")
        batch_op.drop_column("must_change_password")

    with op.batch_alter_table("join_link", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_join_link_conversation_id"))

    op.drop_table("join_link")
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_invitation_adviser_id"))

    op.drop_table("invitation")
    with op.batch_alter_table("console_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_console_session_adviser_id"))

    op.drop_table("console_session")
    op.drop_table("change")
    op.drop_table("web_session")
