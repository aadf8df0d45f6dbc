"""What a case asks for: the resources of ``resources.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

PATH = Path(__file__).with_name("resources.yaml")


class ResourceError(ValueError):
    """The description of a resource cannot be used; the message names the resource, the key and the remedy."""


@dataclass(frozen=True)
class Resource:
    """One resource that districts need in proportion to their cases.

    Attributes
    ----------
    name, label, unit : str
        As in tables, in figures, and what is counted.
    per_case : float
        Need for each case, in `unit`.
    box : float or None
        Smallest quantity that can be sent, in `unit`; None where any quantity can.
    lead_weeks : int
        Weeks from the decision to the week in which the shipment can be used; 1 is the next week.
    cover_weeks : int
        Weeks that a shipment is meant to last.
    keeps : bool
        Whether what is left at the end of a week can be used in a later one.
    budget_share : float
        Supply of a week as a share of the need that the nation expects in it.
    source : str
        Where `per_case` comes from.
    """

    name: str
    label: str
    unit: str
    per_case: float
    box: float | None
    lead_weeks: int
    cover_weeks: int
    keeps: bool
    budget_share: float
    source: str

    def __post_init__(self) -> None:
        def need(good: bool, key: str, rule: str) -> None:
            if not good:
                raise ResourceError(f"resource {self.name!r}: {key} must be {rule}, not {getattr(self, key)!r}")

        need(self.per_case > 0, "per_case", "above 0")
        need(self.box is None or self.box > 0, "box", "above 0, or null where any quantity can be sent")
        need(self.lead_weeks >= 1, "lead_weeks", "at least 1")
        need(self.cover_weeks >= 1, "cover_weeks", "at least 1")
        need(self.budget_share >= 0, "budget_share", "at least 0")

    def budget(self, expected_need: float, share: float | None = None) -> float:
        """Supply for `expected_need`, in whole boxes (rounded down); `share` stands in for ``budget_share``.

        >>> load_resources()["test_kits"].budget(1234.0)
        980.0
        """
        amount = (self.budget_share if share is None else share) * expected_need
        return float(amount if self.box is None else self.box * int(amount / self.box + 1e-9))


def load_resources(path: Path = PATH, *, budget_shares: Mapping[str, float] | None = None) -> dict[str, Resource]:
    """Read the resources, in the order of the file; `budget_shares` replaces the share of those that it names.

    Raises
    ------
    ResourceError
        If a key is unknown, lacking or out of range, or `budget_shares` names a resource that is not there.
    """
    raw: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    unknown = sorted(set(budget_shares or {}) - set(raw))
    if unknown:
        raise ResourceError(f"budget_shares names {unknown}, but {path.name} has {sorted(raw)}")
    known = {f.name for f in fields(Resource)} - {"name"}
    resources = {}
    for name, entry in raw.items():
        if set(entry) != known:
            odd = sorted(set(entry) - known), sorted(known - set(entry))
            raise ResourceError(f"{path.name}: resource {name!r} has unknown keys {odd[0]} and lacks {odd[1]}")
        share = (budget_shares or {}).get(name, entry["budget_share"])
        resources[name] = Resource(name=name, **{**entry, "budget_share": share})
    return resources
