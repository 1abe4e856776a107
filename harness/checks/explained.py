"""Each check in words: what it does, what it expects, why it exists. `thrice checks` and the
documentation read them here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from harness.checks.catalogue import Check
from harness.profile import Bot, Expect, Profile, RateLimits

# What a failure does to the certificate; `hard or note` depends on what was found.
Weight = Literal["hard", "note", "hard or note"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """`does` is what happens in the world, `expected` what has to come of it, `why` what goes wrong
    in production without it, `way_out` where a bot that passes is shown.
    """

    does: str
    expected: str
    why: str
    weight: Weight = "hard"
    way_out: str = ""


# The profile of a bot that has nothing and promises nothing.
_BARE = Profile(
    bot=Bot(app="bot:app", consumer=None),
    store=None,
    expect=Expect(publishes=0, replies=0),
    limits=RateLimits(messages_per_user_minute=None),
)


def needs_of(check: Check) -> str:
    """What a profile has to hold for a check; empty when every bot can be judged by it."""
    return check.needs(_BARE) or ""


def live_of(check: Check) -> str:
    """What is different where the bot runs live; empty when nothing is."""
    if check.live is not None:
        return f"not judged, it needs {check.live}"
    left_out = " and ".join(f'"{run}"' for run in check.scenario.waits)
    return f"without {left_out}: there the bot would wait on its own clock" if left_out else ""


EXPLAINED: Mapping[str, Explanation] = {
    "ten-rapid": Explanation(
        does="One user writes ten messages within a second. Each webhook is delivered three "
        "times, at once, staggered and shuffled, to several instances.",
        expected="As many publishes for each message as the contract says (one), and none else.",
        why="Two copies that both find no record both publish. The difference between checking "
        "and claiming in one atomic step is invisible until copies arrive together.",
        way_out="Claim each message in one step, and lose none: docs/claim-once.md.",
    ),
    "dedup-records": Explanation(
        does="The same ten messages; then the collection of dedup records is counted.",
        expected="One new record for each message, whatever its id.",
        why="Fewer records than messages mean that a late copy will be taken for a new message; "
        "more mean that copies are not recognised as copies.",
    ),
    "queue-ledger": Explanation(
        does="The same ten messages; then the queue's own events and dead letters are read, "
        "through the API behind its dashboard.",
        expected="As many messages created as the contract says, the same ones delivered, none "
        "waiting, none dead.",
        why="What the queue counts is what is billed, and what stays in it is not over.",
    ),
    "one-reply": Explanation(
        does="The same ten messages; then what the platform was asked to send is read.",
        expected="Each message answered as often as the contract says (once), to its own writer.",
        why="A message can be published once and answered twice, or never: users see replies, "
        "not publishes.",
    ),
    "quiet-day": Explanation(
        does="After the ten messages 24 hours of virtual time pass.",
        expected="No further publish, delivery or record.",
        why="A loop with a delay looks finished in every test that ends with the last reply.",
    ),
    "quiet-week": Explanation(
        does="Seven days of virtual time pass, with every retry table run to its end.",
        expected="No further publish, delivery or record, and nothing pending that could cause "
        "one.",
        why="Retries of a queue reach over hours; what is still pending then will be delivered "
        "on a day when nobody looks.",
    ),
    "no-growth": Explanation(
        does="1, 2, 4 and 8 overlapping messages, of one user and of as many users.",
        expected="Never more publishes than the contract allows for the messages; amplification "
        "and the reproduction number R are printed.",
        why="Cascades of several messages can feed one another, so that a bot which is right for "
        "one message burns its plan with eight.",
    ),
    "no-loop": Explanation(
        does="Follows the chain of causes behind every delivery of these runs.",
        expected="No delivery arrives at a route that one of its ancestors came from.",
        why="A job that posts to the bot's own webhook starts the next job: one message became "
        "1,667 in a month, because nothing ended the circle.",
    ),
    "echo-safe": Explanation(
        does="Users write, read and react, with every field subscribed, so that the bot is told of "
        "its own sends, by echoes or on WhatsApp by statuses, of receipts, reactions, stand-by "
        "events, and of what else is no message: handovers, what was taken back, errors.",
        expected="Neither a publish nor a reply because of these; the messages are handled as "
        "ever.",
        why="A bot that takes the echo of its reply for a message answers itself, for ever.",
    ),
    "late-duplicate": Explanation(
        does="The same webhook comes again after 1 second, 1 minute, 11 minutes and 59 minutes, "
        "with another time in it; on WhatsApp also after a day and a half and after almost a week, "
        "and once together with a newer message.",
        expected="As many publishes and replies as if it had come once.",
        why="The queue forgets a deduplication id after ten minutes; the platform repeats for an "
        "hour, WhatsApp for a week.",
    ),
    "consumer-retry": Explanation(
        does="The queue delivers a message again, because the answer was lost and because the "
        "first attempt died.",
        expected="One reply, no new publish.",
        why="Queues promise to deliver at least once. A consumer that is not idempotent answers "
        "twice whenever an answer is lost on its way.",
    ),
    "race-k2": Explanation(
        does="Explores the orders in which two copies can interleave, call by call.",
        expected="No order in which the contract is broken.",
        why="A race that needs one order among hundreds passes every test that tries one.",
    ),
    "race-k3": Explanation(
        does="Explores the orders in which three copies can interleave, call by call.",
        expected="No order in which the contract is broken.",
        why="Some races need a third copy: it meets the record that the first has written and "
        "the second is about to overwrite.",
    ),
    "fault-1": Explanation(
        does="Makes each single call of the bot fail in each way it can, one failure a run.",
        expected="No message lost, none answered twice beyond what can not be avoided.",
        why="Code behind a failed call is the code that tests run least.",
        weight="hard or note",
    ),
    "cold-instances": Explanation(
        does="The copies of a webhook go to one, two and three instances in every combination, "
        "the queue's delivery to yet another; instances are replaced in between.",
        expected="As many publishes and replies as on one instance.",
        why="What a process remembers is gone, or elsewhere, with the next request.",
    ),
    "freeze-safe": Explanation(
        does="The instance is frozen after each response, and thawed by nothing but its next "
        "request; at the end whatever has work left is thawed once more, to see what it wanted. "
        "Then one message after the other, with the newest of a request's calls answered first: "
        "what is not awaited is then still without an answer at the response.",
        expected="No call arrives after a response, and none was still unanswered then.",
        why="A serverless host stops the process at the response: a publish that nobody awaited "
        "happens on a laptop, and never in production. Where it waits for the application call "
        "instead, background tasks of the response are safe: see [host] kind.",
    ),
    "instance-killed": Explanation(
        does="The instance dies at each step of the handler; the platform delivers again.",
        expected="No message lost, none answered twice beyond what can not be avoided.",
        why="A record that is written before the work is done makes the retry look like a copy.",
        weight="hard or note",
    ),
    "ack-deadline": Explanation(
        does="The ten messages, with healthy services.",
        expected="Every webhook answered within 5 seconds; on WhatsApp with 200, not another "
        "success.",
        why="The platform repeats what is answered late, and turns a webhook off that stays "
        "late: slow answers make duplicates.",
    ),
    "queue-hangs": Explanation(
        does="The queue does not answer for 120 seconds, in which a user writes as well as before "
        "and after; in one run it accepts what it is sent, in the other it does not.",
        expected="Every webhook answered within 5 seconds; at most 6 calls to the queue in one "
        "delivery; afterwards every message handled, none twice.",
        why="Without a time limit of its own the handler waits until the host ends it.",
    ),
    "queue-refuses": Explanation(
        does="The queue refuses connections for 120 seconds, in which a user writes as well as "
        "before and after.",
        expected="Every webhook answered within 5 seconds; at most 6 calls to the queue in one "
        "delivery; afterwards every message handled, none twice.",
        why="A webhook acknowledged after a failed publish is a message lost for good.",
    ),
    "queue-429": Explanation(
        does="The queue is over its limit and answers 429 for 120 seconds, in which a user writes "
        "as well as before and after.",
        expected="Every webhook answered within 5 seconds; at most 6 calls to the queue in one "
        "delivery; afterwards every message handled, none twice.",
        why="Retrying at once what was refused for being too much makes it more.",
    ),
    "queue-401": Explanation(
        does="The queue rejects the token for 120 seconds, in which a user writes as well as "
        "before and after.",
        expected="Every webhook answered within 5 seconds; at most 6 calls to the queue in one "
        "delivery; afterwards every message handled, none twice.",
        why="A rotated token must cost retries of the platform, not messages.",
    ),
    "store-down": Explanation(
        does="For 120 seconds, from the moment in which the first reply is sent, the dedup store "
        "is unavailable; in further runs its answers to writes get lost, or it does not answer.",
        expected="Every webhook answered within 5 seconds; at most 6 calls to the store in one "
        "delivery; no publish without a dedup decision, of which a deduplication id is one; "
        "afterwards every message handled, none twice.",
        why="A bot that publishes when it can not look up its records multiplies just when "
        "everything is slow; one that can not note its reply must not send it again.",
    ),
    "store-quota": Explanation(
        does="The dedup store is over its request limit for 120 seconds, from the moment in which "
        "the first reply is sent.",
        expected="Every webhook answered within 5 seconds; at most 6 calls to the store in one "
        "delivery; no publish without a dedup decision, of which a deduplication id is one; "
        "afterwards every message handled, none twice.",
        why="A store at its limit once made every reply fail; and deduplication with it.",
    ),
    "send-fails": Explanation(
        does="For 120 seconds the platform's send call fails, or is rate-limited; in a further run "
        "the first reply to each message is accepted, and the answer never comes.",
        expected="Every message answered in the end; at most 6 calls to the platform in one "
        "delivery; two replies, which is a note, only where an answer got lost.",
        why="A reply that failed once is a user who waits for ever, unless the queue tries again.",
        weight="hard or note",
    ),
    "handshake": Explanation(
        does="The platform subscribes the webhook, with the right verify token and with a wrong "
        "one.",
        expected="The challenge for the right token; a refusal without it for the wrong one.",
        why="Without the first no message ever arrives; without the second anybody can subscribe "
        "the webhook.",
    ),
    "webhook-signature": Explanation(
        does="Webhooks arrive without a signature, with a wrong, truncated or foreign one, and "
        "with a body that was altered after signing, beside genuine ones of unusual spelling.",
        expected="Only the genuine ones have effects; the forged ones are refused, without a "
        "server error.",
        why="The address of a webhook is no secret: without the signature anybody makes the bot "
        "work.",
    ),
    "queue-signature": Explanation(
        does="The consumer is called unsigned, with forged, expired and foreign tokens, and with "
        "an altered body; then the signing keys are rotated.",
        expected="Only what the queue signed has effects, also with the next key after a "
        "rotation; the rest is refused, without a server error.",
        why="Whoever can call the consumer can send replies in the bot's name.",
    ),
    "hostile-input": Explanation(
        does="Signed bodies of every kind that no platform would send: empty, no JSON, deep, "
        "huge, of wrong types; items of every kind that the platform tells of, as they are and "
        "with parts altered; and generated ones. Those that fail are shrunk.",
        expected="No server error, no publish, no reply; ordinary messages work afterwards.",
        why="The platform repeats what fails for an hour, and turns off a webhook that keeps "
        "failing. The queue, too, brings what the bot never publishes: an older release's "
        "messages, from retries and dead letters, or those of whoever shares its signing keys.",
    ),
    "rate-limit": Explanation(
        does="One user writes 30 messages within a minute, at least half as many again as the "
        "limit.",
        expected="Never more replies in any 60 seconds than the profile promises; the rest is "
        "handled as it says in `excess`, none is lost, and none is published more often.",
        why="One user with a script must not cost what a hundred users do.",
    ),
    "breaker": Explanation(
        does="Many users write one message each: most of what an hour has room for at once; more "
        "than the rest of it, as long before that hour ends as the breaker takes to recover; and "
        "a few when it has.",
        expected="Never more accepted publishes in any hour than the profile promises; after "
        "recovery, and the longest wait between redeliveries of the platform, everybody is "
        "answered.",
        why="The breaker is what limits the bill of a bug that no check has found.",
    ),
    "plan-budget": Explanation(
        does="Scales the queue's deliveries, which are billed, seen for one of the ten messages to "
        "the profile's messages a month, spread evenly.",
        expected="Fits the plan; printed with the day on which its limit would be reached.",
        why="A bot can be right and still not fit the plan that pays for it.",
        weight="note",
    ),
    "under-load": Explanation(
        does="The scenario at many users in parallel.",
        expected="Every count still exact; percentiles are printed.",
        why="Contention changes the order of things.",
    ),
}
