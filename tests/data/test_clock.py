"""Hours that clocks skip or show twice, and holidays, against the standard library and the reckoning of Easter."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from dateutil.easter import easter

from healthops.data.clock import elapsed_hours
from healthops.data.errors import DataError
from healthops.data.holiday_calendar import CALENDARS, public_holidays


@pytest.mark.parametrize(
    "zone", ["America/Chicago", "America/Santiago", "America/Sao_Paulo", "America/Lima", "Asia/Kolkata"]
)
def test_elapsed_hours_are_those_that_a_clock_shows(zone):
    days = np.arange(np.datetime64("2016-01-01"), np.datetime64("2017-01-01"))
    shown = Counter()
    moment = datetime(2015, 12, 30, tzinfo=UTC)
    while moment < datetime(2017, 1, 3, tzinfo=UTC):
        local = moment.astimezone(ZoneInfo(zone))
        shown[local.date(), local.hour] += 1
        moment += timedelta(hours=1)
    expected = [[shown[day, hour] for hour in range(24)] for day in days.tolist()]
    assert elapsed_hours(zone, days).tolist() == expected
    changes = [] if zone in ("America/Lima", "Asia/Kolkata") else [0, 2]
    assert sorted({*elapsed_hours(zone, days).ravel().tolist()} - {1}) == changes


def test_days_need_not_follow_each_other():
    days = np.array(["2016-03-12", "2016-11-06"], dtype="datetime64[D]")
    assert elapsed_hours("America/Chicago", days).sum(axis=1).tolist() == [24, 25]


def test_unknown_zones_and_calendars_are_named():
    with pytest.raises(DataError, match="time zone 'Iowa' is not in the tz database"):
        elapsed_hours("Iowa", np.array(["2016-03-12"], dtype="datetime64[D]"))
    with pytest.raises(DataError, match="no calendar of holidays is called 'XX'; there are US-IA, BR-ES, PE"):
        public_holidays("XX", date(2016, 1, 1), date(2016, 1, 2))


@pytest.mark.parametrize("year", [2013, 2016, 2022])
def test_holidays_that_follow_easter(year):
    found = {name: public_holidays(name, date(year, 1, 1), date(year, 12, 31)) for name in CALENDARS}
    sunday = easter(year)
    assert sunday - timedelta(days=2) in found["PE"] and sunday - timedelta(days=3) in found["PE"]
    assert sunday - timedelta(days=2) in found["BR-ES"] and sunday + timedelta(days=60) in found["BR-ES"]
    assert sunday - timedelta(days=2) not in found["US-IA"]
    for name, day in (("PE", (7, 28)), ("BR-ES", (9, 7)), ("US-IA", (7, 4))):
        assert date(year, *day) in found[name]
