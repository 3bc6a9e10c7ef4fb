"""index what is heard

Why: a caller's words find an order by how they sound, among millions, without a scan; see app/core/keys.py.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_index_what_is_heard"
down_revision = "20261122_create_everything"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.add_column(
        "orders",
        sa.Column(
            "moved_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="the last that is known to have happened to it; null where no read shows it",
        ),
    )
    op.add_column(
        "orders",
        sa.Column(
            "reference_sound",
            sa.Text(),
            server_default="",
            nullable=False,
            comment="how the reference sounds, sign by sign",
        ),
    )
    op.add_column(
        "orders",
        sa.Column(
            "keys",
            postgresql.ARRAY(sa.Text()),
            server_default="{}",
            nullable=False,
            comment="what a caller may find it by",
        ),
    )
    op.add_column(
        "orders",
        sa.Column(
            "keyed_by",
            sa.SmallInteger(),
            server_default="0",
            nullable=False,
            comment="the version of core/keys.py that wrote reference_sound and keys",
        ),
    )
    # Callers read out beginnings as well; by its letters, an index finds those under any collation.
    op.drop_index("orders_by_reference", table_name="orders")
    op.create_index(
        "orders_by_reference", "orders", ["reference_key"], postgresql_ops={"reference_key": "text_pattern_ops"}
    )
    # Written one by one and read at once: a list of pending entries would have to be read through by every call.
    op.create_index("orders_by_key", "orders", ["keys"], postgresql_using="gin", postgresql_with={"fastupdate": "off"})
    op.create_index(
        "orders_by_sound", "orders", ["reference_sound"], postgresql_ops={"reference_sound": "text_pattern_ops"}
    )
    op.create_index("orders_by_sound_of_tail", "orders", [sa.text("reverse(reference_sound) text_pattern_ops")])
    op.create_index("orders_by_keys_version", "orders", ["keyed_by"])
    # The estimates of how many orders are recent come from these statistics.
    op.execute("alter table orders alter column moved_at set statistics 1000")


def downgrade() -> None:
    op.drop_index("orders_by_reference", table_name="orders")
    op.create_index("orders_by_reference", "orders", ["reference_key"])
    op.drop_index("orders_by_keys_version", table_name="orders")
    op.drop_index("orders_by_sound_of_tail", table_name="orders")
    op.drop_index("orders_by_sound", table_name="orders")
    op.drop_index("orders_by_key", table_name="orders")
    for column in ("keyed_by", "keys", "reference_sound", "moved_at"):
        op.drop_column("orders", column)
