"""The file that queues are kept in: an SQLite database, written in transactions.

What was committed survives the end of the process at any moment. Whether it survives a power cut is
up to the disk: nothing waits for it here.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from emulator.errors import ScenarioError

VERSION = 2
# "thrc" as the application id of the file, by which it is told from other databases.
APPLICATION_ID = 0x74687263

_TABLES = """
CREATE TABLE marks(name TEXT PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE settings(
    account TEXT, kind TEXT, id TEXT, place INTEGER, value TEXT NOT NULL,
    PRIMARY KEY (account, kind, id)
) WITHOUT ROWID;
CREATE TABLE messages(
    seq INTEGER PRIMARY KEY, account TEXT NOT NULL, id TEXT NOT NULL, run INTEGER, name TEXT,
    publish TEXT, body BLOB, caller_ip TEXT, created_ms INTEGER, dedup_key TEXT,
    generation INTEGER, source TEXT, reports_on TEXT,
    state TEXT, retried INTEGER, cancel_requested INTEGER, due REAL, ended REAL, place INTEGER
);
CREATE UNIQUE INDEX message_ids ON messages(account, id);
CREATE TABLE log(
    seq INTEGER PRIMARY KEY, account TEXT NOT NULL, time_ms INTEGER, number INTEGER,
    message TEXT, state TEXT, next_ms INTEGER, reply TEXT, error TEXT
);
CREATE INDEX log_accounts ON log(account, time_ms, number);
CREATE TABLE dead(
    account TEXT, time_ms INTEGER, number INTEGER, message TEXT, reply TEXT,
    PRIMARY KEY (account, time_ms, number)
) WITHOUT ROWID;
"""
TABLES = ("marks", "settings", "messages", "log", "dead")

Row = Sequence[object]


class QueueFile:
    """An open file; new and empty if there was none.

    Raises ScenarioError when it is in use, or is none of ours.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            # The world is made on one thread and lives on another, never on both at a time.
            self._database = sqlite3.connect(
                path, timeout=1.0, isolation_level=None, check_same_thread=False
            )
            self._open()
        except sqlite3.Error as error:
            if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
                why = "another thrice keeps its queue there"
            else:
                why = str(error)
            raise ScenarioError(f"the queue can not be kept in {path}: {why}") from error
        self._began = False

    def _open(self) -> None:
        database = self._database
        # Nobody else may use it, so no other process has to be told of changes.
        database.execute("PRAGMA locking_mode=EXCLUSIVE")
        (application,) = database.execute("PRAGMA application_id").fetchone()
        (version,) = database.execute("PRAGMA user_version").fetchone()
        known = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if known and application != APPLICATION_ID:
            raise ScenarioError(f"{self.path} is a database, but not one of thrice")
        if known and version != VERSION:
            raise ScenarioError(
                f"{self.path} is of version {version}, this thrice knows {VERSION}: use another "
                "file"
            )
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        database.execute("BEGIN EXCLUSIVE")
        if not known:
            for statement in _TABLES.split(";"):
                database.execute(statement)
            database.execute(f"PRAGMA application_id={APPLICATION_ID}")
            database.execute(f"PRAGMA user_version={VERSION}")
        database.execute("COMMIT")

    def read(self, question: str, *values: object) -> Iterable[Row]:
        """The rows that answer a SELECT."""
        return self._database.execute(question, values)

    def do(self, statement: str, *values: object) -> None:
        """Change something, with the next `commit`."""
        self._begin()
        self._database.execute(statement, values)

    def do_all(self, statement: str, rows: Iterable[Row]) -> None:
        """Change something for each row, with the next `commit`."""
        self._begin()
        self._database.executemany(statement, rows)

    def commit(self) -> None:
        """Have everything since the last one take effect at once."""
        if self._began:
            self._began = False
            self._database.execute("COMMIT")

    def clear(self) -> None:
        """Forget everything, with the next `commit`."""
        for table in TABLES:
            self.do(f"DELETE FROM {table}")

    def close(self) -> None:
        """Let go of the file. What was not committed is lost."""
        self._database.close()

    def _begin(self) -> None:
        if not self._began:
            self._began = True
            self._database.execute("BEGIN")
