"""What a proxy took in that is no HTTP: refused, and put on record with the way out."""

import pytest

from emulator.call import Call
from emulator.delivery import Delivery, Invocation
from emulator.exchange import Failure, Outcome, Request
from emulator.gate import Gate
from emulator.kernel import Kernel
from emulator.stubs import OtherProtocols, Stub, StubService


def tried(url: str) -> tuple[Kernel, list[Outcome]]:
    """A world in which a bot did no more than this, and what it was told."""
    kernel, told = Kernel(), list[Outcome]()
    stubs = StubService(kernel, [Stub(host="db.example.net")])
    gate = Gate(kernel, (OtherProtocols(kernel), stubs))
    delivery = Delivery(
        name="u0.w0",
        kind="probe",
        due=0.0,
        build=lambda: Request("POST", "https://bot/"),
        on_outcome=lambda outcome: None,
        timeout_s=1.0,
    )
    invocation = Invocation(delivery, delivery.build(), "i0", 0, 0.0)
    call: Call = gate.arrive(
        invocation, Request("CONNECT", url), timeout_s=None, deliver_outcome=told.append
    )
    assert call in invocation.parked
    while kernel.run_step(None):
        pass
    return kernel, told


@pytest.mark.parametrize(
    ("url", "name", "detail"),
    [
        (
            "tls://qstash.upstash.io:443/TLSV1_ALERT_UNKNOWN_CA",
            "unsupported",
            {
                "service": "qstash.upstash.io",
                "what": "TLS with a client that does not trust the certificates of this run "
                "(TLSV1_ALERT_UNKNOWN_CA); have it trust the file that SSL_CERT_FILE names, or "
                "take the address from its environment",
            },
        ),
        ("tcp://db.example.net:5432/", "unknown-host", {"host": "db.example.net:5432"}),
    ],
)
def test_other_protocol__is_refused_and_named(
    url: str, name: str, detail: dict[str, object]
) -> None:
    kernel, told = tried(url)
    assert [type(outcome) for outcome in told] == [Failure]
    found = [(entry.name, dict(entry.detail)) for entry in kernel.journal.entries("finding")]
    assert found == [(name, detail)]


def test_unknown_host__leaves_its_caller_waiting_for_the_refusal() -> None:
    kernel, told = tried("https://unknown.example.net/")
    assert told == [Failure("refused", "unknown.example.net is not part of this world")]
    (finding,) = kernel.journal.entries("finding")
    assert (finding.name, dict(finding.detail)) == ("unknown-host", {"host": "unknown.example.net"})
