"""URL groups, which the API calls topics: names for several endpoints."""

from dataclasses import dataclass, field

from emulator.exchange import Headers
from emulator.qstash.plan import Plan
from emulator.qstash.refusal import Refused


@dataclass(slots=True)
class Endpoint:
    """An address, and the name that it goes by, if any."""

    url: str
    name: str = ""


@dataclass(slots=True)
class UrlGroup:
    """One group. `headers` count for each publish to it that does not say otherwise."""

    name: str
    created_ms: int
    updated_ms: int
    endpoints: list[Endpoint] = field(default_factory=list)
    headers: Headers = ()


class UrlGroups:
    """The groups of one account, in the order in which they were made."""

    __slots__ = ("_groups", "_plan")

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._groups: dict[str, UrlGroup] = {}

    def find(self, name: str) -> UrlGroup | None:
        return self._groups.get(name)

    def put_back(self, group: UrlGroup) -> None:
        """Add a group of an earlier time."""
        self._groups[group.name] = group

    def all(self) -> list[UrlGroup]:
        return list(self._groups.values())

    def upsert(self, name: str, endpoints: list[Endpoint], now_ms: int) -> None:
        """Add endpoints; one of the same name or URL takes on what is new.

        Raises Refused (412) when the plan has no room, and then nothing has changed.
        """
        group = self._groups.get(name)
        merged = [Endpoint(one.url, one.name) for one in group.endpoints] if group else []
        for new in endpoints:
            known = next((one for one in merged if new.name and one.name == new.name), None)
            if known is None:
                known = next((one for one in merged if one.url == new.url), None)
            if known is None:
                merged.append(Endpoint(new.url, new.name))
            else:
                known.url, known.name = new.url, new.name or known.name
        most = self._plan.max_endpoints_per_topic
        if len(merged) > most:
            raise Refused(412, f"quota maxEndpointsPerTopic exceeded, current limit: {most}")
        self._save(name, now_ms).endpoints = merged

    def remove(self, name: str, endpoints: list[Endpoint], now_ms: int) -> bool:
        """Take out what has one of these URLs or names; without a last one the group is gone.

        False when there is no such group.
        """
        group = self._groups.get(name)
        if group is None:
            return False
        urls = {one.url for one in endpoints if one.url}
        names = {one.name for one in endpoints if one.name}
        group.endpoints = [
            one for one in group.endpoints if one.url not in urls and one.name not in names
        ]
        group.updated_ms = now_ms
        if not group.endpoints:
            del self._groups[name]
        return True

    def set_headers(self, name: str, headers: Headers, now_ms: int) -> bool:
        """Set what publishes to the group have by default; False when there is no such group."""
        group = self._groups.get(name)
        if group is None:
            return False
        group.headers = headers
        group.updated_ms = now_ms
        return True

    def delete(self, name: str) -> None:
        """Messages that were published already are still delivered."""
        self._groups.pop(name, None)

    def _save(self, name: str, now_ms: int) -> UrlGroup:
        group = self._groups.get(name)
        if group is None:
            if len(self._groups) >= self._plan.max_topics:
                most = self._plan.max_topics
                raise Refused(412, f"quota maxTopics exceeded, current limit: {most}")
            group = self._groups[name] = UrlGroup(name, now_ms, now_ms)
        group.updated_ms = now_ms
        return group
