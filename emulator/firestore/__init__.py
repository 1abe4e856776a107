"""A fake Firestore: the documents, the commits and the REST surface."""

from emulator.firestore.errors import FirestoreError
from emulator.firestore.oplog import Billed, Operation, OpLog
from emulator.firestore.quota import Quota
from emulator.firestore.service import Firestore
from emulator.firestore.store import Committed, Documents, Page
from emulator.firestore.transactions import Concurrency
from emulator.firestore.values import Fields, GeoPoint, Reference, Timestamp, Value
from emulator.firestore.writes import (
    Delete,
    Document,
    Precondition,
    Transform,
    Update,
    Write,
    WriteResult,
)

__all__ = [
    "Billed",
    "Committed",
    "Concurrency",
    "Delete",
    "Document",
    "Documents",
    "Fields",
    "Firestore",
    "FirestoreError",
    "GeoPoint",
    "OpLog",
    "Operation",
    "Page",
    "Precondition",
    "Quota",
    "Reference",
    "Timestamp",
    "Transform",
    "Update",
    "Value",
    "Write",
    "WriteResult",
]
