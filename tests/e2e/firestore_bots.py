"""Bots whose store is Firestore by Google's clients, in processes of their own."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

from harness.certificate import Certificate
from harness.certify import certify
from harness.profile import load_profile
from tests.e2e.firestore_support import NODE_FOLDER

COMMANDS = {
    "node": "node bot.mjs",
    "python": f"{sys.executable} {Path(__file__).parent / 'firestore' / 'bot.py'}",
}


def judged(
    *only: str, kind: Literal["node", "python"] = "node", at_home: bool = False
) -> Certificate:
    """The certificate of a bot, whose BUG is in the environment. It is told where the store is,
    unless it is to find it `at_home`, at the service's own address.
    """
    profile = load_profile(NODE_FOLDER / "thrice.toml")
    env = dict(profile.bot.env)
    if at_home:
        del env["FIRESTORE_EMULATOR_HOST"]
        env["GOOGLE_APPLICATION_CREDENTIALS"] = "{google.account_file}"
    bot = replace(profile.bot, command=COMMANDS[kind], env=env)
    return certify(replace(profile, bot=bot), root=NODE_FOLDER, only=only)
