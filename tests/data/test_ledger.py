"""The ledger balances or says what is unaccounted for."""

from __future__ import annotations

import pytest

from healthops.data import schemas
from healthops.data.errors import LedgerError
from healthops.data.ledger import Ledger


def _ledger(*, kept: int) -> Ledger:
    ledger = Ledger()
    ledger.enter("cases.csv", "weekly_cases", 10)
    ledger.keep("cases.csv", "weekly_cases", kept)
    ledger.set_aside("cases.csv", "weekly_cases", 1, "no place given")
    ledger.set_aside("cases.csv", "weekly_cases", 1, "unknown place")
    return ledger


def test_balanced_ledger_is_a_valid_table():
    ledger = _ledger(kept=8)
    ledger.repair("cases.csv", "weekly_cases", 3, "misspelt")
    frame = schemas.validate("ledger", ledger.frame())
    rows = frame.groupby("action")["rows"].sum()
    assert rows.to_dict() == {"in": 10, "kept": 8, "set_aside": 2, "repaired": 3}


@pytest.mark.parametrize(("kept", "unaccounted"), [(7, 1), (9, 1), (0, 8)])
def test_rows_that_disappear_or_multiply_are_an_error(kept, unaccounted):
    with pytest.raises(LedgerError, match=rf"cases\.csv, weekly_cases: 10 rows in.*{unaccounted} rows are unaccounted"):
        _ledger(kept=kept).frame()


def test_one_source_does_not_make_up_for_another():
    ledger = _ledger(kept=7)
    ledger.enter("other.csv", "weekly_cases", 1)
    ledger.keep("other.csv", "weekly_cases", 2)
    with pytest.raises(LedgerError):
        ledger.check()


def test_a_note_about_more_rows_than_were_kept_is_an_error():
    ledger = _ledger(kept=8)
    ledger.repair("cases.csv", "weekly_cases", 9, "misspelt")
    with pytest.raises(LedgerError, match="more than were kept"):
        ledger.check()


def test_negative_rows_are_an_error():
    with pytest.raises(LedgerError, match="counts up"):
        Ledger().enter("cases.csv", "weekly_cases", -1)
