"""Run revisions on the connection that ``gridmap.store.schema`` hands over, inside its transaction."""

from alembic import context
from geoalchemy2 import alembic_helpers

from gridmap.store.migrations.filters import include_object
from gridmap.store.tables import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    include_object=include_object,
    process_revision_directives=alembic_helpers.writer,
    render_item=alembic_helpers.render_item,
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=False,  # the transaction is the caller's
)
context.run_migrations()
