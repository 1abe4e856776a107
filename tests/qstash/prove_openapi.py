"""Many more requests than the suite makes from the description of the API."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.qstash.contract import OPERATIONS, Furnished


@pytest.mark.parametrize("label", OPERATIONS)
def test_answers__are_as_described(label: str) -> None:
    cases = OPERATIONS[label].as_strategy()

    @settings(
        max_examples=300, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=cases, data=st.data())
    def hold(case: object, data: st.DataObject) -> None:
        Furnished().hold(case, data)

    hold()
