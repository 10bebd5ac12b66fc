"""states and history of handoffs, what a structure decides, what a young person may wish for"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENTS = ("told_all_at", "late_told_at", "promised_at", "snoozed_until", "return_at")
OPEN = sa.text("state IN ('asked', 'taken', 'snoozed')")
OPEN_BEFORE = sa.text("state IN ('asked', 'taken')")


def upgrade() -> None:
    op.create_table(
        "structure_setting",
        sa.Column("structure_id", sa.String(length=40), nullable=False),
        sa.Column("unanswered_minutes", sa.Integer(), nullable=False),
        sa.Column("tell_late_minutes", sa.Integer(), nullable=False),
        sa.Column("offer_back_minutes", sa.Integer(), nullable=False),
        sa.Column("load_limit", sa.Integer(), nullable=False),
        sa.Column("surveys", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["structure_id"], ["structure.id"], name=op.f("fk_structure_setting_structure_id")),
        sa.PrimaryKeyConstraint("structure_id", name=op.f("pk_structure_setting")),
    )
    with op.batch_alter_table("adviser", schema=None) as batch_op:
        batch_op.add_column(sa.Column("woman", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("themes", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("adviser", schema=None) as batch_op:
        batch_op.alter_column("themes", server_default=None)
    op.drop_index("uq_handoff_open", table_name="handoff")
    with op.batch_alter_table("handoff", schema=None) as batch_op:
        for name in MOMENTS:
            batch_op.add_column(sa.Column(name, sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("wish", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("return_to_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_handoff_return_to_id"), "adviser", ["return_to_id"], ["id"])
    _create_index(OPEN)
    with op.batch_alter_table("handoff_event", schema=None) as batch_op:
        batch_op.add_column(sa.Column("event", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("from_adviser_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("to_adviser_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("note", sa.String(length=500), nullable=True))
        batch_op.add_column(sa.Column("until", sa.DateTime(timezone=True), nullable=True))
        for name in ("from_adviser_id", "to_adviser_id"):
            batch_op.create_foreign_key(batch_op.f(f"fk_handoff_event_{name}"), "adviser", [name], ["id"])
    # Until now a step was named like the state it led to, and who took it had it.
    op.execute("UPDATE handoff_event SET event = state")
    op.execute("UPDATE handoff_event SET to_adviser_id = adviser_id WHERE state = 'taken'")
    with op.batch_alter_table("handoff_event", schema=None) as batch_op:
        batch_op.alter_column("event", existing_type=sa.String(length=40), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("handoff_event", schema=None) as batch_op:
        for name in ("from_adviser_id", "to_adviser_id"):
            batch_op.drop_constraint(f"fk_handoff_event_{name}", type_="foreignkey")
        for name in ("event", "from_adviser_id", "to_adviser_id", "note", "until"):
            batch_op.drop_column(name)
    op.drop_index("uq_handoff_open", table_name="handoff")
    # Before this revision, what is put aside was simply held.
    op.execute("UPDATE handoff SET state = 'taken' WHERE state = 'snoozed'")
    op.execute("UPDATE handoff_event SET state = 'taken' WHERE state = 'snoozed'")
    with op.batch_alter_table("handoff", schema=None) as batch_op:
        batch_op.drop_constraint("fk_handoff_return_to_id", type_="foreignkey")
        for name in (*MOMENTS, "wish", "return_to_id"):
            batch_op.drop_column(name)
    _create_index(OPEN_BEFORE)
    with op.batch_alter_table("adviser", schema=None) as batch_op:
        batch_op.drop_column("themes")
        batch_op.drop_column("woman")
    op.drop_table("structure_setting")


def _create_index(where: sa.TextClause) -> None:
    """One open handoff for a conversation, and no more."""
    op.create_index(
        "uq_handoff_open",
        "handoff",
        ["conversation_id"],
        unique=True,
        postgresql_where=where,
        sqlite_where=where,
    )
