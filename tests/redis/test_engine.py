"""What is relied on of fakeredis, whose inner parts are used: answers, time, chance, births."""

import random

import pytest
from fakeredis._commands import SUPPORTED_COMMANDS

from emulator.redis import Members, Refusal, Silent, Status, Value
from emulator.redis.engine import Engine, Line, described
from emulator.redis.values import NO_LIST, Pairs


def ask(line: Line, *words: str | int, at: float = 1_000.0, seed: int = 1) -> Value:
    encoded = [str(word).encode() for word in words]
    return line.execute(encoded, unix=at, stream=lambda: random.Random(seed))


@pytest.fixture
def line() -> Line:
    return Engine().line()


def test_claim__is_made_once(line: Line) -> None:
    assert ask(line, "SET", "k", "v", "NX", "EX", 10) == Status("OK")
    assert ask(line, "SET", "k", "w", "NX", "EX", 10) is None
    assert ask(line, "GET", "k") == b"v"


def test_key__expires_by_the_time_that_is_given(line: Line) -> None:
    ask(line, "SET", "k", "v", "EX", 10)
    assert ask(line, "TTL", "k", at=1_004.0) == 6
    assert ask(line, "EXISTS", "k", at=1_009.9) == 1
    assert ask(line, "EXISTS", "k", at=1_010.1) == 0
    assert ask(line, "TIME", at=1_234.5) == [b"1234", b"500000"]


def test_key_that_expired_and_came_again__is_new() -> None:
    engine = Engine()
    line, keys = engine.line(), engine.keys()
    keys.moment = 1
    ask(line, "SET", "k", "v", "EX", 10)
    keys.moment = 2
    ask(line, "SET", "k", "w", "NX", at=1_011.0)
    assert keys.born == {b"k": 2}
    ask(line, "DEL", "k", at=1_012.0)
    assert keys.born == {}


def test_chance__is_the_one_that_is_given(line: Line) -> None:
    ask(line, "SADD", "s", *range(50))
    drawn = [ask(line, "SRANDMEMBER", "s", 5, seed=seed) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_members__come_in_an_order_of_their_own(line: Line) -> None:
    ask(line, "SADD", "s", "c", "a", "b")
    assert ask(line, "SMEMBERS", "s") == Members([b"a", b"b", b"c"])


def test_error__keeps_its_prefix(line: Line) -> None:
    ask(line, "SET", "k", "v")
    assert ask(line, "EVALSHA", "0" * 40, 0) == Refusal(
        "NOSCRIPT No matching script. Please use EVAL."
    )
    assert ask(line, "SADD", "k", "m") == Refusal(
        "WRONGTYPE Operation against a key holding the wrong kind of value"
    )
    assert ask(line, "NOPE", "a", "b") == Refusal(
        "ERR unknown command 'NOPE', with args beginning with: 'a' 'b' "
    )


def test_script__reads_and_writes(line: Line) -> None:
    script = "redis.call('SET', KEYS[1], ARGV[1]); return {redis.call('GET', KEYS[1]), 7}"
    assert ask(line, "EVAL", script, 1, "k", "v") == [b"v", 7]


def test_transaction__is_not_done_when_a_watched_key_was_written() -> None:
    engine = Engine()
    one, other = engine.line(), engine.line()
    ask(one, "WATCH", "k")
    ask(other, "SET", "k", "theirs")
    ask(one, "MULTI")
    assert ask(one, "SET", "k", "ours") == Status("QUEUED")
    assert ask(one, "EXEC") == NO_LIST
    assert ask(other, "GET", "k") == b"theirs"


def test_hello__names_the_protocol_and_a_redis(line: Line) -> None:
    greeting = ask(line, "HELLO", 3)
    assert isinstance(greeting, Pairs)
    assert (greeting.items[b"server"], greeting.items[b"proto"]) == (b"redis", 3)
    assert line.protocol == 3
    assert ask(line, "CLIENT", "SETINFO", "LIB-NAME", "x") == Status("OK")


def test_info__says_that_nothing_is_loading(line: Line) -> None:
    answer = ask(line, "INFO")
    assert isinstance(answer, bytes)
    assert b"loading:0\r\n" in answer
    assert ask(line, "INFO", "replication") == (
        b"# Replication\r\nrole:master\r\nconnected_slaves:0\r\n"
    )


def test_blocking_command__waits_for_nobody(line: Line) -> None:
    assert ask(line, "BLPOP", "list", 0) == NO_LIST


def test_command_without_an_answer__says_so(line: Line) -> None:
    with pytest.raises(Silent, match=r"^client reply$"):
        ask(line, "CLIENT", "REPLY", "OFF")


def test_copy__goes_its_own_way() -> None:
    engine = Engine()
    line = engine.line()
    ask(line, "SADD", "s", "a")
    ask(line, "SET", "k", "v", "EX", 10)
    twin = engine.copied().line()
    ask(line, "SADD", "s", "b")
    assert ask(twin, "SMEMBERS", "s") == Members([b"a"])
    assert ask(twin, "EXISTS", "k", at=1_011.0) == 0


def test_commands__are_known_by_name() -> None:
    found = described([b"MGET", b"a", b"b"])
    assert found is not None
    assert (found.writes, found.fixed, found.repeated) == (False, (True,), (True,))
    assert described([b"NOPE"]) is None


def test_names_of_ours__are_none_of_commands() -> None:
    ours = {name for name in vars(Line) if not name.startswith("_")}
    assert ours & set(SUPPORTED_COMMANDS) == set()


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("KEYS", "*"), [b"k"]),
        (("LPOP", "none", 2), NO_LIST),
        (("LPOP", "none"), None),
        (("SET", "k", "v", "EX", 0), Refusal("ERR invalid expire time in 'set' command")),
    ],
)
def test_answers_are_those_of_a_server(
    line: Line, words: tuple[str | int, ...], answer: Value
) -> None:
    ask(line, "SET", "k", "v")
    assert ask(line, *words) == answer
