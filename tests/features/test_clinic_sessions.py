"""Sessions of one clinic and day, in order of booking, nobody twice."""

import numpy as np
import pandas as pd
import pytest

from healthops.features.clinic_sessions import SessionError, draw_sessions


def asked(per_pool, days=3):
    rng = np.random.default_rng(2)
    rows = []
    for day in pd.date_range("2023-01-02", periods=days):
        for clinic, size in per_pool.items():
            for _ in range(size):
                booked = day - pd.Timedelta(days=int(rng.integers(0, 30)))
                rows.append((f"{len(rows):04d}", clinic, day, booked, int(rng.integers(400, 1000))))
    return pd.DataFrame(rows, columns=["appointment", "clinic", "date", "booked_date", "booked_minute"])


def test_sessions_are_of_one_clinic_and_day_and_in_order_of_booking():
    rows = draw_sessions(asked({"north": 11, "south": 9}), asking=4, per_day=3, rng=np.random.default_rng(1))
    assert rows["session"].nunique() == 9
    assert not rows["appointment"].duplicated().any()
    for _, part in rows.groupby("session"):
        assert part["turn"].tolist() == [0, 1, 2, 3]
        assert part[["clinic", "date"]].drop_duplicates().shape[0] == 1
        when = list(zip(part["booked_date"], part["booked_minute"], strict=True))
        assert when == sorted(when)
    assert set(rows.groupby("date")["session"].nunique()) == {3}


def test_order_of_rows_does_not_matter():
    table = asked({"north": 11, "south": 9})
    one, two = (
        draw_sessions(frame, asking=4, per_day=2, rng=np.random.default_rng(5))
        for frame in (table, table.sample(frac=1, random_state=1))
    )
    pd.testing.assert_frame_equal(one, two)


def test_days_with_too_few_are_left_out_and_named_where_none_is_left():
    table = asked({"north": 8})
    table = table[(table["date"] > "2023-01-02") | (table.groupby("date").cumcount() < 3)]
    rows = draw_sessions(table, asking=4, per_day=2, rng=np.random.default_rng(1))
    assert rows["date"].nunique() == 2
    with pytest.raises(SessionError, match="no day has 3 sessions of 4"):
        draw_sessions(table, asking=4, per_day=3, rng=np.random.default_rng(1))
    with pytest.raises(SessionError, match="stands twice"):
        draw_sessions(pd.concat([table, table]), asking=4, per_day=1, rng=np.random.default_rng(1))
    with pytest.raises(SessionError, match="at least one"):
        draw_sessions(table, asking=0, per_day=1, rng=np.random.default_rng(1))
