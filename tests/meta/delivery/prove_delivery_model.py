"""The courier's model over thousands of histories, for `make prove`."""

from hypothesis import Phase, settings

from tests.meta.delivery.test_delivery_model import CourierMachine


class LongCourierMachine(CourierMachine):
    """The same rules; settings are those of a class."""


TestCourier = LongCourierMachine.TestCase
TestCourier.settings = settings(
    # What fails is told as it was found: to make it small would take hours.
    max_examples=2_000,
    stateful_step_count=60,
    deadline=None,
    phases=(Phase.generate,),
)
