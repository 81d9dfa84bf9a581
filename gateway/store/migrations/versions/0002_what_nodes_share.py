"""The tables that nodes and workers share: kept sessions and tokens, who lives, what was spent today."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the three tables."""
    op.create_table(
        "kept_secrets",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("use_until", sa.BigInteger(), nullable=True),
        sa.Column("obtained_by", sa.Text(), nullable=True),
        sa.Column("obtained_since", sa.BigInteger(), nullable=True),
        sa.Column("lost", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_kept_secrets")),
    )
    op.create_table(
        "nodes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("beat", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nodes")),
    )
    op.create_table(
        "spending",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", "day", name=op.f("pk_spending")),
    )


def downgrade() -> None:
    """Drops them: every node begins anew with its own session and token."""
    for table in ("spending", "nodes", "kept_secrets"):
        op.drop_table(table)
