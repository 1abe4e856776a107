"""Whether the app hears of the page at present, and of what; as shown and set at
`/{page-id}/subscribed_apps`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args

from emulator.errors import ScenarioError
from emulator.meta.graph import Refusal, invalid
from emulator.meta.parameters import clean, parse_json
from emulator.meta.subscription import Field

# The platform stopped telling an app that did not listen, or the app asked for that.
Stop = Literal["disabled", "unsubscribed"]

APP_NAME = "Fake App"


@dataclass(slots=True, eq=False)
class Subscribed:
    """The subscription of one app to one page; shared by everything that would tell the app."""

    fields: frozenset[Field]
    stopped: Stop | None = None

    def tells_of(self, field: Field) -> bool:
        """Whether there would be a notification; while the subscription is stopped it is lost."""
        return field in self.fields

    def listing(self, *, app_id: str, link: str) -> Mapping[str, object]:
        """`{"data":[{"category","link","name","id","subscribed_fields"}]}`; no such app while it
        is stopped."""
        if self.stopped is not None:
            return {"data": []}
        app = {
            "category": "Business",
            "link": link,
            "name": APP_NAME,
            "id": app_id,
            "subscribed_fields": sorted(self.fields),
        }
        return {"data": [app]}


def check_app_id(app_id: str, fields: Iterable[Field]) -> None:
    """Raises ScenarioError when echoes are subscribed by an app whose id is not a number."""
    if "message_echoes" in fields and not (app_id.isascii() and app_id.isdecimal()):
        raise ScenarioError(f"app_id must be digits, echoes carry it as a number: {app_id}")


def read_subscribed_fields(
    parameters: Mapping[str, object] | None,
) -> frozenset[Field] | Refusal:
    """The `subscribed_fields` of a request: comma-separated, or a JSON list."""
    asked = parameters.get("subscribed_fields") if parameters is not None else None
    if isinstance(asked, str):
        asked = parse_json(asked) if asked.strip().startswith("[") else asked.split(",")
    if not isinstance(asked, list) or not asked:
        return invalid("The parameter subscribed_fields is required")
    known = get_args(Field)
    for number, name in enumerate(asked):
        if not isinstance(name, str) or name.strip() not in known:
            return invalid(
                f"Param subscribed_fields[{number}] must be one of {', '.join(known)} - got "
                f"{clean(str(name))}"
            )
    return frozenset(cast(Field, name.strip()) for name in asked)
