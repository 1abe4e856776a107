"""Which app has a conversation; Messenger docs, "Handover Protocol"."""

# The inbox of a page is an app, too; Messenger docs, "Webhook Events Reference", handovers.
INBOX_APP_ID = "263902037430900"


class ThreadControl:
    """The owners of conversations. Grows by the conversations that the bot does not have."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}

    def owner(self, person: str) -> str | None:
        """The app that has the conversation with this person, None while the bot's own has it."""
        return self._owners.get(person)

    def give(self, person: str, app_id: str) -> None:
        self._owners[person] = app_id

    def take(self, person: str) -> None:
        """The bot's own app has it now."""
        self._owners.pop(person, None)
