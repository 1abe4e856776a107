from emulator.firestore.oplog import (
    KEEP_PATHS,
    Billed,
    OpLog,
    billed_for_reading,
    billed_for_writing,
)
from emulator.firestore.writes import Delete, Update, Write


def test_billing__finding_nothing_costs_one_read() -> None:
    assert billed_for_reading(0) == Billed(reads=1)
    assert billed_for_reading(7) == Billed(reads=7)


def test_billing__counts_writes_and_deletes_apart() -> None:
    writes: list[Write] = [Update("a", {}), Delete("b"), Update("c", {})]
    assert billed_for_writing(writes) == Billed(writes=2, deletes=1)


def test_oplog__keeps_the_last_rows_and_the_sum_of_all() -> None:
    log = OpLog(keep=3)
    for at in range(10):
        log.note("get", [f"d{at}"], time=float(at), billed=Billed(reads=1))
    assert [row.seq for row in log.rows] == [7, 8, 9]
    assert log.billed == Billed(reads=10)
    assert log.count == 10


def test_oplog__bounds_the_paths_of_a_row() -> None:
    row = OpLog().note("commit", [f"d{at}" for at in range(500)], time=0.0)
    assert len(row.paths) == KEEP_PATHS
