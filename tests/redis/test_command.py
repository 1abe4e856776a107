"""Names, keys and accesses of commands."""

import pytest

from emulator.call import Access
from emulator.kernel import Kernel
from emulator.redis import Asker, Keyspace
from emulator.redis.command import ALL, access_of, blocks, joined, keys_of, name_of, verb_of
from emulator.redis.engine import described


def words(text: str) -> list[bytes]:
    return [word.encode() for word in text.split(" ")]


@pytest.mark.parametrize(
    ("text", "name", "verb"),
    [
        ("GET k", b"get", "get"),
        ("set k v NX", b"set", "set nx"),
        ("SET k nx", b"set", "set"),
        ("Script Load x", b"script load", "script load"),
    ],
)
def test_name(text: str, name: bytes, verb: str) -> None:
    assert name_of(words(text)) == name
    assert verb_of(words(text)) == verb


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("GET k", "k"),
        ("MSET a 1 b 2", "a b"),
        ("DEL a b c", "a b c"),
        ("EVAL return 2 a b x", "a b"),
        ("EVALSHA ff 1 a", "a"),
        ("ZUNIONSTORE to 2 a b WEIGHTS 1 2", "to a b"),
        ("ZUNION 2 a b", "a b"),
        ("XREAD COUNT 1 STREAMS a b 0 0", "a b"),
        ("SORT a STORE b", "a b"),
        ("BLPOP a b 0", "a b"),
        ("BRPOPLPUSH a b 0", "a b"),
        ("SUBSTR k 0 1", "k"),
        ("PING", ""),
    ],
)
def test_keys(text: str, keys: str) -> None:
    found = keys_of(words(text), described(words(text)))
    assert found == [key.encode() for key in keys.split()]


@pytest.mark.parametrize("text", ["KEYS *", "FLUSHDB", "DBSIZE", "SCAN 0"])
def test_keys__are_all_of_them(text: str) -> None:
    assert keys_of(words(text), described(words(text))) is None


def test_access__of_a_read_and_a_write() -> None:
    reading, writing = words("GET k"), words("SET k v")
    assert access_of(reading, described(reading)) == Access("get", frozenset({"redis:k", ALL}))
    assert access_of(writing, described(writing)) == Access(
        "set", reads=frozenset({ALL}), writes=frozenset({"redis:k"})
    )


def test_access__of_what_touches_everything_meets_every_other() -> None:
    everything = access_of(words("FLUSHALL"), described(words("FLUSHALL")))
    script = access_of(words("EVAL return 0"), described(words("EVAL return 0")))
    assert everything.writes == script.writes == {ALL}


def test_access__of_a_lone_command_in_a_pipeline_is_its_own() -> None:
    parts = [access_of(words(text), described(words(text))) for text in ("GET a", "SET b 1")]
    assert joined("pipeline", parts[:1]).verb == "get"
    both = joined("pipeline", parts)
    assert both.verb == "pipeline"
    assert both.writes == {"redis:b"}
    assert "redis:a" in both.reads


def test_what_waits_for_something_to_come() -> None:
    assert blocks(words("BLPOP list 0"))
    assert blocks(words("XREAD BLOCK 0 STREAMS s $"))
    assert not blocks(words("XREAD STREAMS s 0"))


def test_what_is_changed_was_said_to_be_written() -> None:
    keys = Keyspace(Kernel())
    line = keys.line()
    for text in (
        "SET a 1", "APPEND a x", "SETEX a 5 y", "GETSET a z", "GETDEL a", "MSET a 1 b 2",
        "MSETNX c 1 d 2", "INCR a", "DECRBY a 2", "INCRBYFLOAT a 1.5", "SETNX e 1",
        "SETRANGE e 0 x",
        "SETBIT f 7 1", "DEL a b", "UNLINK c", "EXPIRE d 50", "PERSIST d", "RENAME d a", "COPY a b",
        "SADD s 1 2 3", "SREM s 1", "SMOVE s t 2", "SPOP s", "SADD s 4", "SUNIONSTORE u s t",
        "HSET h f 1", "HINCRBY h f 2", "HDEL h f", "HSETNX h g 1", "RPUSH l 1 2 3", "LPOP l",
        "LMOVE l m LEFT RIGHT", "LPUSH l 9", "LTRIM l 0 1", "LSET l 0 x", "RPOPLPUSH l m",
        "BLPOP l 0", "LMPOP 2 l m LEFT", "ZADD z 1 a 2 b", "ZINCRBY z 1 a", "ZPOPMIN z",
        "ZUNIONSTORE y 1 z", "ZREM z b", "XADD x 1-1 f v", "XTRIM x MAXLEN 0", "SORT u STORE v",
        "PFADD p a", "EVAL return(redis.call('SET',KEYS[1],1)) 1 k", "GEOADD g 1 1 m",
        "HEXPIRE h 50 FIELDS 1 g", "GETEX k EX 5", "FLUSHALL",
    ):  # fmt: skip
        access = keys.access(words(text))
        keys.execute(line, words(text), Asker("t", "rest"))
        wrote = set(keys.oplog.rows[-1].wrote)
        assert wrote <= access.writes or access.writes == {ALL}, text
