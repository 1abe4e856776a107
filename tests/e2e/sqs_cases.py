"""What the vendor's own client for Python makes of a fake SQS, case by case; `node_sqs/cases.mjs`
plays the same cases.
"""

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError


def refusal(act: Callable[[], object]) -> list[str]:
    """The code of an error; empty when there was none."""
    try:
        act()
    except ClientError as error:
        return [error.response["Error"]["Code"]]
    return []


def play(client: Any) -> dict[str, Any]:
    return {**_messages(client), **_batches(client), **_dead_letters(client), **_fifo(client)}


def _taken(client: Any, url: str, **options: Any) -> list[Any]:
    found = client.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        MessageAttributeNames=["All"],
        MessageSystemAttributeNames=["All"],
        **options,
    )
    return list(found.get("Messages", []))


def _bodies(client: Any, url: str, **options: Any) -> list[str]:
    return sorted(one["Body"] for one in _taken(client, url, **options))


def _messages(client: Any) -> dict[str, Any]:
    told: dict[str, Any] = {}
    url = client.create_queue(QueueName="plain")["QueueUrl"]
    told["url"] = client.get_queue_url(QueueName="plain")["QueueUrl"] == url
    told["no queue"] = refusal(lambda: client.get_queue_url(QueueName="other"))
    attributes = {
        "kind": {"DataType": "String", "StringValue": "x"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\0\1"},
    }
    sent = client.send_message(QueueUrl=url, MessageBody="hé", MessageAttributes=attributes)
    told["sent"] = [sent["MD5OfMessageBody"], sent["MD5OfMessageAttributes"]]
    client.send_message(QueueUrl=url, MessageBody="late", DelaySeconds=900)
    (first,) = _taken(client, url, VisibilityTimeout=0)
    told["same"] = first["MessageId"] == sent["MessageId"]
    told["raw"] = list(first["MessageAttributes"]["raw"]["BinaryValue"])
    told["system"] = sorted(first["Attributes"])
    (again,) = _taken(client, url)
    told["count"] = again["Attributes"]["ApproximateReceiveCount"]
    told["hidden"] = _bodies(client, url)
    told["counts"] = _counts(client, url)
    handle = again["ReceiptHandle"]
    client.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    (latest,) = _taken(client, url)
    client.delete_message(QueueUrl=url, ReceiptHandle=latest["ReceiptHandle"])
    told["deleted"] = _counts(client, url)
    told["no handle"] = refusal(lambda: client.delete_message(QueueUrl=url, ReceiptHandle="x"))
    told["too late"] = refusal(
        lambda: client.send_message(QueueUrl=url, MessageBody="x", DelaySeconds=901)
    )
    told["bad"] = refusal(lambda: client.send_message(QueueUrl=url, MessageBody="\0"))
    told["too many"] = refusal(lambda: client.receive_message(QueueUrl=url, MaxNumberOfMessages=11))
    client.purge_queue(QueueUrl=url)
    told["purged"] = _counts(client, url)
    return told


def _counts(client: Any, url: str) -> list[str]:
    names = [f"ApproximateNumberOfMessages{name}" for name in ("", "NotVisible", "Delayed")]
    found = client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return [found[name] for name in names]


def _batches(client: Any) -> dict[str, Any]:
    told: dict[str, Any] = {}
    url = client.create_queue(QueueName="batches")["QueueUrl"]
    entries = [{"Id": f"e{number}", "MessageBody": f"{number}"} for number in range(3)]
    done = client.send_message_batch(QueueUrl=url, Entries=entries)
    told["batch"] = sorted(one["Id"] for one in done["Successful"])
    for name, wrong in (
        ("empty", []),
        ("eleven", [{"Id": f"e{number}", "MessageBody": "x"} for number in range(11)]),
        ("twice", [{"Id": "e", "MessageBody": "x"}] * 2),
    ):
        told[name] = refusal(lambda: client.send_message_batch(QueueUrl=url, Entries=wrong))  # noqa: B023
    handles = [
        {"Id": f"h{number}", "ReceiptHandle": one["ReceiptHandle"]}
        for number, one in enumerate(_taken(client, url))
    ]
    gone = client.delete_message_batch(
        QueueUrl=url, Entries=[*handles, {"Id": "none", "ReceiptHandle": "x"}]
    )
    told["gone"] = sorted(one["Id"] for one in gone["Successful"])
    told["not gone"] = [one["Id"] for one in gone.get("Failed", [])]
    return told


def _dead_letters(client: Any) -> dict[str, Any]:
    dead = client.create_queue(QueueName="dead")["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]
    policy = {"deadLetterTargetArn": arn["QueueArn"], "maxReceiveCount": 2}
    url = client.create_queue(
        QueueName="redriven", Attributes={"RedrivePolicy": json.dumps(policy)}
    )["QueueUrl"]
    client.send_message(QueueUrl=url, MessageBody="poison")
    seen = [_bodies(client, url, VisibilityTimeout=0) for _ in range(3)]
    sources = client.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"]
    return {"seen": seen, "dead": _bodies(client, dead), "sources": sources == [url]}


def _fifo(client: Any) -> dict[str, Any]:
    told: dict[str, Any] = {}
    url = client.create_queue(QueueName="order.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]

    def send(body: str, group: str, dedup: str) -> Any:
        return client.send_message(
            QueueUrl=url, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=dedup
        )

    first = send("a1", "a", "1")
    send("a2", "a", "2")
    send("b1", "b", "3")
    again = send("a1", "a", "1")
    told["same id"] = again["MessageId"] == first["MessageId"]
    told["same place"] = again["SequenceNumber"] == first["SequenceNumber"]
    found = client.receive_message(QueueUrl=url, MaxNumberOfMessages=1)["Messages"]
    told["first"] = [one["Body"] for one in found]
    told["others"] = _bodies(client, url)
    client.delete_message(QueueUrl=url, ReceiptHandle=found[0]["ReceiptHandle"])
    (after,) = _taken(client, url)
    told["after"] = after["Body"]
    client.delete_message(QueueUrl=url, ReceiptHandle=after["ReceiptHandle"])
    send("a1", "a", "1")
    told["remembered"] = _bodies(client, url)
    told["no group"] = refusal(lambda: client.send_message(QueueUrl=url, MessageBody="x"))
    told["no dedup"] = refusal(
        lambda: client.send_message(QueueUrl=url, MessageBody="x", MessageGroupId="a")
    )
    return told
