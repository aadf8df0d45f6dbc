"""Best known values beside independent recomputations of published solutions, and the fetched instances."""

from __future__ import annotations

import re
import shutil

import pytest

from healthops.data import benchmark_instances
from healthops.data.errors import RawFileError
from healthops.schedule.home_care_check import check_files
from healthops.schedule.route_check import exact_distance
from healthops.schedule.vrp_instances import read_instance


def test_every_instance_of_a_source_has_its_best_known_value():
    named = {source.split("_")[-1] for source in benchmark_instances.load_sources() if source.startswith("solomon_")}
    assert set(benchmark_instances.published("solomon")) == named and len(named) == 29
    care = benchmark_instances.published("home_care")
    assert [sum(f"_{size}_" in name for name in care) for size in (10, 25)] == [10, 10] and len(care) == 20
    assert benchmark_instances.published("prizes") == {}
    rosters = [name for name in benchmark_instances.load_sources() if name.startswith("roster_instance_")]
    assert set(benchmark_instances.published("rosters")) == {f"Instance{name.split('_')[-1]}" for name in rosters}


def test_instances_are_found_by_name_and_one_that_lacks_is_named(mirror, tmp_path):
    found = benchmark_instances.instance_files(mirror, "home_care")
    assert {path.stem for path in found} == set(benchmark_instances.published("home_care"))
    assert [path.name for path in benchmark_instances.instance_files(mirror, "prizes")] == ["C1_10_2.vrp"]
    with pytest.raises(RawFileError, match=r"c101\.json: not there; fetch the sources first"):
        benchmark_instances.instance_files(tmp_path, "solomon")
    first = benchmark_instances.instance_files(mirror, "solomon")[0]
    target = tmp_path / first.relative_to(mirror)
    target.parent.mkdir(parents=True)
    shutil.copy(first, target)
    with pytest.raises(RawFileError, match=r"c102\.json: not there"):
        benchmark_instances.instance_files(tmp_path, "solomon")


def test_published_solutions_of_home_care_cost_what_is_written(mirror):
    """The solutions beside the instances, recomputed by the check."""
    for path in benchmark_instances.instance_files(mirror, "home_care"):
        (solution,) = (path.parents[2] / "solutions" / "mankowska").glob(f"sol-{path.stem}-*.json")
        cost = float(check_files(path, solution)["cost"])
        assert cost == pytest.approx(benchmark_instances.published("home_care")[path.stem], abs=0.0011)


def test_no_published_solution_of_solomon_is_shorter_and_those_of_c1_are_as_long(mirror):
    """They are of fewest vehicles: on c1 these are the shortest too, elsewhere at least as long."""
    best, compared = benchmark_instances.published("solomon"), 0
    for path in benchmark_instances.instance_files(mirror, "solomon"):
        for kept in (path.parents[2] / "results").glob(f"{path.stem}*.json"):
            instance = read_instance(path)
            # Some write 045, which is no JSON: rounds are the lists that hold numbers alone.
            lists = re.findall(r"\[([\d\s,]*\d[\d\s,]*)\]", kept.read_text())
            rounds = [[int(word) for word in re.findall(r"\d+", one)] for one in lists]
            assert sorted(v for one in rounds for v in one) == list(range(1, 101))
            ways = [(a, b) for r in rounds for a, b in zip([0, *r], [*r, 0], strict=True)]
            at = instance.coordinates
            length = sum(exact_distance(at[a], at[b], 10, cut=True) for a, b in ways) / 10
            if path.stem.startswith("c1"):
                assert length == pytest.approx(best[path.stem])
            assert length >= best[path.stem] - 1e-9
            compared += 1
    assert compared > 20
