"""The ledger: what became of every row of every source, so that nothing disappears silently."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from healthops.data.errors import LedgerError

if TYPE_CHECKING:
    import pandas as pd

_BALANCED = ("in", "kept", "set_aside")
_NOTES = ("flagged", "repaired")


class Ledger:
    """Rows in, kept and set aside by reason, with notes about rows that were kept.

    Examples
    --------
    >>> ledger = Ledger()
    >>> ledger.enter("cases.csv", "weekly_cases", 10)
    >>> ledger.keep("cases.csv", "weekly_cases", 9)
    >>> ledger.set_aside("cases.csv", "weekly_cases", 1, "no place given")
    >>> ledger.check()
    """

    def __init__(self) -> None:
        self._rows: Counter[tuple[str, str, str, str]] = Counter()

    def enter(self, source: str, table: str, rows: int) -> None:
        """Record that `source` brings `rows` rows for `table`."""
        self._add(source, table, "in", "rows of the source", rows)

    def keep(self, source: str, table: str, rows: int) -> None:
        """Record that `rows` rows are in `table` (or counted in it)."""
        self._add(source, table, "kept", "in the table", rows)

    def set_aside(self, source: str, table: str, rows: int, reason: str) -> None:
        """Record that `rows` rows are not in `table`, and why."""
        if rows:
            self._add(source, table, "set_aside", reason, rows)

    def flag(self, source: str, table: str, rows: int, reason: str) -> None:
        """Note something about `rows` kept rows."""
        if rows:
            self._add(source, table, "flagged", reason, rows)

    def repair(self, source: str, table: str, rows: int, reason: str) -> None:
        """Note that `rows` kept rows were changed, and how."""
        if rows:
            self._add(source, table, "repaired", reason, rows)

    def _add(self, source: str, table: str, action: str, reason: str, rows: int) -> None:
        if rows < 0:
            raise LedgerError(f"{source}, {table}: {rows} rows {action}; a ledger counts up")
        self._rows[source, table, action, reason] += int(rows)

    def check(self) -> None:
        """Assert that rows in = kept + set aside for every source, and that notes are about kept rows.

        Raises
        ------
        LedgerError
            Naming the source, the table and the rows that are unaccounted for.
        """
        totals: Counter[tuple[str, str, str]] = Counter()
        for (source, table, action, reason), rows in self._rows.items():
            totals[source, table, action] += rows
            if action in _NOTES and rows > self._rows[source, table, "kept", "in the table"]:
                raise LedgerError(f"{source}, {table}: {rows} rows {action} ({reason}) are more than were kept")
        for source, table in sorted({key[:2] for key in totals}):
            came, kept, aside = (totals[source, table, action] for action in _BALANCED)
            if came != kept + aside:
                raise LedgerError(
                    f"{source}, {table}: {came} rows in, but {kept} kept + {aside} set aside = {kept + aside}; "
                    f"{abs(came - kept - aside)} rows are unaccounted for"
                )

    def frame(self) -> pd.DataFrame:
        """Return table ``ledger``, checked."""
        import pandas as pd

        self.check()
        columns = ["source", "table", "action", "reason"]
        rows = [(*key, count) for key, count in sorted(self._rows.items())]
        return pd.DataFrame(rows, columns=[*columns, "rows"])
