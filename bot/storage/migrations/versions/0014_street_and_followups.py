"""what follows an alert, encounters in the street, an adviser's own code"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "followup",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alert_id", sa.Integer(), nullable=False),
        sa.Column("structure_id", sa.String(length=40), nullable=False),
        sa.Column("adviser_id", sa.Integer(), nullable=True),
        sa.Column("due_date", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_followup_alert_id")),
        sa.ForeignKeyConstraint(["structure_id"], ["structure.id"], name=op.f("fk_followup_structure_id")),
        sa.ForeignKeyConstraint(["adviser_id"], ["adviser.id"], name=op.f("fk_followup_adviser_id")),
        sa.ForeignKeyConstraint(["done_by"], ["adviser.id"], name=op.f("fk_followup_done_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_followup")),
        sa.UniqueConstraint("alert_id", name=op.f("uq_followup_alert_id")),
    )
    op.create_index("ix_followup_open", "followup", ["structure_id", "done_at"])
    op.create_index(op.f("ix_followup_adviser_id"), "followup", ["adviser_id"])
    op.create_table(
        "second_look",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alert_id", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.Integer(), nullable=True),
        sa.Column("adviser_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("false_alarm", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_second_look_alert_id")),
        sa.ForeignKeyConstraint(["closed_by"], ["adviser.id"], name=op.f("fk_second_look_closed_by")),
        sa.ForeignKeyConstraint(["adviser_id"], ["adviser.id"], name=op.f("fk_second_look_adviser_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_look")),
    )
    op.create_index(op.f("ix_second_look_alert_id"), "second_look", ["alert_id"])
    op.create_table(
        "encounter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("structure_id", sa.String(length=40), nullable=False),
        sa.Column("adviser_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(length=80), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("nickname", sa.String(length=40), nullable=True),
        sa.Column("commune", sa.String(length=80), nullable=True),
        sa.Column("theme", sa.String(length=40), nullable=True),
        sa.Column("next_step", sa.String(length=40), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["structure_id"], ["structure.id"], name=op.f("fk_encounter_structure_id")),
        sa.ForeignKeyConstraint(["adviser_id"], ["adviser.id"], name=op.f("fk_encounter_adviser_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_encounter")),
        sa.UniqueConstraint("adviser_id", "uuid", name=op.f("uq_encounter_adviser_id_uuid")),
    )
    op.create_index("ix_encounter_at", "encounter", ["structure_id", "at"])
    op.create_table(
        "adviser_code",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("adviser_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["code"], ["source.code"], name=op.f("fk_adviser_code_code")),
        sa.ForeignKeyConstraint(["adviser_id"], ["adviser.id"], name=op.f("fk_adviser_code_adviser_id")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_adviser_code")),
    )
    op.create_index(op.f("ix_adviser_code_adviser_id"), "adviser_code", ["adviser_id"])


def downgrade() -> None:
    op.drop_table("adviser_code")
    op.drop_table("encounter")
    op.drop_table("second_look")
    op.drop_table("followup")
