"""what a booking is told in the chat, meeting points, two advisers, partners"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("booking_draft", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reason", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("meeting_point", sa.String(length=120), nullable=True))
        for name in ("communes", "hours", "excluded_hours"):
            batch_op.add_column(sa.Column(name, sa.JSON(), nullable=False, server_default="[]"))

    with op.batch_alter_table("opening", schema=None) as batch_op:
        batch_op.add_column(sa.Column("second_adviser_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_opening_second_adviser_id"), "adviser", ["second_adviser_id"], ["id"]
        )

    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("meeting_point", sa.String(length=120), nullable=True))
        batch_op.add_column(sa.Column("second_adviser_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_appointment_second_adviser_id"), "adviser", ["second_adviser_id"], ["id"]
        )

    with op.batch_alter_table("adviser", schema=None) as batch_op:
        batch_op.add_column(sa.Column("organisation", sa.String(length=80), nullable=True))

    op.create_table(
        "partner_booking",
        sa.Column("appointment_id", sa.Integer(), nullable=False),
        sa.Column("partner_id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("first_name", sa.String(length=40), nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_partner_booking_appointment_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["adviser.id"], name=op.f("fk_partner_booking_partner_id")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_partner_booking_conversation_id")
        ),
        sa.PrimaryKeyConstraint("appointment_id", name=op.f("pk_partner_booking")),
        sa.UniqueConstraint("conversation_id", name=op.f("uq_partner_booking_conversation_id")),
    )
    with op.batch_alter_table("partner_booking", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_partner_booking_partner_id"), ["partner_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("partner_booking", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_partner_booking_partner_id"))

    op.drop_table("partner_booking")
    with op.batch_alter_table("adviser", schema=None) as batch_op:
        batch_op.drop_column("organisation")

    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_appointment_second_adviser_id"), type_="foreignkey")
        batch_op.drop_column("second_adviser_id")
        batch_op.drop_column("meeting_point")

    with op.batch_alter_table("opening", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_opening_second_adviser_id"), type_="foreignkey")
        batch_op.drop_column("second_adviser_id")

    with op.batch_alter_table("booking_draft", schema=None) as batch_op:
        for name in ("excluded_hours", "hours", "communes", "meeting_point", "reason"):
            batch_op.drop_column(name)
