"""reasons, richer openings and absences, the waiting list"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OPENING = ("break_start_minute", "break_end_minute", "every_weeks", "nth", "reasons", "label", "edited_at")
ABSENCE = ("key", "weekday", "start_minute", "end_minute", "reason", "edited_at", "active")
PLACE = ("wheelchair", "sign_language", "calm", "holidays")
OPEN_WAITING = sa.text("state IN ('waiting', 'offered')")
RUN = sa.text("run > 0")


def upgrade() -> None:
    reason = op.create_table(
        "reason",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("structure_id", sa.String(length=40), nullable=False),
        sa.Column("slug", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=26), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("modes", sa.JSON(), nullable=False),
        sa.Column("shortest_notice_minutes", sa.Integer(), nullable=False),
        sa.Column("longest_notice_days", sa.Integer(), nullable=False),
        sa.Column("change_notice_minutes", sa.Integer(), nullable=False),
        sa.Column("bookable_by", sa.JSON(), nullable=False),
        sa.Column("documents", sa.JSON(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["structure_id"], ["structure.id"], name=op.f("fk_reason_structure_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reason")),
        sa.UniqueConstraint("structure_id", "slug", name=op.f("uq_reason_structure_id_slug")),
    )
    # Every structure has a first meeting, with the notices that were the same for all until now.
    connection = op.get_bind()
    structures = connection.execute(sa.text("SELECT id FROM structure")).scalars().all()
    if structures:
        op.bulk_insert(
            reason,
            [
                {
                    "structure_id": structure,
                    "slug": "first_meeting",
                    "name": "Un premier rendez-vous",
                    "minutes": None,
                    "modes": [],
                    "shortest_notice_minutes": 120,
                    "longest_notice_days": 42,
                    "change_notice_minutes": 60,
                    "bookable_by": ["young", "adviser", "partner"],
                    "documents": [],
                    "active": True,
                }
                for structure in structures
            ],
        )

    op.create_table(
        "waiting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("place_id", sa.Integer(), nullable=True),
        sa.Column("mode", sa.String(length=40), nullable=True),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("offer", sa.JSON(), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen", sa.JSON(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_waiting_person_id")),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_waiting_conversation_id")),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_waiting_place_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting")),
    )
    with op.batch_alter_table("waiting", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_waiting_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_waiting_conversation_id"), ["conversation_id"], unique=False)
        batch_op.create_index("ix_waiting_line", ["state", "joined_at"], unique=False)
        batch_op.create_index(
            "uq_waiting_open",
            ["person_id", "reason"],
            unique=True,
            sqlite_where=OPEN_WAITING,
            postgresql_where=OPEN_WAITING,
        )

    with op.batch_alter_table("territory", schema=None) as batch_op:
        batch_op.alter_column("subdiv", existing_type=sa.String(length=4), type_=sa.String(length=40))

    with op.batch_alter_table("place", schema=None) as batch_op:
        batch_op.add_column(sa.Column("wheelchair", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("sign_language", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("calm", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("holidays", sa.String(length=40), nullable=True))

    with op.batch_alter_table("opening", schema=None) as batch_op:
        batch_op.add_column(sa.Column("break_start_minute", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("break_end_minute", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("every_weeks", sa.Integer(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("nth", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("reasons", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("label", sa.String(length=80), nullable=True))
        batch_op.add_column(sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("closure", schema=None) as batch_op:
        batch_op.add_column(sa.Column("key", sa.String(length=160), nullable=True))
        batch_op.add_column(sa.Column("weekday", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("start_minute", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("end_minute", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("reason", sa.String(length=120), nullable=True))
        batch_op.add_column(sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("active", sa.Boolean(), nullable=False, server_default=sa.true()))
        batch_op.create_unique_constraint(batch_op.f("uq_closure_key"), ["key"])

    with op.batch_alter_table("slot_slice", schema=None) as batch_op:
        # A slice written before this revision counts for itself: slower to read, never wrong.
        batch_op.add_column(sa.Column("run", sa.Integer(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("waiting_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_slot_slice_waiting_id"), "waiting", ["waiting_id"], ["id"])
        batch_op.create_index(batch_op.f("ix_slot_slice_waiting_id"), ["waiting_id"], unique=False)
        batch_op.create_index(
            "ix_slot_slice_run",
            ["slice", "resource", "run", "held_until", "draft_id"],
            unique=False,
            sqlite_where=RUN,
            postgresql_where=RUN,
        )


def downgrade() -> None:
    with op.batch_alter_table("slot_slice", schema=None) as batch_op:
        batch_op.drop_index("ix_slot_slice_run", sqlite_where=RUN, postgresql_where=RUN)
        batch_op.drop_index(batch_op.f("ix_slot_slice_waiting_id"))
        batch_op.drop_constraint(batch_op.f("fk_slot_slice_waiting_id"), type_="foreignkey")
        batch_op.drop_column("waiting_id")
        batch_op.drop_column("run")

    with op.batch_alter_table("closure", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_closure_key"), type_="unique")
        for name in reversed(ABSENCE):
            batch_op.drop_column(name)

    with op.batch_alter_table("opening", schema=None) as batch_op:
        for name in reversed(OPENING):
            batch_op.drop_column(name)

    with op.batch_alter_table("place", schema=None) as batch_op:
        for name in reversed(PLACE):
            batch_op.drop_column(name)

    with op.batch_alter_table("territory", schema=None) as batch_op:
        batch_op.alter_column("subdiv", existing_type=sa.String(length=40), type_=sa.String(length=4))

    op.drop_table("waiting")
    op.drop_table("reason")
