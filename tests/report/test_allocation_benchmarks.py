"""Verdicts, sentences and figures of the benchmarks of allocation say what their tables say; notebook 92 runs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import vaccine_program
from healthops.report import allocation_benchmark_figures as figures
from healthops.report import allocation_benchmark_tables as tables
from healthops.report import allocation_benchmark_words as words
from healthops.report.benchmark_tables import Bar, bar_table, count_met, missed
from healthops.workspace import Workspace
from tests.benchmarks import small_allocation
from tests.report.checks import faults, parse, run_alone, unreadable

NOTEBOOK = "92-benchmark-allocation"


def made(name: str):
    return small_allocation.tables()[name].copy()


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("*", "")


# ---- verdicts -------------------------------------------------------------------------------------------------


def test_a_small_figure_is_shown_in_powers_of_ten_and_judged_as_it_is():
    bar = Bar("X", "y", 1.04e-6, high=1e-6, digits=0, kind="e")
    assert bar.shown == "1e-06" and not bar.met
    assert bar_table([bar])["came"].tolist() == ["1e-06"] and missed([bar]) == "X: y (1e-06)"


def test_a_proof_that_is_off_or_missing_is_not_met():
    proofs = made("campaign_benchmark_proofs")
    bars = tables.proof_bars(proofs, agree=1e-6, lack_share=1e-3)
    assert [bar.met for bar in bars] == [True] * 3
    proofs.loc[proofs["proof"] == "second formulation", "difference"] = 2e-6
    proofs.loc[proofs["proof"] == "what lacks", "difference"] = np.nan
    assert [bar.met for bar in tables.proof_bars(proofs, agree=1e-6, lack_share=1e-3)] == [False, True, False]


def test_a_national_plan_is_held_to_gap_time_memory_and_check():
    plans = made("campaign_benchmark_plans")
    plans["all_cpu_s"], plans["memory_gb"], plans["gap"] = 121.0, 0.5, 2e-6
    limits = {"gap": 1e-4, "seconds": 120, "gigabytes": 3, "products": 2}
    bars = tables.national_bars(plans, **limits)
    assert len(bars) == 4, "only the national case counts"
    assert [bar.met for bar in bars] == [True, False, True, True] and count_met(bars) == (3, 4)
    plans["case"] = plans["case"].replace("12 districts", tables.TABLES_CASE)
    plans.loc[plans["case"] == tables.TABLES_CASE, "products"] = 3
    bars = tables.national_bars(plans, **limits)
    assert count_met(bars) == (3, 4) and count_met(bars, aim=True) == (3, 4)
    assert tables.TABLES_CASE == vaccine_program.TABLES_CASE


def test_a_plan_made_again_is_held_to_time_bound_freeze_and_reasons():
    replans = made("campaign_benchmark_replans")
    replans["cpu_s"] = np.where(replans["change"] == "stock", 5.5, 4.0)
    bars = tables.replan_bars(replans, seconds=5, still=1e-3)
    assert [bar.met for bar in bars] == [True, True, True, True, False, True, True, True, True]
    replans.loc[0, "moved"] = replans.loc[0, "allowed"] + 0.01
    replans.loc[1, "reasons"] -= 1
    replans["moved_in_frozen"] = 0.5
    assert [bar.met for bar in tables.replan_bars(replans, seconds=5, still=1e-3)[5:]] == [False, False, False, True]


def test_the_simulator_is_held_to_speed_and_to_what_is_known():
    speed, checks = made("epidemic_benchmark_speed"), made("epidemic_benchmark_checks")
    speed["million_cells_a_cpu_s"] = [6.0, 5.0, 4.9, 7.0]
    limits = {"million_cells": 5, "share": 0.01, "errors": 4.5}
    bars = tables.simulator_bars(speed, checks, **limits)
    assert [bar.met for bar in bars] == [True, True, False] + [True] * 6
    checks.loc[checks["check"] == "people lost or made", "found"] = [0, 0, 1, 0]
    checks.loc[checks["check"] == "arrays with other bytes", "found"] = 1
    checks.loc[checks["check"] == "final size", "difference"] = 0.02
    checks.loc[checks["check"] == "person by person", "error"] = 1e-5
    bars = tables.simulator_bars(speed, checks, **limits)
    assert [bar.met for bar in bars[4:]] == [False, False, True, False, False]


def test_the_frontier_boxes_and_wastage_are_held_to_what_was_asked():
    frontier, boxes = made("campaign_benchmark_frontier"), made("campaign_benchmark_boxes")
    assert [b.met for b in tables.fairness_bars(frontier, boxes, points=3, gap=1e-4)] == [True] * 3
    worse = frontier.assign(gap=1e-3), boxes.assign(violations=1)
    assert [b.met for b in tables.fairness_bars(*worse, points=9, gap=1e-4)] == [False] * 3
    rates, savings = made("wastage_benchmark_rates"), made("wastage_benchmark_savings")
    bars = tables.wastage_bars(rates, savings, saved=0.3)
    assert [(bar.met, bar.aim) for bar in bars] == [(True, False), (False, True), (True, True)]
    assert not tables.wastage_bars(rates.assign(agrees=[True] * 8 + [False]), savings, saved=0.3)[0].met


# ---- sentences ------------------------------------------------------------------------------------------------


def test_a_ratio_that_was_not_measured_is_said_with_its_reason_and_one_that_was_with_its_figure():
    speed = made("epidemic_benchmark_speed")
    assert plain(words.ratio_in_words(speed)) == "The ratio to epydemix was not measured in this run: no network."
    assert "epydemix, infected" in tables.speed_table(speed) and set(tables.speed_table(speed)["ratio"]) == {"-"}
    one = speed["case"] == "one dose"
    speed.loc[one, ["peer", "ratio", "peer_attacked", "peer_million_cells_a_cpu_s"]] = [
        "epydemix 9.9",
        123.4,
        0.5,
        0.04,
    ]
    speed.loc[one, "attacked"] = 0.51
    said = plain(words.ratio_in_words(speed))
    assert said.startswith("In the same run, on the same model, it is 123 times as fast (one dose) as epydemix 9.9")
    assert "differ by at most 1.0 points" in said
    assert tables.speed_table(speed)["ratio"].tolist() == ["-", "123", "-", "-"]


def test_sentences_say_what_the_tables_hold():
    plans = made("campaign_benchmark_plans")
    plans["gap"], plans["plan_cpu_s"], plans["all_cpu_s"] = 3e-6, 10.0, 12.0
    said = plain(words.national_in_words(plans))
    assert said.startswith("Seed 1 (2 products;") and "gap 3.0e-06" in said and "10 CPU s for the plan and 12" in said
    assert "grows" in words.growth_in_words(plans) and "the time 1 times" in words.growth_in_words(plans)
    replans = made("campaign_benchmark_replans").assign(cpu_s=1.0)
    assert "From nothing the change of supply takes 1.0 CPU s" in words.replans_in_words(replans)
    assert "9 of 9 published rates" in words.wastage_in_words(
        made("wastage_benchmark_rates"), made("wastage_benchmark_savings")
    )
    frontier = made("campaign_benchmark_frontier").assign(price_of_fairness=[0.0, 0.01, 0.25])
    assert "costs 25.0 % of the benefit" in plain(words.frontier_in_words(frontier))
    assert "9,000,000 people" in words.limit_in_words(made("epidemic_benchmark_checks"))


# ---- figures --------------------------------------------------------------------------------------------------


def test_every_figure_is_drawn_and_labelled():
    checks = made("epidemic_benchmark_checks")
    drawn = [
        figures.growth(made("campaign_benchmark_plans"), seconds=120, gigabytes=3),
        figures.convergence(made("campaign_benchmark_steps"), gap=1e-4),
        figures.replans(made("campaign_benchmark_replans"), seconds=5),
        figures.frontier(made("campaign_benchmark_frontier")),
        figures.days(made("epidemic_benchmark_days")),
        figures.known_values(checks, share=0.002),
        figures.speed(made("epidemic_benchmark_speed"), million_cells=5),
        figures.wastage(made("wastage_benchmark_rates"), made("wastage_benchmark_savings"), saved=0.3),
    ]
    for fig in drawn:
        assert all(ax.get_xlabel() or ax.get_ylabel() for ax in fig.axes)
        fig.canvas.draw()


def test_the_speed_figure_says_where_the_peer_was_not_measured():
    texts = [t.get_text() for t in figures.speed(made("epidemic_benchmark_speed"), million_cells=5).axes[0].texts]
    assert texts.count("epydemix: not measured") == 2 and texts.count("epydemix has no such vaccine") == 2


# ---- the notebook ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Notebook 92 run on the small tables through the pipeline's own jobs; its page."""
    root = tmp_path_factory.mktemp("allocation")
    ws = Workspace("public", root=root)
    for name, frame in small_allocation.tables().items():
        ws.write(name, frame)
    return run_alone(ws, NOTEBOOK)


@pytest.mark.slow
def test_the_notebook_runs_and_its_page_has_no_fault(page: Path):
    assert faults(page) == []
    soup = parse(page)
    assert len(soup.select("figure")) == 8
    answer = " ".join(plain(soup.select_one("section.answer").get_text(" ")).split())
    assert "The ratio to epydemix was not measured in this run: no network" in answer
    assert unreadable(soup) == []


@pytest.mark.slow
def test_the_notebooks_verdicts_are_counted_and_its_metrics_hold_no_time(page: Path):
    metrics = json.loads((page.parent / "metrics" / f"{NOTEBOOK}.json").read_text())
    rows = [[td.get_text() for td in row.find_all("td")] for row in parse(page).select("#table-1 tbody tr")]
    bars = [row[-1] for row in rows if row[0] == "bar"]
    answer = " ".join(plain(parse(page).select_one("section.answer").get_text(" ")).split())
    assert f"Of {len(bars)} bars {bars.count('yes')} are met" in answer
    assert metrics["published_rates_that_agree"] == 9
    assert metrics["largest_gap_national"] <= vaccine_program.TOLERANCE
    assert not [name for name in metrics if "second_" in name and "formulation" not in name or "cpu" in name]
