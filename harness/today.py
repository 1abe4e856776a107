"""The one place that asks what day it is: waivers end on a day, everything else is virtual."""

from datetime import date


def today() -> date:
    """The day where thrice runs."""
    return date.today()
