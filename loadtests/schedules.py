"""How many schedules the explorer runs in a second of CPU time, and as ratios to the same schedules
without an explorer: handlers driven in a known order, nothing chosen, named, noted or judged.

The handlers are models (three copies of a webhook, in memory), so the figures are the explorer's
own. CPU time and not wall time, because machines are shared. Last figures, every order: 65,000 a
second for check, set, publish and 55,000 for the lock that is read back; the goal is 20,000.
"""

from time import process_time

from harness.explore.bounded import Preemptions
from harness.explore.complete import EveryOrder, SleepSets
from harness.explore.execution import Execution
from harness.explore.search import Policy, Search
from tests.explore._models import CHECK_PUBLISH_SET, CHECK_SET_PUBLISH, READ_BACK, Bot, Model

ROUNDS = 5
COPIES = 3
NAMES = tuple(f"w{number}" for number in range(COPIES))
MODES: tuple[tuple[str, Policy], ...] = (
    ("every order", EveryOrder()),
    ("sleep sets", SleepSets()),
    ("2 preemptions", Preemptions(2)),
)

# Which handler moves next, and so on.
Order = tuple[int, ...]


def search(bot: Bot, policy: Policy) -> tuple[int, float]:
    """Executions and CPU seconds of a whole search."""
    model = Model(bot, COPIES)
    started = process_time()
    found, _ = Search(policy=policy).run(model)
    return found.executions, process_time() - started


def orders(bot: Bot, policy: Policy) -> list[Order]:
    """What a search executes, in its order. Each is there once."""
    seen: list[Order] = []

    def note(execution: Execution) -> tuple[()]:
        seen.append(tuple(NAMES.index(move.task) for move in execution.moves))
        return ()

    Search(policy=policy, facts=note).run(Model(bot, COPIES))
    return seen


def handlers_alone(bot: Bot, schedules: list[Order]) -> float:
    """CPU seconds to have the handlers make the same calls against a dict."""
    started = process_time()
    for order in schedules:
        store: dict[str, str] = {}
        handlers = [bot.webhook(name) for name in NAMES]
        asks = [next(handler) for handler in handlers]
        for number in order:
            verb, key, value = asks[number]
            answer = None
            if verb == "get":
                answer = store.get(key)
            elif verb == "set":
                store[key] = value
            try:
                asks[number] = handlers[number].send(answer)
            except StopIteration:
                continue
    return process_time() - started


def main() -> None:
    print(f"{'':34}{'executions':>11}{'per second':>12}{'handlers alone':>16}{'ratio':>7}")
    for name, bot in (
        ("check, set, publish", CHECK_SET_PUBLISH),
        ("check, publish, set", CHECK_PUBLISH_SET),
        ("set, read back, publish", READ_BACK),
    ):
        for mode, policy in MODES:
            schedules = orders(bot, policy)
            repeats = max(2_000 // len(schedules), 1)
            alone = min(handlers_alone(bot, schedules * repeats) for _ in range(ROUNDS))
            searched = min(
                sum(search(bot, policy)[1] for _ in range(repeats)) for _ in range(ROUNDS)
            )
            count = len(schedules) * repeats
            print(
                f"{name + ', ' + mode:38}{len(schedules):7,}{count / searched:12,.0f}"
                f"{count / alone:16,.0f}{searched / alone:7.1f}"
            )


if __name__ == "__main__":
    main()
