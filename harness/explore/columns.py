"""A schedule as a table for people: a row for each step, a column for each delivery."""

from collections.abc import Sequence

from harness.explore.choices import Made
from harness.explore.told import what_came, what_it_does

# Characters; four columns fit on a wide terminal.
WIDTH = 36


def columns(made: Sequence[Made], collection: str = "") -> list[str]:
    """The head, then one line for each move: what the delivery's handler asked for, an arrow, and
    what it was told. Where a call touches several documents, one of `collection` is named.
    """
    tasks = list(dict.fromkeys(one.move.task for one in made))
    cells = [(tasks.index(one.move.task), _cell(one, collection)) for one in made]
    widths = [
        max(len(task), *(len(cell) for place, cell in cells if place == column))
        for column, task in enumerate(tasks)
    ]
    lines = ["step  " + _row(list(enumerate(tasks)), widths)]
    lines += [f"{number:4}  {_row([cell], widths)}" for number, cell in enumerate(cells, 1)]
    return [line.rstrip() for line in lines]


def _cell(one: Made, collection: str) -> str:
    if one.call is None:
        return one.move.signature or "starts"
    does = what_it_does(one.call, collection)
    told = what_came(one.call, one.outcome, one.fault, collection)
    if one.fault and len(f"{does} -> {told}") > WIDTH:
        # Rather the whole of what went wrong than a part of what the bot saw of it.
        told = one.fault
    return _cut(f"{does} -> {told}")


def _row(cells: Sequence[tuple[int, str]], widths: Sequence[int]) -> str:
    held = dict(cells)
    return "  ".join(f"{held.get(column, ''):{width}}" for column, width in enumerate(widths))


def _cut(text: str) -> str:
    return text if len(text) <= WIDTH else text[: WIDTH - 3] + "..."
