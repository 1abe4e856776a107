"""What exists at the platform besides people and their messages, so that a bot can name it: the
comments, files and conversations of one account.
"""

from emulator.chance import Chance
from emulator.meta.comments import Comments
from emulator.meta.graph.media import Media
from emulator.meta.graph.thread_control import ThreadControl
from emulator.meta.graph.threads import Threads


class Nodes:
    """Filled by whatever happens on the platform, read by the Graph API. All of it is bounded."""

    def __init__(self, chance: Chance) -> None:
        self.comments = Comments()
        self.media = Media(chance)
        self.threads = Threads()
        self.control = ThreadControl()
