"""Metadata says everything, or the error names what it does not say."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pandas as pd
import pytest

from healthops import registry
from healthops.registry.metadata import GIVEN, plain
from healthops.workspace import MissingTableError


@pytest.mark.parametrize("key", GIVEN)
def test_a_missing_key_is_named_and_nothing_is_written(ws, given, key):
    del given[key]
    with pytest.raises(registry.MetadataError, match=key):
        registry.save_json(ws, "fusion", [1], given)
    assert not ws.model_path("fusion").exists()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("training_span", {"first_week": "2018-12-29", "last_week": "2010-01-09"}),  # ends before it starts
        ("training_span", {"first_week": "29/12/2018"}),  # a locale's date, and no end
        ("features", "cases_lag_1"),  # one text is not a list of names
        ("metrics", {"wis": "good"}),  # not a number
        ("input_hashes", {"outbreak_panel": "abc"}),  # not a sha256
        ("version", "latest"),  # neither semantic nor a hash
        ("saved_at", "2026-01-01"),  # unknown, and no times in metadata
        ("files", {}),  # the registry's own
    ],
)
def test_a_wrong_value_is_named(ws, given, key, value):
    with pytest.raises(registry.MetadataError, match=key):
        registry.save_json(ws, "fusion", [1], {**given, key: value})


def test_infinite_metrics_are_refused(ws, given):
    with pytest.raises(registry.MetadataError, match="metrics"):
        registry.save_json(ws, "fusion", [1], {**given, "metrics": {"wis": float("nan")}})


def test_the_registry_fills_in_name_version_environment_and_hashes(ws, given):
    registry.save_json(ws, "fusion", {"weights": np.array([0.25, 0.75])}, given)
    metadata = registry.load_metadata(ws, "fusion")
    content = (ws.model("fusion") / "model.json").read_bytes()
    assert metadata["name"] == "fusion"
    assert metadata["files"] == {"model.json": hashlib.sha256(content).hexdigest()}
    assert metadata["environment"]["packages"]["numpy"] == np.__version__
    assert {key: metadata[key] for key in GIVEN} == given


def test_without_a_given_version_the_weights_are_the_version(ws, given):
    def version(document, **more):
        registry.save_json(ws, "fusion", document, {**given, **more})
        return registry.load_metadata(ws, "fusion")["version"]

    first = version([1])
    assert first.startswith("sha256-")
    assert version([1], metrics={"wis": 9.0}) == first
    assert version([2]) != first
    assert version([2], version="1.2.0") == "1.2.0"


def test_describe_takes_the_hash_of_the_file_that_the_workspace_sees(ws):
    ws.write(
        "population", pd.DataFrame({"ubigeo": ["01"], "level": ["department"], "year": [2017], "population": [5.0]})
    )
    told = registry.describe(
        ws,
        parameters={"units": np.int64(32), "quantiles": (0.5,)},
        training_span=(np.datetime64("2010-01-09"), pd.Timestamp("2018-12-29")),
        features=["cases"],
        metrics={"wis": np.float64(1.5)},
        tables=["population"],
    )
    digest = hashlib.sha256(ws.table_path("population").read_bytes()).hexdigest()
    assert told["input_hashes"] == {"population": digest}
    assert told["training_span"] == {"first_week": "2010-01-09", "last_week": "2018-12-29"}
    assert json.loads(json.dumps(told))["parameters"] == {"units": 32, "quantiles": [0.5]}
    with pytest.raises(MissingTableError, match="weekly_cases"):
        registry.input_hash(ws, "weekly_cases")


def test_what_json_cannot_say_is_refused():
    with pytest.raises(registry.MetadataError, match="object"):
        plain({"loss": object()})


def test_a_renamed_folder_and_broken_metadata_are_noticed(ws, given):
    registry.save_json(ws, "fusion", [1], given)
    ws.model_path("fusion").rename(ws.model_path("other"))
    with pytest.raises(registry.MetadataError, match="renamed"):
        registry.load_json(ws, "other")
    (ws.model_path("other") / "metadata.json").write_text("{")
    with pytest.raises(registry.MetadataError, match="no JSON"):
        registry.load_json(ws, "other")
