"""The benchmarks of allocation at their smallest: complete tables, states that are said, what is known otherwise."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import epidemic, epidemic_checks, epydemix_env, vaccine_program, vaccine_proofs, wastage
from benchmarks.made_campaign import bring_forward, cut_supply, lose_stock, make_campaign, with_stock
from healthops.allocate import campaign_plan
from healthops.data import schemas
from tests.benchmarks.small_allocation import SPEED, tables

NAMES = sorted(
    name for name in schemas.TABLES if name.startswith(("campaign_bench", "epidemic_bench", "wastage_bench"))
)


@pytest.mark.parametrize("name", NAMES)
def test_every_table_obeys_its_schema(name: str):
    assert len(schemas.validate(name, tables()[name]))


@pytest.mark.parametrize("name", NAMES)
def test_times_memory_and_speed_are_declared_as_measured(name: str):
    measured = set(schemas.measured(name))
    timed = {
        c for c in schemas.table(name).columns if c.endswith(("_s", "_gb")) or c == "ratio" or c.startswith("peer")
    }
    assert timed <= measured


# ---- campaign -------------------------------------------------------------------------------------------------


def test_the_steps_of_a_plan_end_at_its_gap():
    plans, steps = tables()["campaign_benchmark_plans"], tables()["campaign_benchmark_steps"]
    for row in plans.itertuples():
        mine = steps[(steps["case"] == row.case) & (steps["stage"] == row.stage)]
        assert mine["iteration"].is_monotonic_increasing and mine["iteration"].max() == row.iterations
        assert mine["gap"].iloc[-1] <= vaccine_program.TOLERANCE * 1.01 < mine["gap"].iloc[0]


def test_a_process_of_its_own_has_its_own_memory():
    here = np.ones(40_000_000)  # 305 MiB that the other process does not have
    found = vaccine_program.in_own_process(vaccine_program._measured_made, "small", 6, 1)
    assert vaccine_program.memory_gb() > 0.3
    assert len(here) and 0.05 < found["plans"][0]["memory_gb"] < 0.3
    assert [row["stage"] for row in found["plans"]] == ["floor", "benefit"]


def test_plans_made_again_keep_their_bounds_and_give_reasons():
    table = tables()["campaign_benchmark_replans"]
    assert sorted(table.loc[table["at"] == "stock at hand", "change"]) == ["forecast", "stock", "supply"]
    assert (table["moved"] <= table["allowed"] + 1e-3).all() and (table["moved_in_frozen"] < 1e-3).all()
    assert (table["reasons"] == table["changes"]).all() and (table["violations"] == 0).all()
    assert (table["facts"] > 0).all() and set(table["begin"]) == {"warm", "cold"}
    why = tables()["campaign_benchmark_changes"].set_index("change")["why"]
    assert why["supply"].str.contains("lots").all() and why["stock"].str.contains("stock").all()
    assert why["forecast"].str.contains("forecast").all()


def test_what_changes_is_what_is_said():
    campaign = with_stock(make_campaign(24))
    lost = campaign.stock["doses"] - lose_stock(campaign).stock["doses"]
    assert set(campaign.stock.loc[lost > 0, "district"]) == {"d0000", "d0010", "d0020"}
    assert lost.sum() == pytest.approx(0.5 * campaign.stock.loc[lost > 0, "doses"].sum())
    cut = campaign.lots["doses"] - cut_supply(campaign).lots["doses"]
    assert campaign.lots.loc[cut > 0, "arrives"].between(8, 12).all() and (cut > 0).any()
    early = bring_forward(campaign).burden
    moved = (early != campaign.burden).any(axis=1)
    assert (moved == (campaign.region_of % 3 == 0)).all()
    assert early[:, 0] == pytest.approx(1.0) and (np.diff(early, axis=1) <= 1e-12).all()
    assert (early[moved] <= campaign.burden[moved] + 1e-12).all()


def test_a_wrong_plan_is_no_proof(monkeypatch: pytest.MonkeyPatch):
    """The proofs compare: a plan that is off by a thousandth is seen."""

    def off(*arguments, **options):
        plan = campaign_plan.plan_campaign(*arguments, **options)
        return replace(plan, stages=tuple(replace(s, value=s.value * 1.001) for s in plan.stages))

    good = tables()["campaign_benchmark_proofs"]
    assert (good["difference"] < 1e-3).all() and (good.query("proof != 'what lacks'")["difference"] < 1e-6).all()
    monkeypatch.setattr(vaccine_proofs, "plan_campaign", off)
    assert all(row["difference"] > 5e-4 for row in vaccine_proofs.by_hand())


def test_what_lacks_is_named_with_its_doses():
    rows = tables()["campaign_benchmark_proofs"].query("proof == 'what lacks'")
    assert rows["known"].tolist() == pytest.approx([1.6, 3.8, 6.0])
    assert rows["message"].str.contains(r"doses that a lot lacks, .* in all \(l").all()


def test_the_command_prints_the_figures(capsys: pytest.CaptureFixture[str]):
    vaccine_program.main(["--districts", "8"])
    assert "violations" in (said := capsys.readouterr().out) and "iterations" in said
    vaccine_program.main(["--districts", "8", "--frontier", "2"])
    assert "price_of_fairness" in capsys.readouterr().out


# ---- the epidemic ---------------------------------------------------------------------------------------------


def test_what_must_be_nothing_is_nothing_and_what_is_known_is_found():
    checks = tables()["epidemic_benchmark_checks"].set_index("check")
    assert (checks.loc[["people lost or made", "arrays with other bytes"], "found"] == 0).all()
    assert checks.loc["final size", "difference"].max() < 0.01
    single = checks.loc["person by person"]
    assert (single["difference"] / single["error"]).max() < 4.5 and len(single) == 8
    limit = checks.loc["deterministic limit"].set_index("x")["difference"]
    assert limit[9e6] < 2e-3


def test_a_lost_person_is_counted(monkeypatch: pytest.MonkeyPatch):
    def losing(*arguments):
        period = epidemic.advance(*arguments)
        period.state.recovered[0, 0, 0] -= 1
        return period

    monkeypatch.setattr(epidemic_checks, "advance", losing)
    assert all(row["found"] == 1 for row in epidemic_checks.mass(draws=2))
    assert epidemic_checks.bytes_again(draws=4)[1]["found"] == 1


def test_without_epydemix_the_speed_is_measured_and_the_reason_is_said():
    table = tables()["epidemic_benchmark_speed"].set_index("case")
    assert table["ratio"].isna().all() and (table["million_cells_a_cpu_s"] > 0).all()
    assert table.loc[["no vaccine", "one dose"], "peer"].tolist() == ["not measured: no network"] * 2
    assert table.loc["two doses, leaky", "peer"] == "has no such vaccine"


def script(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_an_environment_that_cannot_be_made_is_a_reason(tmp_path: Path):
    uv = script(
        tmp_path / "uv", 'test "$1" = venv || { echo "error: could not connect, are you offline?" >&2; exit 2; }'
    )
    peer = epydemix_env.make(tmp_path / "env", uv=uv)
    assert peer.python == "" and peer.why_not == "uv pip failed: error: could not connect, are you offline?"
    assert not (tmp_path / "env" / "ready").exists()
    missing = epydemix_env.make(tmp_path / "env", uv=str(tmp_path / "nothing"))
    assert missing.why_not == "uv venv: FileNotFoundError"


def test_an_environment_is_kept_until_the_pins_change(tmp_path: Path):
    pins, log = tmp_path / "pins.txt", tmp_path / "log"
    pins.write_text("epydemix==1.2.3\n")
    python = tmp_path / "env" / "bin" / "python"
    uv = script(tmp_path / "uv", f'echo "$1" >> {log}; mkdir -p {python.parent}; touch {python}')
    for _ in range(2):
        assert epydemix_env.make(tmp_path / "env", pins=pins, uv=uv) == epydemix_env.Peer(str(python), "1.2.3")
    assert log.read_text().split() == ["venv", "pip"]
    pins.write_text("epydemix==1.2.4\n")
    assert epydemix_env.make(tmp_path / "env", pins=pins, uv=uv).version == "1.2.4"
    assert log.read_text().split() == ["venv", "pip"] * 2
    pins.write_text("numpy==1\n")
    with pytest.raises(ValueError, match="does not pin epydemix"):
        epydemix_env.make(tmp_path / "env", pins=pins, uv=uv)


def test_every_pin_of_the_peer_is_exact_and_none_is_in_the_lock():
    lines = epydemix_env.PINS.read_text().splitlines()
    assert lines and all("==" in line for line in lines)
    lock = (Path(__file__).resolve().parents[2] / "requirements.lock").read_text()
    assert "epydemix" not in lock


def test_a_peer_that_answers_is_compared(monkeypatch: pytest.MonkeyPatch):
    people = epidemic.made_epidemic(2, 2).population.sum()
    monkeypatch.setattr(epidemic, "peer", lambda *_: (2.0, np.array([0.25, 0.75]) * people))
    table = epidemic.measure_speed(epydemix_env.Peer("python", "9.9"), **SPEED).set_index("case")
    row = table.loc["one dose"]
    assert row["peer"] == "epydemix 9.9" and row["peer_attacked"] == pytest.approx(0.5)
    cells = 2 * 2 * 60
    assert row["peer_million_cells_a_cpu_s"] == pytest.approx(cells / 2.0 / 1e6)
    assert row["ratio"] == pytest.approx(row["million_cells_a_cpu_s"] / row["peer_million_cells_a_cpu_s"])


# ---- wastage --------------------------------------------------------------------------------------------------


def test_published_rates_agree_and_another_would_not(monkeypatch: pytest.MonkeyPatch):
    assert wastage.rates()["agrees"].all() and len(wastage.rates()) == 9
    monkeypatch.setitem(wastage.PUBLISHED, (15, 10), 0.239)
    assert wastage.rates()["agrees"].sum() == 8


def test_the_savings_are_at_equal_coverage_and_for_no_more_money():
    table = wastage.savings()
    assert (table["cost_ratio"] <= 1 + 1e-9).all() and (table["coverage_change"].abs() < 1e-9).all()
    assert table["saved"].to_numpy() == pytest.approx(1 - table["wasted_by_site"] / table["wasted_everywhere"])
    vials = wastage.by_vial().set_index("vial_doses")
    assert vials.loc[10, "wasted"] == pytest.approx(table["wasted_everywhere"].iloc[0])
    assert vials["rate"].is_monotonic_increasing and isinstance(vials, pd.DataFrame)
