"""How many fixes a grid owned on a day, once they are gone: the map of gaps goes by fixes."""

import sqlalchemy as sa
from alembic import op

from gridmap.store.tables import UtcTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("patrol_day", sa.Column("fixes", sa.Integer(), nullable=True))
    op.add_column("patrol_day", sa.Column("last_fix_at", UtcTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("patrol_day", "last_fix_at")
    op.drop_column("patrol_day", "fixes")
