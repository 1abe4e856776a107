"""The variables by which the runtimes of a bot are led to a proxy, and trust what it shows them."""

from collections.abc import Iterable

# In the folder of a bot's process: the certificate of the authority that made the proxy's.
AUTHORITY_FILE = "authority.pem"
# What is on this machine is reached directly.
DIRECT = "127.0.0.1,localhost,::1"

_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
# Each names a file of certificates that its reader trusts.
_AUTHORITIES = (
    "SSL_CERT_FILE",  # OpenSSL, and with it Python, Ruby, PHP and Rust; Go (crypto/x509); .NET
    "REQUESTS_CA_BUNDLE",  # requests docs, "SSL Cert Verification"
    "CURL_CA_BUNDLE",  # curl(1)
    "NODE_EXTRA_CA_CERTS",  # Node docs, "Command-line API"; Bun too
    "DENO_CERT",  # Deno docs, "Environment variables"
    "AWS_CA_BUNDLE",  # AWS SDKs, "General configuration"
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",  # gRPC docs, "Environment variables"
)
# Tools around a bot that ask a host of their own for news; the bot does not need the answer.
_SILENCED = {
    "NEXT_TELEMETRY_DISABLED": "1",  # Next.js docs, "Telemetry"
    "NPM_CONFIG_UPDATE_NOTIFIER": "false",  # npm docs, "config"
    "DO_NOT_TRACK": "1",
}


def leading_to(port: int, authority_file: str, *, given: Iterable[str] = ()) -> dict[str, str]:
    """The variables for a proxy at this port of loopback, but for those that are `given` already,
    in upper or lower case.

    What the machine itself has for the same purpose must not be seen beside them.
    """
    proxies = dict.fromkeys(_PROXIES, f"http://127.0.0.1:{port}") | {"NO_PROXY": DIRECT}
    variables = {
        **_SILENCED,
        **proxies,
        **{name.lower(): value for name, value in proxies.items()},
        **dict.fromkeys(_AUTHORITIES, authority_file),
        "THRICE_CONNECT": str(port),
    }
    said = {name.upper() for name in given}
    return {name: value for name, value in variables.items() if name.upper() not in said}
