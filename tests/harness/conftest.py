"""Fixtures for tests that certify many bots of one folder."""

from collections.abc import Iterator
from functools import cache

import pytest

from harness.identity import identify


@pytest.fixture(scope="module")
def files_read_once() -> Iterator[None]:
    """Read the files of each root once, for modules whose certificates are not about them: of the
    whole checkout that takes as long as two checks.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.certify.identify", cache(identify))
        yield
