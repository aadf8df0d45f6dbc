"""What is wrong with single rows of the community files: noted one by one, and counted in the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from healthops.data.ledger import Ledger

if TYPE_CHECKING:
    import pandas as pd


class Faults:
    """The ledger of the community files, with the row behind every count.

    A value is kept only where it cannot tell who somebody is: pass none for names, numbers of papers and positions.

    Examples
    --------
    >>> faults = Faults()
    >>> faults.enter("visits.csv", "community_visits", 2)
    >>> faults.note("visits.csv", "community_visits", "repaired", "impossible_heart_rate", "set to missing",
    ...             lines=[3], records=["X1"], column="heart_rate_bpm", values=[7])
    >>> faults.keep("visits.csv", "community_visits", 2)
    >>> faults.frame()[["line", "record", "value"]].values.tolist()
    [[3, 'X1', '7']]
    >>> faults.ledger.frame().query("action == 'repaired'")["rows"].tolist()
    [1]
    """

    def __init__(self) -> None:
        self.ledger = Ledger()
        self._rows: list[tuple[object, ...]] = []

    def enter(self, source: str, table: str, rows: int) -> None:
        """Record that `source` brings `rows` rows for `table`."""
        self.ledger.enter(source, table, rows)

    def keep(self, source: str, table: str, rows: int) -> None:
        """Record that `rows` rows are in `table`."""
        self.ledger.keep(source, table, rows)

    def note(
        self,
        source: str,
        table: str,
        action: str,
        fault: str,
        reason: str,
        *,
        lines: Iterable[int],
        records: Iterable[str],
        column: str = "",
        values: Iterable[object] | None = None,
    ) -> None:
        """Note one fault of some rows.

        Parameters
        ----------
        source, table : str
            The file, and the table that it becomes.
        action : str
            ``set_aside``, ``repaired`` or ``flagged``.
        fault, reason : str
            A short name of the fault, and what was done about it in words.
        lines : iterable of int
            Lines of the file (its header is line 1).
        records : iterable of str
            Study id of each row.
        column : str
            The column at fault, if it is one.
        values : iterable, optional
            What stood there.
        """
        lines, records = [int(line) for line in lines], list(records)
        told = [""] * len(lines) if values is None else [_told(value) for value in values]
        rows = zip(lines, records, told, strict=True)
        self._rows += [
            (source, line, table, record, action, fault, column, value, reason) for line, record, value in rows
        ]
        {"set_aside": self.ledger.set_aside, "repaired": self.ledger.repair, "flagged": self.ledger.flag}[action](
            source, table, len(lines), reason
        )

    def frame(self) -> pd.DataFrame:
        """Return table ``community_faults``."""
        import pandas as pd

        columns = ["source", "line", "table", "record", "action", "fault", "column", "value", "reason"]
        frame = pd.DataFrame(self._rows, columns=columns).astype({"line": "int64"})
        return frame.sort_values(["source", "line", "table", "fault"], kind="stable", ignore_index=True)


def _told(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
