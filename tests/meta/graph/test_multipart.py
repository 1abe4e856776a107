"""Forms with files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.meta.graph.multipart import Upload, read_multipart
from emulator.meta.graph.parameters import read_parameters, read_uploads

FORM = (
    b'--b0\r\nContent-Disposition: form-data; name="recipient"\r\n\r\n{"id":"7"}'
    b'\r\n--b0\r\nContent-Disposition: form-data; name="filedata"; filename="a b.png"\r\n'
    b"Content-Type: image/png\r\n\r\n\x89PNG\r\n--x\r\n"
    b"\r\n--b0--\r\n"
)
FILE = Upload("filedata", "a b.png", "image/png", b"\x89PNG\r\n--x\r\n")


@pytest.mark.parametrize(
    "content_type", ["multipart/form-data; boundary=b0", 'multipart/form-data; boundary="b0"']
)
def test_multipart__values_and_files(content_type: str) -> None:
    assert read_multipart(content_type, FORM) == ({"recipient": '{"id":"7"}'}, [FILE])


def test_multipart__beside_parameters_of_the_query() -> None:
    content_type = "multipart/form-data; boundary=b0"

    assert read_parameters("a=1", content_type, FORM) == {"a": "1", "recipient": '{"id":"7"}'}
    assert read_uploads(content_type, FORM) == (FILE,)


def test_multipart__a_file_without_a_type() -> None:
    body = b"--x\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\nabc\r\n--x--"

    assert read_multipart("multipart/form-data; boundary=x", body) == (
        {},
        [Upload("file", "a", "application/octet-stream", b"abc")],
    )


def test_multipart__nothing_counts_behind_its_end() -> None:
    body = FORM + b'Content-Disposition: form-data; name="x"\r\n\r\n1'

    assert "x" not in read_multipart("multipart/form-data; boundary=b0", body)[0]


def test_multipart__no_file_in_other_bodies() -> None:
    assert read_uploads("application/json", b'{"a":1}') == ()
    assert read_multipart("multipart/form-data", FORM) == ({}, [])


@given(st.binary(max_size=200), st.sampled_from([b"", b"--b0\r\n", b"\r\n--b0\r\n", FORM]))
def test_multipart__raises_on_no_input(noise: bytes, beginning: bytes) -> None:
    read_multipart("multipart/form-data; boundary=b0", beginning + noise)
