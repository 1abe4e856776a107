"""What exists at the platform besides messages: all of it is bounded."""

import pytest

from emulator.chance import Chance
from emulator.kernel import Kernel
from emulator.meta import Messenger
from emulator.meta.comments import KEEP_COMMENTS, Comments
from emulator.meta.graph.media import KEEP_BYTES, KEEP_FILES, Media
from emulator.meta.graph.personas import KEEP_PERSONAS, Personas
from emulator.meta.graph.thread_control import ThreadControl
from emulator.meta.graph.threads import KEEP_LINES, SHOWN_MESSAGES, Threads
from emulator.meta.graph.uploads import KEEP_UPLOADS, Uploads


def test_comments__the_oldest_are_forgotten() -> None:
    comments = Comments()
    for number in range(KEEP_COMMENTS + 1):
        comments.wrote(str(number), "ada", at=0.0)

    assert comments.find("0") is None
    assert comments.find("1") is not None


def test_media__the_oldest_are_forgotten() -> None:
    media = Media(Chance(0))
    first = media.received("first", "image")
    second = media.received("second", "image")
    for number in range(KEEP_FILES - 1):
        media.received(str(number), "sticker")

    assert media.find(first.id) is None
    assert media.find(second.id) == second


def test_media__no_more_bytes_than_that() -> None:
    media = Media(Chance(0))
    half = bytes(KEEP_BYTES // 2)
    files = [media.keep(name, "video", half, mime_type="video/mp4") for name in ("a", "b", "c")]

    assert [media.find(file.id) is not None for file in files] == [False, True, True]
    assert media.remove(files[1].id)
    assert not media.remove(files[1].id)
    again = media.keep("d", "video", half, mime_type="video/mp4")
    assert media.find(files[2].id) is not None
    assert media.find(again.id) is not None


def test_media__ids_follow_from_names() -> None:
    assert Media(Chance(1)).received("a", "image").id == Media(Chance(1)).received("a", "audio").id
    assert Media(Chance(1)).received("a", "image").id != Media(Chance(2)).received("a", "image").id


def test_uploads__the_oldest_are_forgotten() -> None:
    uploads = Uploads(Chance(0))
    ids = [uploads.keep({"type": "image"}, name=f"f{n}") for n in range(KEEP_UPLOADS + 1)]

    assert len(set(ids)) == len(ids)
    assert uploads.find(ids[0]) is None
    assert uploads.find(ids[1]) is not None


def test_personas__the_oldest_are_forgotten() -> None:
    personas = Personas(Chance(0))
    ids = [
        personas.make("Zoe", "https://a.example", drawn_by=f"p{number}")
        for number in range(KEEP_PERSONAS + 1)
    ]

    assert personas.find(ids[0]) is None
    assert len(personas.all()) == KEEP_PERSONAS


def test_threads__the_latest_of_all_and_of_each() -> None:
    threads = Threads()
    threads.wrote("bo", "m_bo", "hi", at=0.0)
    for number in range(KEEP_LINES - 1):
        threads.wrote("ada", f"m_{number}", "hi", at=1.0)
    assert list(threads.conversations()) == ["ada", "bo"]
    assert len(threads.conversations()["ada"]) == SHOWN_MESSAGES
    threads.answered("ada", "m_last", "hi", at=2.0)

    assert list(threads.conversations()) == ["ada"]
    assert threads.conversations()["ada"][0].by_account
    assert threads.find("m_bo") is None


def test_thread_control__is_the_bots_until_it_is_given_away() -> None:
    control = ThreadControl()
    assert control.owner("ada") is None
    control.give("ada", "7")
    assert control.owner("ada") == "7"
    control.take("ada")
    control.take("ada")
    assert control.owner("ada") is None


@pytest.mark.parametrize("people", [1, 200])
def test_engaged__who_did_something_of_late(people: int) -> None:
    messenger = Messenger(Kernel(), callback_url="https://bot.example/hook")
    contacts = messenger.contacts
    for number in range(people):
        contacts.wrote(f"u{number}", f"p{number}", at=float(number))
    contacts.wrote("again", "p0", at=float(people))

    assert contacts.engaged(-1.0) == people
    assert contacts.engaged(people - 1.0) == 1
    assert contacts.engaged(people) == 0
