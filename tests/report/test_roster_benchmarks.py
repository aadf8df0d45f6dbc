"""Verdicts, sentences and figures of the benchmarks of rosters and sessions say what their tables say; 94 runs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from healthops.data.schemas import validate
from healthops.report import roster_benchmark_figures as figures
from healthops.report import roster_benchmark_tables as tables
from healthops.report import roster_benchmark_words as words
from healthops.report.benchmark_tables import count_met, missed
from healthops.workspace import Declaration, Workspace
from tests.report import made_rosters as made
from tests.report.checks import faults, parse, run_alone, unreadable

NOTEBOOK = "94-benchmark-rosters"
ASKED = {
    "equal": [1, 2, 3, 4, 5, 6, 7], "proved": [1, 2, 3, 6], "large": [8, 10, 12, 15], "near": [10, 12],
    "percent": 2.0, "seconds": 60.0, "longer": [7], "seconds_longer": 600.0,
}  # fmt: skip
SESSIONS = {"case": "8 slots", "instances": 100, "patients": 8, "saved": 6.0, "ratio": 1.05, "extra": 1.0}
DAYS = {"timed": ["on the minute", "late, by appointment"], "patients": 24, "million": 0.5}


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("*", "")


def change(frame: pd.DataFrame, instance: int, **values: object) -> pd.DataFrame:
    """A copy of the runs in which one instance came out otherwise."""
    frame = frame.copy()
    for column, value in values.items():
        frame.loc[frame["instance"] == f"Instance{instance}", column] = value
    return frame


def lost(frame: pd.DataFrame) -> list[str]:
    """What of the rosters is not met."""
    return [bar.asked for bar in tables.roster_bars(frame, **ASKED) if not bar.met]


def test_every_fault_of_a_roster_breaks_the_bar_that_it_belongs_to():
    runs = made.runs()
    assert lost(runs) == []
    assert lost(change(runs, 5, value=1144.0)) == ["instances 1 to 7: at most the best known cost in 7 of 7"]
    assert lost(change(runs, 6, proved=False)) == ["of these 1, 2, 3 and 6: proved to be the best there is, 4 of 4"]
    assert lost(change(runs, 4, proved=False)) == [], "nobody asked for that proof"
    assert lost(change(runs, 2, cpu_seconds=60.1)) == ["instances 1 to 6: within 60 CPU s each"]
    assert lost(change(runs, 7, cpu_seconds=60.1)) == []
    assert lost(change(runs, 7, cpu_seconds=601.0)) == ["instance 7: within 600 CPU s"]
    assert lost(change(runs, 8, above_best_percent=31.0, value=1700.0)) == [], "of 8 a roster is asked, however dear"
    assert lost(change(runs, 12, above_best_percent=2.01)) == ["of these 10 and 12: at most 2 % above the best known"]
    assert lost(change(runs, 3, lower_bound=1002.0)) == ["lower bounds above a published cost: none"]
    refused = change(runs, 10, rules_broken=1, value=np.nan, above_best_percent=np.nan)
    assert lost(refused) == [
        "instances 8, 10 and 12: a roster that keeps all hard rules, 3 of 3",
        "of these 10 and 12: at most 2 % above the best known",
        "rosters that the check refuses: none",
    ]


def test_instances_that_were_not_run_have_no_bar_and_are_named():
    runs = made.runs()
    few = runs[runs["instance"].isin(["Instance1", "Instance2"])]
    assert [bar.asked.split(":")[0] for bar in tables.roster_bars(few, **ASKED)] == [
        "instances 1 and 2", "of these 1 and 2", "instances 1 and 2", "lower bounds above a published cost",
        "rosters that the check refuses",
    ]  # fmt: skip
    every = [*ASKED["equal"], *ASKED["large"]]
    assert "instance 15. Nothing is said of it" in words.not_run_in_words(runs, every)
    assert "instances 3, 4, 5, 6, 7, 8, 10, 12 and 15. Nothing is said of them" in words.not_run_in_words(few, every)
    assert words.not_run_in_words(few, [1, 2]).startswith("All 2 instances that were asked for are run here")
    assert not any("15" in bar.asked for bar in tables.roster_bars(runs, **ASKED))


def test_a_repair_is_held_to_time_proof_and_check_at_the_size_that_was_asked_for():
    repairs, asked = made.repairs(), {"staff": 50, "days": 28, "seconds": 2.0}
    assert count_met(tables.repair_bars(repairs, **asked)) == (3, 3)
    assert [bar.met for bar in tables.repair_bars(repairs, **{**asked, "staff": 51})] == [False, False, True]
    repairs.loc[3, ["cpu_seconds", "fewest", "rules_broken"]] = [2.1, False, 2]
    assert count_met(tables.repair_bars(repairs, **asked)) == (0, 3)
    said = words.repairs_in_words(repairs)
    assert "The slowest of 15 repairs took **2.10 CPU s**; 14 of 15 are proved" in said
    assert "one person, one week: 3.0 shifts lost on the mean, 1 to 3 other assignments" in said
    assert "in 1 of 5 somebody is still missing" in said and said.count("nobody missing") == 2


def test_overbooking_is_held_to_search_cost_and_waits_and_more_is_an_aim():
    cases, checks = made.cases(), made.tables()["overbooking_benchmark_checks"]
    bars = tables.overbooking_bars(cases, checks, **SESSIONS)
    assert count_met(bars) == (6, 6)
    # 4 % in a single instance and 2 % where waiting is dear: neither was asked for.
    assert count_met(bars, aim=True) == (1, 3)
    assert "waiting twice as dear" in missed(bars, aim=True) and "single instance" in missed(bars, aim=True)
    cases.loc[(cases["case"] == "8 slots") & (cases["plan"] == "bounded"), "ratio_most"] = 1.0501
    cases["below_flat_rate"], cases["above_cheapest"] = 0.059, 0.011
    cases["instances"] = 99
    bars = tables.overbooking_bars(cases, checks.assign(agrees=[*checks["agrees"][:-1], False]), **SESSIONS)
    assert count_met(bars) == (0, 6)
    assert not tables.overbooking_bars(cases, checks[:0], **SESSIONS)[0].met, "nothing was searched through"


def test_offers_and_clinic_days_are_held_to_their_speed():
    asked = {"slots": 20_000, "milliseconds": 50.0}
    assert tables.offer_bars(made.offers(), **asked)[0].met
    assert not tables.offer_bars(made.offers(50.1), **asked)[0].met
    assert not tables.offer_bars(made.offers().assign(open_slots=19_999), **asked)[0].met
    speed, proofs = made.speed(), made.proofs()
    bars = tables.clinic_day_bars(speed, proofs, **DAYS)
    assert count_met(bars) == (3, 3) and count_met(bars, aim=True) == (1, 2)
    slow = speed.assign(million_days_a_cpu_s=0.49)
    bars = tables.clinic_day_bars(slow, proofs.assign(agrees=[True, True, False, True]), **DAYS)
    assert count_met(bars) == (0, 3) and count_met(bars, aim=True) == (0, 2)


def test_sentences_say_what_the_tables_hold():
    said = plain(words.rosters_in_words(made.runs()))
    assert said.startswith("Of 10 instances 7 have a roster as cheap as the best known, and 7 rosters are proved")
    assert "instance 8 by 1.00 %, instance 10 by 0.99 % and instance 12 by 0.99 %" in said
    assert "The check refuses no roster" in said
    # 1313 against a bound of 1274.
    assert "instance 8 by 3.0 %" in said
    cases = made.cases()
    said = plain(words.groups_in_words(cases, "8 slots", published=30))
    assert "waits 28 % longer over all instances (published: about 30 % longer)" in said
    assert "with a flat rate 5 % shorter, with the bound 1 % longer" in said
    assert "costs 0.80 % over all instances; in 80 % of them at most 1 %, in one as much as 4.0 %" in said
    said = plain(words.savings_in_words(cases, "8 slots"))
    assert "cost 20.0 % less" in said and "19.4 %" in said and "40 % of the cost (16 slots)" in said
    assert "8 slots, waiting twice as dear: 2.00 % more" in plain(words.other_cases_in_words(cases, "8 slots"))
    said = words.assumed_in_words(made.tables()["benchmark_choices"], "overbooking")
    assert "* laws of the no-shows: more no-shows: Beta(1.5, 3.5)" in said and "weights" in said
    assert "size of the session" not in said
    said = plain(words.checks_in_words(made.proofs()))
    assert "no figure of any patient differs by more than 1e-11 min" in said
    assert "Of 3 means 3 agree" in said and "the furthest lies 2.5 away" in said
    assert "wrong by less than 8 %" in said
    assert "Below 0.5 million: late, those present." in plain(words.aims_in_words(made.speed(), DAYS["timed"], 0.5))
    assert "All cases play" in words.aims_in_words(made.speed(), DAYS["timed"], 0.2)


def test_every_figure_is_drawn_and_labelled_also_where_little_is_there():
    runs = made.runs()
    without = change(runs, 12, value=np.nan, above_best_percent=np.nan, rules_broken=3)
    effort = {"seconds": 60.0, "seconds_longer": 600.0, "short": {1, 2, 3, 4, 5, 6}}
    plans = made.plans()
    drawn = [
        figures.rosters(without, **effort),
        figures.rosters(runs[:1], **effort),
        figures.repairs(made.repairs(), seconds=2.0),
        figures.repairs(made.repairs()[:1], seconds=2.0),
        figures.savings(plans, made.cases(), saved=6.0),
        figures.waits(plans, case="8 slots", ratio=1.05, extra=1.0),
        figures.waits(plans.assign(high_wait=0.0, low_wait=0.0), case="8 slots", ratio=1.05, extra=1.0),
        figures.speed(made.speed(), timed=DAYS["timed"], million=0.5),
        figures.agreement(made.proofs()),
    ]
    for fig in drawn:
        assert all(ax.get_xlabel() or ax.get_ylabel() for ax in fig.axes)
        fig.canvas.draw()


def test_cases_stand_in_the_order_that_was_asked_for():
    cases = tables.in_order(made.cases().sort_values(["case", "plan"]), ["8 slots"])
    assert list(dict.fromkeys(cases["case"])) == ["8 slots", "16 slots", "8 slots, waiting twice as dear"]
    assert cases["plan"].head(5).tolist() == list(tables.PLANS)
    assert tables.roster_table(made.runs())["instance"].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 10, 12]


@pytest.mark.parametrize("name", sorted(Declaration.load_all()[NOTEBOOK].reads))
def test_made_tables_are_such_as_the_steps_write(name: str):
    assert len(validate(name, made.tables()[name]))


@pytest.mark.slow
def test_the_notebook_runs_on_small_tables_and_its_page_has_no_fault(tmp_path: Path):
    ws = Workspace("public", root=tmp_path)
    for name, frame in made.tables().items():
        ws.write(name, frame)
    page = run_alone(ws, NOTEBOOK)
    assert faults(page) == []
    soup = parse(page)
    assert len(soup.select("figure")) == 6 and unreadable(soup) == []
    metrics = json.loads((page.parent / "metrics" / f"{NOTEBOOK}.json").read_text())
    assert metrics["rosters_at_best_known"] == 7 and metrics["rosters_refused_by_the_check"] == 0
    assert metrics["cost_of_the_bound_pct"] == pytest.approx(0.8)
    assert not [name for name in metrics if "second" in name or "cpu" in name or "ms" in name.split("_")]
    answer = " ".join(plain(soup.select_one("section.answer").get_text(" ")).split())
    assert "Of 22 bars 22 are met" in answer and "and 2 of 5 aims" in answer
    assert "wssuite/NurseScheduler" in soup.get_text() and "instance 15" in soup.get_text()
    assert not [p for p in soup.select("p, li, td") if "None" in p.get_text()]
