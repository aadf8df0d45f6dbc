from __future__ import annotations

from dataclasses import replace

import pytest

from healthops.allocate.resources import ResourceError, load_resources


def test_the_four_resources_say_where_their_numbers_come_from():
    resources = load_resources()
    assert list(resources) == ["staff_days", "bed_days", "test_kits", "larvicide"]
    assert all(len(r.source) > 60 for r in resources.values())
    assert {n: r.keeps for n, r in resources.items()} == {
        "staff_days": False,
        "bed_days": False,
        "test_kits": True,
        "larvicide": True,
    }


@pytest.mark.parametrize(
    "key, value",
    [
        ("per_case", 0.0),  # a case that needs nothing
        ("box", -10.0),
        ("lead_weeks", 0),  # arrives before it is sent
        ("cover_weeks", 0),
        ("budget_share", -0.1),
    ],
)
def test_illegal_values_are_named(key, value):
    with pytest.raises(ResourceError, match=f"test_kits.*{key}"):
        replace(load_resources()["test_kits"], **{key: value})


def test_unknown_keys_and_names_are_named(tmp_path):
    path = tmp_path / "resources.yaml"
    path.write_text("masks: {unit: pieces, colour: blue}\n")
    with pytest.raises(ResourceError, match=r"masks.*colour.*per_case"):
        load_resources(path)
    with pytest.raises(ResourceError, match="masks"):
        load_resources(budget_shares={"masks": 1.0})


def test_budget_is_in_whole_boxes_rounded_down():
    kits = replace(load_resources()["test_kits"], box=10.0, budget_share=0.7)
    assert kits.budget(100.0) == 70.0  # 0.7 * 100 is 69.99... in binary
    assert kits.budget(99.0) == 60.0
    assert kits.budget(99.0, share=1.0) == 90.0
