"""The assumptions of ``outreach.yaml``: rounds, visits in vain, danger signs and pregnancies of a replayed season."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from healthops.data.community_rules import Rules, load_rules

PATH = Path(__file__).with_name("outreach.yaml")


@cache
def load_outreach(path: Path = PATH) -> Rules:
    """Read the assumptions of a season of outreach.

    >>> load_outreach()("rounds", "every_days")
    14.0
    """
    return load_rules(path)
