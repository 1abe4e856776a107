"""JSON that nobody vouches for: whatever it holds, asking for a part of it never fails."""

import json
from typing import Any


def load(body: bytes) -> dict[str, Any]:
    """The object in a body; an empty one when it holds something else."""
    try:
        return mapping(json.loads(body))
    except (ValueError, RecursionError):  # bad UTF-8 and endless digits are ValueErrors too
        return {}


def mapping(value: object) -> dict[str, Any]:
    """The object itself; an empty one in the place of anything else."""
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[dict[str, Any]]:
    """The objects in an array, without what else is in it; none when it is no array."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
