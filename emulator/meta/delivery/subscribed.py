"""Whether the app hears of the page at present, and of what; as shown and set at
`/{page-id}/subscribed_apps`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from emulator.errors import ScenarioError
from emulator.meta.graph.addressing import Refusal, invalid
from emulator.meta.graph.parameters import clean, parse_json
from emulator.meta.platform import FIELDS, Field

# The platform stopped telling an app that did not listen, or the app asked for that, or the
# callback that it was saved with did not pass the handshake.
Stop = Literal["disabled", "unsubscribed", "unverified"]

APP_NAME = "Fake App"


@dataclass(slots=True, eq=False)
class Subscribed:
    """The subscription of one app to one account; shared by everything that would tell the app.

    `stopped` is why the account is not the app's to hear of, `mute` why the app has no callback
    that could be told, each None while all is well. `app_fields` are those of the callback, all
    when None.
    """

    fields: frozenset[Field]
    stopped: Stop | None = None
    mute: Stop | None = None
    app_fields: frozenset[str] | None = None

    @property
    def silent(self) -> Stop | None:
        """Why the app is told nothing at present; None when it is."""
        return self.stopped or self.mute

    def tells_of(self, field: Field) -> bool:
        """Whether there would be a notification; while the subscription is stopped it is lost."""
        return field in self.fields and (self.app_fields is None or field in self.app_fields)

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
    parameters: Mapping[str, object] | None, known: Sequence[Field] = FIELDS["messenger"]
) -> frozenset[Field] | Refusal:
    """The `subscribed_fields` of a request: comma-separated, or a JSON list, of those `known`."""
    asked = parameters.get("subscribed_fields") if parameters is not None else None
    if isinstance(asked, str):
        asked = parse_json(asked) if asked.strip().startswith("[") else asked.split(",")
    if not isinstance(asked, list) or not asked:
        return invalid("The parameter subscribed_fields is required")
    for number, name in enumerate(asked):
        if not isinstance(name, str) or name.strip() not in known:
            return invalid(
                f"Param subscribed_fields[{number}] must be one of {', '.join(known)} - got "
                f"{clean(str(name))}"
            )
    return frozenset(cast(Field, name.strip()) for name in asked)
