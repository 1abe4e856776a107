"""Growth: twice the messages are at most twice the publishes, of one user and of many."""

from collections.abc import Sequence

from emulator.journal import Entry
from harness.checks.observed import Judgement, judge_each, plural, publishes
from harness.growth.figures import reproduction
from harness.growth.forest import forest_of
from harness.profile import Profile
from harness.scenarios.overlapping import Overlapping
from harness.verdict import Verdict


def no_growth(profile: Profile, runs: Sequence[Overlapping]) -> Verdict:
    """Never more publishes than the contract allows for the messages, however many overlap."""
    each = profile.expect.publishes

    def judge(run: Overlapping) -> Judgement:
        by_group = [(group, run.made_for(group)) for group in run.groups]
        made, written = run.record.of("publish"), sum(len(one.messages) for one in run.groups)
        evidence: list[str] = []
        entries: list[Entry] = []
        room = 0
        for group, ours in by_group:
            size = len(group.messages)
            # What an instance did late, for a group before, is no growth of this one.
            room += each * size - len(ours)
            if len(ours) > each * size and room < 0:
                evidence.append(
                    f"{plural(size, 'message')} of {plural(group.users, 'user')}: "
                    f"{publishes(len(ours))}, {len(ours) / size:.2f} for each"
                )
                entries += ours
        if not evidence and len(made) > each * written:
            evidence.append(f"{publishes(len(made) - each * written)} too many, for no message")
            entries += made
        if run.cut:
            evidence.append(
                f"{plural(len(run.cut), 'message')} cut by thrice, which would have gone on"
            )
        one = ", ".join(str(len(ours)) for group, ours in by_group if group.users == 1)
        many = ", ".join(str(len(ours)) for group, ours in by_group if group.users > 1)
        return Judgement(
            passed=not evidence,
            expected=f"1, 2, 4, 8 messages of one user and 2, 4, 8 of as many users, at most "
            f"{publishes(each)} for each",
            observed=f"{one} and {many} publishes; amplification {len(made) / written:.2f}, "
            f"R {reproduction([forest_of(run.record.entries)]):.2f}",
            evidence=evidence,
            entries=entries,
        )

    return judge_each("no-growth", runs, judge)
