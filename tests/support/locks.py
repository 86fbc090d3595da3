"""Looking at what a PostgreSQL server's transactions wait for."""

from sqlalchemy import Engine, text

_WAITING = text(
    "select count(*) from pg_stat_activity"
    " where datname = current_database() and wait_event_type = 'Lock'"
)


def waits_for_lock(engine: Engine) -> bool:
    """Return whether a transaction on this database waits for another."""
    with engine.connect() as connection:
        return int(connection.execute(_WAITING).scalar_one()) > 0
