"""A schedule as a table for people: a row for each step, a column for each delivery."""

import re
from collections.abc import Mapping, Sequence

from harness.explore.choices import Made
from harness.explore.told import what_came, what_it_does

# Characters; three columns fit on a wide terminal.
WIDTH = 44

_NAME = re.compile(r"(?P<parent>.*)\.(?P<kind>[wqh])(?P<number>\d+)(?P<again>'*\d*)")


def columns(
    made: Sequence[Made], collection: str = "", answers: Mapping[str, str] | None = None
) -> list[str]:
    """The head, then one line for each move: what the delivery's handler asked for, an arrow, and
    what it was told. Where a call touches several documents, one of `collection` is named.

    `answers` is what deliveries were answered, by name: it stands below the last move of each.
    """
    tasks = list(dict.fromkeys(one.move.task for one in made))
    last = {one.move.task: number for number, one in enumerate(made, 1)}
    rows: list[tuple[str, int, str]] = []
    for number, one in enumerate(made, 1):
        task = one.move.task
        place = tasks.index(task)
        rows.append((str(number), place, _cell(one, collection)))
        if last[task] == number and task in (answers or {}):
            rows.append(("", place, f"answers {(answers or {})[task]}"))
    heads = [[*enumerate(tasks)], [(place, title_of(task)) for place, task in enumerate(tasks)]]
    widths = [
        max(
            *(len(text) for head in heads for place, text in head if place == column),
            *(len(text) for _, place, text in rows if place == column),
        )
        for column in range(len(tasks))
    ]
    lines = ["step  " + _row(heads[0], widths), "      " + _row(heads[1], widths)]
    lines += [f"{number:>4}  {_row([(place, text)], widths)}" for number, place, text in rows]
    return [line.rstrip() for line in lines]


def title_of(task: str) -> str:
    """What a delivery is, by its name: `webhook, copy 1`, `queue delivery, tried again`."""
    found = _NAME.fullmatch(task)
    if found is None:
        return ""
    number = int(found["number"]) + 1
    what = {
        "w": f"webhook, copy {number}",
        "q": "queue delivery",
        "h": "the bot's call of itself",
    }[found["kind"]]
    return f"{what}, again" if found["again"] else what


def _cell(one: Made, collection: str) -> str:
    if one.call is None:
        return one.move.signature or "starts"
    does = what_it_does(one.call, collection)
    told = what_came(one.call, one.outcome, one.fault, collection)
    return _cut(f"{does} -> {told}")


def _row(cells: Sequence[tuple[int, str]], widths: Sequence[int]) -> str:
    held = dict(cells)
    return "  ".join(f"{held.get(column, ''):{width}}" for column, width in enumerate(widths))


def _cut(text: str) -> str:
    return text if len(text) <= WIDTH else text[: WIDTH - 3] + "..."
