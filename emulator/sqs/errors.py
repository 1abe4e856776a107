"""Why a call is refused, as SQS words it."""


class RefusedError(Exception):
    """A call that has no effect. `code` is the name of the error in the JSON protocol,
    `query_code` that of the older protocol, which clients still show.
    """

    def __init__(
        self, code: str, message: str, *, query_code: str = "", http_status: int = 400
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.query_code = query_code or code
        self.http_status = http_status


class NotServedError(Exception):
    """The real service does this, this one does not; the text says what."""


def _of_queues(code: str, message: str, name: str = "") -> RefusedError:
    return RefusedError(code, message, query_code=f"AWS.SimpleQueueService.{name or code}")


def no_queue() -> RefusedError:
    return _of_queues(
        "QueueDoesNotExist", "The specified queue does not exist.", "NonExistentQueue"
    )


def queue_exists(attribute: str) -> RefusedError:
    return RefusedError(
        "QueueNameExists",
        "A queue already exists with the same name and a different value for attribute "
        f"{attribute}",
        query_code="QueueAlreadyExists",
    )


def missing(parameter: str) -> RefusedError:
    return RefusedError(
        "MissingRequiredParameterException",
        f"The request must contain the parameter {parameter}.",
        query_code="MissingParameter",
    )


def invalid(message: str) -> RefusedError:
    return RefusedError(
        "InvalidParameterValueException", message, query_code="InvalidParameterValue"
    )


def invalid_value(value: object, parameter: str, reason: str) -> RefusedError:
    return invalid(f"Value {value} for parameter {parameter} is invalid. Reason: {reason}")


def invalid_attribute(message: str) -> RefusedError:
    return RefusedError("InvalidAttributeName", message)


def invalid_attribute_value(name: str) -> RefusedError:
    return RefusedError("InvalidAttributeValue", f"Invalid value for the parameter {name}.")


def invalid_contents() -> RefusedError:
    return RefusedError(
        "InvalidMessageContents",
        "Invalid binary character was found in the message body, the set of allowed characters is "
        "#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
    )


def bad_handle(handle: str) -> RefusedError:
    return RefusedError(
        "ReceiptHandleIsInvalid",
        f'The input receipt handle "{handle}" is not a valid receipt handle.',
    )


def not_in_flight() -> RefusedError:
    return _of_queues("MessageNotInflight", "The message referred to is not in flight.")


def empty_batch() -> RefusedError:
    return _of_queues("EmptyBatchRequest", "There should be at least one entry in the request.")


def batch_too_large(found: int) -> RefusedError:
    return _of_queues(
        "TooManyEntriesInBatchRequest",
        f"Maximum number of entries per request are 10. You have sent {found}.",
    )


def batch_too_long(most: int, found: int) -> RefusedError:
    return _of_queues(
        "BatchRequestTooLong",
        f"Batch requests cannot be longer than {most} bytes. You have sent {found} bytes.",
    )


def ids_not_distinct(name: str) -> RefusedError:
    return _of_queues("BatchEntryIdsNotDistinct", f"Id {name} repeated.")


def bad_batch_id() -> RefusedError:
    return _of_queues(
        "InvalidBatchEntryId",
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
        "It can be at most 80 letters long.",
    )


def purged_recently(name: str) -> RefusedError:
    return _of_queues(
        "PurgeQueueInProgress",
        f"Only one PurgeQueue operation on {name} is allowed every 60 seconds.",
    )


def deleted_recently() -> RefusedError:
    return _of_queues(
        "QueueDeletedRecently",
        "You must wait 60 seconds after deleting a queue before you can create another with the "
        "same name.",
    )
