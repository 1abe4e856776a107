from harness.growth.forest import forest_of
from tests.growth._journal import BACK, HOOK, Journal, loop, tree


def test_forest__puts_deliveries_under_what_caused_them() -> None:
    journal = Journal()
    hook = journal.user()
    publish = journal.publish(hook)
    first, retry = journal.attempt(publish, 1), journal.attempt(publish, 1)
    trigger = journal.trigger(retry, 2)

    nodes = {node.seq: node for node in forest_of(journal.entries).nodes}
    assert {seq: node.parent and node.parent.seq for seq, node in nodes.items()} == {
        hook: None,
        first: hook,
        retry: hook,
        trigger: retry,
    }
    assert [node.type for node in nodes.values()] == [
        (HOOK, "user"),
        (BACK, "queue"),
        (BACK, "queue"),
        (HOOK, "trigger"),
    ]


def test_echo__counts_only_once_the_bot_acts_because_of_it() -> None:
    journal = Journal()
    idle = journal.echo(journal.attempt(journal.publish(journal.user()), 1), 2)
    busy = journal.echo(journal.user(), 1)
    journal.publish(busy)

    counted = [node.seq for node in forest_of(journal.entries).counted()]
    assert idle not in counted
    assert busy in counted


def test_echo__sent_because_of_an_echo_makes_that_one_count() -> None:
    journal = Journal()
    first = journal.echo(journal.user(), 1)
    second = journal.echo(first, 2)

    counted = [node.seq for node in forest_of(journal.entries).counted()]
    assert first in counted
    assert second not in counted


def test_delivery_whose_cause_is_gone__has_no_parent() -> None:
    journal = loop(4)
    kept = journal.entries[6:]
    assert forest_of(kept).nodes[0].parent is None


def test_deliveries_for_nobody__are_left_out() -> None:
    journal = Journal()
    journal.note("delivery", roots=(), kind="probe", route=HOOK)
    assert forest_of(journal.entries).nodes == ()


def test_observed__everything_of_a_message_that_ended() -> None:
    assert all(node.observed for node in forest_of(loop(3).entries).nodes)


def test_observed__not_the_last_generation_of_one_that_was_cut() -> None:
    forest = forest_of(loop(4, cut="generation 4").entries)
    assert [node.observed for node in forest.nodes] == [True] * 4 + [False]


def test_observed__nor_the_one_before_when_the_last_is_not_complete() -> None:
    forest = forest_of(loop(4, cut="2,000 deliveries").entries)
    assert [node.observed for node in forest.nodes] == [True] * 3 + [False] * 2


def test_observed__other_messages_are_whole() -> None:
    journal = loop(2, cut="generation 2")
    other = journal.user("u1")
    nodes = {node.seq: node for node in forest_of(journal.entries).nodes}
    assert nodes[other].observed


def test_observed__an_echo_loop_that_the_platform_ended_is_cut() -> None:
    journal = Journal()
    last = journal.echo(journal.echo(journal.user(), 1), 2)
    journal.note("reply", cause=last)
    journal.note("finding", "echo-loop", limit=3)
    assert [node.observed for node in forest_of(journal.entries).nodes] == [True, True, False]


def test_offspring__is_what_the_alarm_is_told() -> None:
    assert forest_of(tree(3, 2).entries).offspring() == [3, 3, 3, 3]
