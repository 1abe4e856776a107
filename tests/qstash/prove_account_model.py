"""The account's model over thousands of histories, for `make prove`."""

from hypothesis import settings

from tests.qstash.test_account_model import AccountMachine


class LongAccountMachine(AccountMachine):
    """The same rules; settings are those of a class."""


TestAccount = LongAccountMachine.TestCase
TestAccount.settings = settings(max_examples=1_000, stateful_step_count=50, deadline=None)
