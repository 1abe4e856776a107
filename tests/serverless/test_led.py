"""The variables that lead a process to a proxy: all that runtimes heed, and what the profile says
itself before them.
"""

from emulator.serverless.led import leading_to

FILE = "/tmp/bot/authority.pem"


def test_proxy_and_authority__are_named_in_every_way_that_is_heeded() -> None:
    led = leading_to(4711, FILE)
    assert {name for name, value in led.items() if value == "http://127.0.0.1:4711"} == {
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "ALL_PROXY",
        "https_proxy",
        "http_proxy",
        "all_proxy",
    }
    assert {name for name, value in led.items() if value == FILE} == {
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "NODE_EXTRA_CA_CERTS",
        "DENO_CERT",
        "AWS_CA_BUNDLE",
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    }
    assert led["NO_PROXY"] == led["no_proxy"] == "127.0.0.1,localhost,::1"
    assert led["THRICE_CONNECT"] == "4711"


def test_what_is_given_already__stays_in_either_case() -> None:
    led = leading_to(4711, FILE, given=["https_proxy", "NODE_EXTRA_CA_CERTS"])
    assert not {"HTTPS_PROXY", "https_proxy", "NODE_EXTRA_CA_CERTS"} & set(led)
    assert led["SSL_CERT_FILE"] == FILE
