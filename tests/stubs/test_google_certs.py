"""Where receivers of identity tokens get the keys."""

import json

import pytest

from emulator.exchange import Request
from emulator.google_signing import GoogleKeys
from emulator.kernel import Kernel
from emulator.stubs import GoogleCerts
from emulator.stubs.google_certs import ORIGIN


@pytest.mark.parametrize("path", ["/oauth2/v1/certs", "/oauth2/v3/certs"])
def test_keys__may_be_kept_for_some_hours(path: str) -> None:
    reply = GoogleCerts(Kernel(), GoogleKeys()).handle(Request("GET", ORIGIN + path))
    assert reply.status == 200
    assert "max-age=21600" in (reply.header("Cache-Control") or "")


def test_keys__change_with_a_rotation() -> None:
    keys = GoogleKeys()
    certs = GoogleCerts(Kernel(), keys)
    before = json.loads(certs.handle(Request("GET", ORIGIN + "/oauth2/v1/certs")).body)
    keys.rotate()
    after = json.loads(certs.handle(Request("GET", ORIGIN + "/oauth2/v1/certs")).body)
    assert len(set(before) & set(after)) == 1


def test_anything_else__is_a_finding() -> None:
    kernel = Kernel()
    reply = GoogleCerts(kernel, GoogleKeys()).handle(Request("GET", ORIGIN + "/calendar/v3"))
    assert reply.status == 501
    (finding,) = kernel.journal.entries("finding")
    assert finding.detail == {"service": "www.googleapis.com", "what": "GET /calendar/v3"}
