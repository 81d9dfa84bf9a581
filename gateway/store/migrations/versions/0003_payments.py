"""The tables of payments."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates them."""
    _create_payments()
    _create_page_reports()
    op.create_table(
        "payment_numbers",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("trans_day", sa.Text(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "trans_day", name=op.f("pk_payment_numbers")),
    )


def downgrade() -> None:
    """Drops them, and all that they hold."""
    for table in ("page_reports", "payment_numbers", "payments"):
        op.drop_table(table)


def _create_payments() -> None:
    op.create_table(
        "payments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_key", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("trans_day", sa.Text(), nullable=False),
        sa.Column("trans_id", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("authorised_at", sa.BigInteger(), nullable=True),
        sa.Column("value_date", sa.Text(), nullable=True),
        sa.Column("lot", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("account_key", "key_hash", name=op.f("uq_payments_account_key")),
        sa.UniqueConstraint("site_id", "trans_day", "trans_id", name=op.f("uq_payments_site_id")),
    )
    op.create_index(
        "uq_payments_open_account_key",
        "payments",
        ["account_key"],
        unique=True,
        sqlite_where=sa.text("state = 'STARTED'"),
        postgresql_where=sa.text("state = 'STARTED'"),
    )
    op.create_index("ix_payments_state_next_at", "payments", ["state", "next_at"], unique=False)
    op.create_index("ix_payments_started_at", "payments", ["started_at"], unique=False)


def _create_page_reports() -> None:
    op.create_table(
        "page_reports",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("flag", sa.Text(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_page_reports_payment_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_reports")),
        sa.UniqueConstraint("payment_id", "digest", name=op.f("uq_page_reports_payment_id")),
    )
