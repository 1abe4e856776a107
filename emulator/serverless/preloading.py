"""The way into a bot's Node processes: a script that they load before the bot's own code."""

from collections.abc import Mapping
from pathlib import Path

SCRIPT = Path(__file__).parent / "preload" / "main.cjs"
# Each asks the script for one of its parts.
VARIABLES = ("THRICE_BACKGROUND", "THRICE_CONNECT", "THRICE_CLOCK")


def with_preload(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment, with the script in NODE_OPTIONS when a part of it is asked for.

    What NODE_OPTIONS holds already stays, after it.
    """
    variables = dict(environment)
    if any(variables.get(name) for name in VARIABLES):
        # Node splits the variable at spaces, unless quoted (Node docs, "NODE_OPTIONS").
        quoted = str(SCRIPT).replace("\\", "\\\\").replace('"', '\\"')
        options = variables.get("NODE_OPTIONS", "")
        variables["NODE_OPTIONS"] = f'--require "{quoted}"' + (f" {options}" if options else "")
    return variables
