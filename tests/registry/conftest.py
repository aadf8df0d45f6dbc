"""A workspace in a temporary folder, and metadata that passes."""

from __future__ import annotations

import pytest

from healthops.workspace import Workspace


@pytest.fixture
def ws(tmp_path):
    return Workspace("smoke", root=tmp_path)


@pytest.fixture
def given():
    return {
        "parameters": {"depth": 3},
        "training_span": {"first_week": "2010-01-09", "last_week": "2018-12-29"},
        "features": ["cases_lag_1"],
        "metrics": {"wis": 3.25},
        "input_hashes": {"outbreak_panel": "0" * 64},
    }
