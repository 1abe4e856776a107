"""The database of a world: what is noted, what is new, what a replica has not heard of."""

import importlib

import pytest

from emulator.call import Access
from emulator.errors import ScenarioError
from emulator.kernel import Kernel
from emulator.redis import Asker, Keyspace, Members, Refusal, Status, load
from emulator.redis.command import ALL, Words

ASKER = Asker("u0.w0#0", "rest", "i0", "u0.w0#0")


def words(*each: str | int) -> Words:
    return [str(one).encode() for one in each]


@pytest.fixture
def keys() -> Keyspace:
    return Keyspace(Kernel())


def test_nothing_is_made_before_it_is_used(keys: Keyspace) -> None:
    assert keys.created_since(keys.mark(), "seen:") == []
    assert keys._engine is None


def test_operation__is_noted(keys: Keyspace) -> None:
    line = keys.line()
    keys.execute(line, words("SET", "k", "v", "NX"), ASKER)
    keys.execute(line, words("SET", "k", "v", "NX"), ASKER)
    keys.execute(line, words("INCR", "k"), ASKER)
    rows = [(row.verb, row.keys, row.wrote, row.result) for row in keys.oplog.rows]
    assert rows == [
        ("set nx", ("redis:k",), ("redis:k",), "OK"),
        ("set nx", ("redis:k",), (), "OK"),
        ("incr", ("redis:k",), (), "ERR"),
    ]
    assert {(row.instance, row.caller, row.surface) for row in keys.oplog.rows} == {
        ("i0", "u0.w0#0", "rest")
    }


def test_time__is_the_worlds(keys: Keyspace) -> None:
    keys.ask("SET", "k", "v", "EX", 60)
    keys._kernel.clock.move_to(59.0)
    assert keys.ask("TTL", "k") == 1
    keys._kernel.clock.move_to(61.0)
    assert keys.ask("GET", "k") is None


def test_chance__is_the_worlds_and_does_not_depend_on_order() -> None:
    def drawn(*causes: str) -> dict[str, object]:
        keys = Keyspace(Kernel(seed=7))
        keys.ask("SADD", "s", *range(100))
        line = keys.line()
        command = words("SRANDMEMBER", "s", 3)
        return {cause: keys.execute(line, command, Asker(cause, "rest")) for cause in causes}

    assert drawn("a", "b") == drawn("b", "a")
    assert len({str(each) for each in drawn("a", "b").values()}) == 2


def test_worlds__share_nothing() -> None:
    one, other = Keyspace(Kernel()), Keyspace(Kernel())
    one.ask("SET", "k", "v")
    assert other.ask("GET", "k") is None


def test_transaction__is_done_as_a_whole(keys: Keyspace) -> None:
    line = keys.line()
    done = keys.execute_together(line, [words("SET", "x", 1), words("INCR", "x")], ASKER)
    assert done == [Status("OK"), 2]
    wrong = keys.execute_together(line, [words("SET", "x", 9), words("INCR")], ASKER)
    assert wrong == Refusal("EXECABORT Transaction discarded because of previous errors.")
    assert keys.ask("GET", "x") == b"2"
    assert [row.wrote for row in keys.oplog.rows][:2] == [("redis:x",), ("redis:x",)]


def test_created_since__tells_new_keys_by_their_beginning(keys: Keyspace) -> None:
    keys.ask("SET", "seen:old", 1)
    mark = keys.mark()
    for key in ("seen:b", "other", "seen:a", "seen:gone"):
        keys.ask("SET", key, 1)
    keys.ask("SET", "seen:old", 2)
    keys.ask("DEL", "seen:gone")
    assert keys.created_since(mark, "seen:") == ["seen:b", "seen:a"]


def test_created_since__tells_what_a_set_of_that_name_holds(keys: Keyspace) -> None:
    mark = keys.mark()
    keys.ask("SADD", "seen", "b", "a")
    assert keys.created_since(mark, "seen") == ["a", "b"]


def test_created_since__leaves_out_what_has_expired(keys: Keyspace) -> None:
    mark = keys.mark()
    keys.ask("SET", "seen:a", 1, "EX", 10)
    keys._kernel.clock.move_to(11.0)
    assert keys.created_since(mark, "seen:") == []


def test_put__stores_by_kind(keys: Keyspace) -> None:
    keys.put("text", "t")
    keys.put("list", [1, "b"])
    keys.put("hash", {"a": 1})
    assert keys.ask("GET", "text") == b"t"
    assert keys.ask("LRANGE", "list", 0, -1) == [b"1", b"b"]
    assert keys.ask("HGET", "hash", "a") == b"1"
    with pytest.raises(ScenarioError, match=r"^none can not be stored: Redis keeps nothing that"):
        keys.put("none", None)


def test_replica__has_not_heard_of_the_last_writes(keys: Keyspace) -> None:
    keys.ask("SET", "before", 1)
    keys.lag_behind(2)
    for number in (1, 2, 3):
        keys.ask("SADD", "s", number)
    assert keys.read_stale(words("SMEMBERS", "s"), ASKER) == Members([b"1"])
    assert keys.read_stale(words("GET", "before"), ASKER) == b"1"
    assert keys.ask("SCARD", "s") == 3
    assert (keys.position, keys.replicated) == (4, 2)
    assert [row.stale for row in keys.oplog.rows][-3:] == [True, True, False]


def test_replica__does_what_was_drawn_as_it_was_drawn(keys: Keyspace) -> None:
    keys.lag_behind(0)
    keys.ask("SADD", "s", *range(20))
    keys.lag_behind(1)
    taken = keys.ask("SPOP", "s")
    keys.ask("SET", "later", 1)
    assert isinstance(taken, bytes)
    assert keys.read_stale(words("SISMEMBER", "s", taken.decode()), ASKER) == 0
    assert keys.read_stale(words("SCARD", "s"), ASKER) == 19


def test_access__of_a_script_by_its_hash_meets_whoever_loads_it(keys: Keyspace) -> None:
    script = "return 1"
    first = keys.access(words("EVAL", script, 1, "k"))
    by_hash = keys.access(words("EVALSHA", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db", 1, "k"))
    assert first.writes & by_hash.reads == {
        "redis:/script/e0e1f9fabfc9d4800c877a703b823ac0578ff8db"
    }
    keys.ask("EVAL", script, 0)
    assert keys.access(words("EVAL", script, 1, "k")).writes == {"redis:k"}


def test_access__of_nothing(keys: Keyspace) -> None:
    assert keys.access([]) == Access("invalid")
    assert keys.access(words("NOPE")).writes == {ALL}


def test_what_is_not_installed__is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError("no fakeredis", name="fakeredis")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(
        ScenarioError, match=r"^a Redis store needs fakeredis: pip install 'thrice\[redis\]'$"
    ):
        load()
