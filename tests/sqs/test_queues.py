"""Queues: their addresses, attributes and tags, and what concerns several messages of one."""

import json

import pytest

from emulator.errors import ScenarioError
from emulator.exchange import Request
from emulator.sqs import FIFO_URL, QUEUE_URL, Sqs
from emulator.sqs.settings import ARN_BASE
from tests.sqs.support import Bench, asking


def test_visibility__of_several_at_once() -> None:
    bench = Bench()
    bench.send("one")
    bench.send("two")
    entries = [
        {"Id": f"{number}", "ReceiptHandle": one["ReceiptHandle"], "VisibilityTimeout": 0}
        for number, one in enumerate(bench.receive())
    ]
    done = bench.ask("ChangeMessageVisibilityBatch", Entries=[*entries, {"Id": "none"}])
    assert [one["Id"] for one in done["Successful"]] == ["0", "1"]
    assert [(one["Id"], one["Code"]) for one in done["Failed"]] == [("none", "MissingParameter")]
    assert bench.got() == ["one", "two"]


def test_address__is_of_the_host_that_was_asked() -> None:
    bench = Bench()
    sqs = Sqs(bench.kernel, origins=["http://127.0.0.1:8080"])
    asked = asking("GetQueueUrl", QueueName="thrice")
    at_port = Request("POST", "http://127.0.0.1:8080/", asked.headers, asked.body)
    assert sqs.claims(at_port)
    told = [json.loads(sqs.handle(one).body)["QueueUrl"] for one in (asked, at_port)]
    assert told == [QUEUE_URL, "http://127.0.0.1:8080/123456789012/thrice"]
    # Whatever the host says, the name is what counts.
    assert bench.got(told[1]) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DelaySeconds", "901"),
        ("VisibilityTimeout", "43201"),
        ("VisibilityTimeout", "-1"),
        ("VisibilityTimeout", "1.5"),
        ("MessageRetentionPeriod", "59"),
        ("ReceiveMessageWaitTimeSeconds", "21"),
        ("MaximumMessageSize", "1023"),
        ("RedrivePolicy", "{}"),
        ("RedrivePolicy", '{"deadLetterTargetArn":"arn:aws:sns:x","maxReceiveCount":1}'),
    ],
)
def test_attributes__have_ranges(name: str, value: str) -> None:
    bench = Bench()
    assert bench.refused("SetQueueAttributes", Attributes={name: value}) == (
        "InvalidAttributeValue",
        f"Invalid value for the parameter {name}.",
    )


def test_attributes__unknown() -> None:
    bench = Bench()
    refusal = ("InvalidAttributeName", "Unknown Attribute Colour.")
    assert bench.refused("SetQueueAttributes", Attributes={"Colour": "red"}) == refusal
    assert bench.refused("GetQueueAttributes", AttributeNames=["Colour"]) == refusal


def test_attributes__of_fifo_queues_only() -> None:
    bench = Bench()
    attributes = {"ContentBasedDeduplication": "true"}
    assert bench.refused("SetQueueAttributes", Attributes=attributes) == (
        "InvalidAttributeName",
        "You can specify the ContentBasedDeduplication only when FifoQueue is set to true.",
    )
    bench.ask("SetQueueAttributes", FIFO_URL, Attributes=attributes)
    told = bench.ask("GetQueueAttributes", FIFO_URL, AttributeNames=list(attributes))
    assert told["Attributes"] == attributes


def test_dead_letters__of_a_fifo_queue_go_to_one() -> None:
    bench = Bench()
    policy = {"deadLetterTargetArn": ARN_BASE + "thrice-dead", "maxReceiveCount": 3}
    attributes = {"RedrivePolicy": json.dumps(policy)}
    code, _ = bench.refused("SetQueueAttributes", FIFO_URL, Attributes=attributes)
    assert code == "InvalidAttributeValue"
    bench.ask("SetQueueAttributes", Attributes=attributes)


@pytest.mark.parametrize("name", ["no spaces", "a" * 81, "", "a.fifo.fifo", "x.fifo"])
def test_name__has_to_be_right(name: str) -> None:
    # The last is that of a FIFO queue, which has to be said.
    code, _ = Bench().refused("CreateQueue", QueueName=name)
    assert code in ("InvalidParameterValue", "MissingParameter")


def test_tags__are_kept() -> None:
    bench = Bench()
    bench.ask("TagQueue", Tags={"a": "1", "b": "2"})
    bench.ask("UntagQueue", TagKeys=["a"])
    assert bench.ask("ListQueueTags") == {"Tags": {"b": "2"}}


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b'{"QueueUrl":7}'])
def test_body__that_says_nothing_is_refused(body: bytes) -> None:
    bench = Bench()
    asked = asking("ReceiveMessage")
    reply = bench.sqs.handle(Request("POST", asked.url, asked.headers, body))
    assert reply.status == 400
    assert json.loads(reply.body)["__type"] == "com.amazonaws.sqs#SerializationException"


def test_mapping__is_one_for_each_queue() -> None:
    bench = Bench()
    bench.mapped()
    with pytest.raises(ScenarioError, match=r"^the queue thrice is mapped already$"):
        bench.mapped()
    with pytest.raises(ScenarioError, match=r"^the queue other does not exist$"):
        bench.mapped("other")


def test_redelivery__of_what_is_not_done() -> None:
    bench = Bench()
    bench.mapped()
    sent = bench.send("one", DelaySeconds=60)
    with pytest.raises(ScenarioError, match=rf"^message {sent} is not done, so it can't come aga"):
        bench.sqs.redeliver(sent)
    bench.run()
    with pytest.raises(ScenarioError, match=rf"^message {sent} is not under way, so no answer c"):
        bench.sqs.lose_answer(sent)
