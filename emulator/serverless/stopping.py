"""Stopping a bot's processes between two requests, as a host does that freezes them."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from emulator.net import wall
from emulator.serverless.asleep import ThreadWatch

# How long to wait until every thread has stopped (real seconds). It takes microseconds; a parent
# that waits for its vfork child to become another program stops only after that has.
STOP_LIMIT_S = 0.25
# Between two looks at threads that have not stopped yet (real seconds).
LOOK_EVERY_S = 0.00005
# Times that the tree is followed anew because of processes that came up in the meantime.
ROUNDS = 5
# Of a command that is shown.
SHOWN_CHARACTERS = 120


class Stopper(Protocol):
    """Stops and continues the processes of one bot. Both may be asked for again."""

    @property
    def escaped(self) -> tuple[str, ...]:
        """The commands of processes that have left the session that the bot was started in."""

    def stop(self) -> None:
        """Returns when none of them runs."""

    def go_on(self) -> None:
        """Let them run again."""


class TreeStopper:
    """Stops every process that a watch follows, in whatever group or session it is (Linux).

    The `keeper` keeps the others, and must stay awake; they were started in its session.
    """

    def __init__(self, watch: ThreadWatch, keeper: int) -> None:
        self._watch = watch
        self._keeper = keeper
        self._groups: tuple[int, ...] = ()
        self._escaped: dict[str, None] = {}

    @property
    def escaped(self) -> tuple[str, ...]:
        return tuple(self._escaped)

    def stop(self) -> None:
        known: set[int] = set()
        for _ in range(ROUNDS):
            pids = self._watch.pids() - {self._keeper}
            if pids == known:
                return
            known = pids
            self._groups = tuple(self._groups_of(pids))
            self._signal(signal.SIGSTOP)
            self._await_stop()
            self._look_for_escaped(pids)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    # -- inside

    def _groups_of(self, pids: set[int]) -> dict[int, None]:
        groups: dict[int, None] = {}
        for pid in sorted(pids):
            with suppress(OSError):
                group = os.getpgid(pid)
                # Nobody is in the keeper's own group who did not go there on purpose.
                if group != self._keeper:
                    groups[group] = None
        return groups

    def _look_for_escaped(self, pids: set[int]) -> None:
        """Only of stopped ones: one that is just becoming another program has no command yet."""
        for pid in sorted(pids):
            with suppress(OSError):
                if os.getsid(pid) != self._keeper and (command := _command_of(pid)):
                    self._escaped[command] = None

    def _signal(self, number: signal.Signals) -> None:
        for group in self._groups:
            # Gone by now, or another user's: a program that changes who runs it.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, number)

    def _await_stop(self) -> None:
        until = wall.monotonic() + STOP_LIMIT_S
        while not self._watch.stopped() and wall.monotonic() < until:
            wall.pause(LOOK_EVERY_S)


class ToldStopper:
    """Has the process that keeps the bot stop its group, where the system does not tell which
    processes there are. A process that has left the group runs on.
    """

    escaped: tuple[str, ...] = ()

    def __init__(self, tell: Callable[[bytes], None]) -> None:
        self._tell = tell

    def stop(self) -> None:
        self._tell(b"stop\n")

    def go_on(self) -> None:
        self._tell(b"cont\n")


def _command_of(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read(4096).split(b"\0")
    except OSError:
        return ""
    text = " ".join(word.decode("utf-8", "replace") for word in words if word)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 3] + "..."
