"""Verdicts, sentences and figures of the proving grounds say what their tables say; notebook 91 runs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from healthops.evaluate import teams as teams_module
from healthops.forecast import hub
from healthops.report import benchmark_figures as figures
from healthops.report import benchmark_tables as tables
from healthops.report import benchmark_words as words
from healthops.workspace import Workspace
from tests.report import made_benchmarks as made
from tests.report.checks import faults, parse, run_alone, unreadable

NOTEBOOK = "91-benchmark-forecasts"
MEMBERS = ["lstm-torch", "trees-root"]
AIMS = {"2023-24": 0.54, "2024-25": 0.6}


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("*", "")


# ---- verdicts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("came", "bounds", "met"),
    [
        (0.5, {"high": 0.5}, True),
        (0.5, {"high": 0.5, "strict": True}, False),
        (0.5004, {"high": 0.5}, False),
        (0.93, {"low": 0.93, "high": 0.97}, True),
        (-2.5364, {"low": -2.48}, False),
        (float("nan"), {"high": 1.0}, False),
    ],
)
def test_a_bar_is_met_by_the_figure_as_it_is(came: float, bounds: dict, met: bool):
    bar = tables.Bar("X", "y", came, **bounds)
    assert bar.met is met
    assert tables.bar_table([bar])["met"].tolist() == ["yes" if met else "NO"]
    assert (tables.missed([bar]) == "none") is met


def flusight_bars(table: pd.DataFrame, **more: object) -> list[tables.Bar]:
    limits = {"aims": AIMS, "coverage": (0.5, 1.0), "seconds": 60, "season_minutes": 30, "cores": 2} | more
    return tables.flusight_bars(table, made.flusight_runs(), **limits)


def test_flusight_is_compared_with_the_best_team_of_each_season():
    bars = [bar for bar in flusight_bars(made.flusight_teams()) if bar.ground == "FluSight 2023-24"]
    assert [bar.asked for bar in bars] == [
        "relative WIS below the best team's, 0.600 (alpha)",
        "relative WIS at most 0.540",
        "relative log1p WIS below the best team's, 0.600 (alpha)",
        "coverage of the 95 % interval in 0.50 to 1.00",
        "each reference date within 60 CPU s",
        "the season within 30 minutes of 2 cores",
    ]
    assert bars[0].came == pytest.approx(0.55) and bars[-1].came == pytest.approx(5 * 12 / 60 / 2)
    assert [bar.met for bar in bars] == [True, False, True, True, True, True]
    assert tables.count_met(bars) == (5, 5) and tables.count_met(bars, aim=True) == (0, 1)
    assert tables.missed(bars, aim=True) == "FluSight 2023-24: relative WIS at most 0.540 (0.550)"


def test_a_better_team_is_not_softened():
    table = made.flusight_teams(made.FACTORS | {"alpha": 0.5})
    bars = flusight_bars(table, seconds=11)
    assert [bar.met for bar in bars if "best team" in bar.asked] == [False] * 4
    assert [bar.met for bar in bars if "CPU s" in bar.asked] == [False] * 2
    said = plain(words.standing(tables.overall(table, "2024-25"), "2024-25"))
    assert said.startswith("In 2024-25 rank 2 of 6 by relative WIS (0.550; alpha 0.500, the hub's ensemble 0.750)")


def test_without_the_teams_scores_no_place_among_teams_is_claimed():
    alone = made.flusight_teams({"healthops-fusion": 0.6, "hub-baseline": 1.0}, baseline="hub-baseline")
    assert not [bar for bar in flusight_bars(alone) if "best team" in bar.asked or bar.aim]
    answer = words.places_in_words({season: tables.overall(alone, season) for season in made.SEASONS})
    assert answer.startswith(
        "On FluSight the fusion's WIS is 0.600 and 0.600 of the hub baseline's in 2023-24 and 2024-25"
    )
    said = plain(words.standing(tables.overall(alone, "2023-24"), "2023-24"))
    assert "relative WIS is 0.600" in said and "the teams' scores were not there" in said and "rank" not in said
    assert "better than hub-baseline in 3 of 3" in words.states_in_words(alone)
    for draw in (figures.ranking, figures.by_horizon, figures.by_date, figures.by_state, figures.coverage):
        draw(alone)


def test_iquitos_is_held_to_bar_and_aim():
    bars = tables.dengue_bars(made.dengue_scores(), bar=-2.55, aim=-2.48)
    assert [(bar.met, bar.aim) for bar in bars] == [(True, False), (False, True), (True, False)]
    scores = made.dengue_scores().assign(n_inf=1)
    assert not tables.dengue_bars(scores, bar=-2.55, aim=-2.48)[2].met


def test_peru_is_held_to_baseline_peer_member_and_coverage():
    asked = {"department": (0.66, 0.77), "province": (0.65, 0.79)}
    bars = tables.peru_bars(made.peru_scores(), MEMBERS, bars=asked, peer=0.75, member_aim=0.98, coverage_points=3)
    wanted = {bar.asked: bar for bar in bars if bar.ground == "Peru, departments"}
    assert wanted["WIS at most 0.66 of the hub baseline's"].met
    assert not wanted["log1p WIS at most 0.77 of the hub baseline's"].met
    assert wanted["WIS at most 0.75 of the best peer's (auto-theta)"].came == pytest.approx(0.66 / 1.02)
    assert wanted["log1p WIS at most that of the best member (trees-root)"].came == pytest.approx(0.78 / 0.8)
    assert wanted["lstm-torch better than the hub baseline"].met
    off = wanted["90 % coverage where cases came at most 3 points off at each horizon"]
    assert off.came == pytest.approx(4.0) and not off.met
    assert wanted["95 % coverage where cases came at most 3 points off at each horizon"].came == pytest.approx(0)


def test_names_in_the_tables_are_those_of_the_forecasters():
    assert (tables.OURS, tables.ENSEMBLE, tables.BASELINE) == (hub.MODEL, teams_module.ENSEMBLE, teams_module.BASELINE)
    from benchmarks import dengue_project, peru_dengue

    assert dengue_project.TEAM == tables.OUR_TEAM
    assert tables.PEERS == peru_dengue.PEERS and tables.HUB_BASELINE == peru_dengue.BASELINE
    assert set(peru_dengue.WEIGHTS) <= set(peru_dengue.models())


def test_a_comparison_that_the_table_lacks_is_named():
    table = made.flusight_teams()
    with pytest.raises(ValueError, match="does not compare season 2023-24 by 'reference_date'; it has"):
        figures.by_date(table[table["scope"] != "reference_date"])
    with pytest.raises(ValueError, match="no row of healthops-fusion over all tasks of 2023-24"):
        tables.overall(table[table["model"] != "healthops-fusion"], "2023-24")


# ---- sentences ------------------------------------------------------------------------------------------------


def test_sentences_on_flusight_count_what_the_tables_hold():
    table = made.flusight_teams()
    assert "ranks 1, 1, 1 and 1 of 6 at 0, 1, 2 and 3 weeks" in words.horizons_in_words(table)
    late = table["within"] == str(made.dates("2023-24")[0].date())
    table.loc[late & (table["model"] == "healthops-fusion"), "relative_wis"] = 0.8
    said = words.dates_in_words(table)
    assert (
        "In 2023-24 it was better than the ensemble on 4 of 5 reference dates and than the hub's baseline on 5" in said
    )
    table.loc[(table["within"] == "36") & (table["model"] == "healthops-fusion"), "relative_wis"] = 0.9
    said = words.states_in_words(table)
    assert "in 2 of 3 states and territories" in said and "furthest behind in NY (1.20)" in said
    fans = plain(words.fans_in_words(made.flusight_forecasts(), "US"))
    assert "In 2023-24 50 % of the 20 forecasts for the US held what came" in fans and "50 % of it lay above" in fans
    assert words.cost_in_words(made.flusight_runs()).startswith(
        "In 2023-24 a reference date took 12 CPU seconds, at most 12"
    )
    said = words.worth_in_words(made.flusight_allocation())
    assert said.startswith(
        "Mean allocation score over 2 reference dates, best first: healthops-fusion 50 admissions (5.0 %"
    )


def test_sentences_on_iquitos():
    said = plain(words.iquitos_in_words(made.dengue_scores()))
    assert "Ours has -2.500 (standard error 0.200), the best team, A, -2.700 (0.200): 0.200 better" in said
    assert "No forecast of ours gave probability 0 to what came; of the 3 others 1 did so" in said
    worse = made.dengue_scores()
    worse.loc[worse["team"] == "healthops", "log_score"] -= 1
    worse.loc[(worse["team"] == "healthops") & (worse["season"] == "all"), "rank"] = 3
    said = plain(words.iquitos_in_words(worse.sort_values("rank")))
    assert "0.800 worse, more than one standard error" in said
    assert words.targets_in_words(made.dengue_scores(), figures.TARGETS).startswith("Peak week: rank 1 of 4 (-2.50")
    assert tables.best_and_worst_season(made.dengue_scores()) == ("2009/2010", "2012/2013")
    said = plain(words.examples_in_words(made.dengue_forecasts(), ["2009/2010"]))
    assert (
        said == "In 2009/2010 the bins that came had a mean probability of 10 % at the start and 30 % after 24 weeks."
    )


def test_sentences_on_peru():
    scores, weeks = made.peru_scores(), made.peru_weeks()
    said = plain(words.peru_in_words(scores, "province", MEMBERS))
    assert "the fusion's WIS is 0.660 (0.59 to 0.73) of the hub baseline's, and 0.780 (0.70 to 0.86)" in said
    assert "best single member is trees-root (0.690), the best of statsforecast's models auto-theta (1.020)" in said
    assert "the 90 % intervals 86.0 to 90.0 %" in plain(words.peru_coverage_in_words(scores, "province"))
    said = words.peru_weeks_in_words(weeks, scores, "department")
    assert said == "Departments: of 10 origins the fusion was better at 9 than hub-baseline and 9 than auto-theta."
    assert "fusion's allocation score is 59.4 cases" in words.peru_worth_in_words(scores, "department")


# ---- figures --------------------------------------------------------------------------------------------------


def test_the_ranking_draws_every_team_by_rank_and_names_ours():
    fig = figures.ranking(made.flusight_teams())
    labels = [label.get_text() for label in fig.axes[0].get_yticklabels()]
    assert labels[0] == "healthops-fusion  1" and labels[-1] == "gamma  6" and len(labels) == 6
    # What lies beyond the edge is drawn at the edge with its figure.
    assert "1.9" in [text.get_text() for text in fig.axes[0].texts]
    bold = [label.get_text() for label in fig.axes[0].get_yticklabels() if label.get_weight() == "bold"]
    assert {name.split()[0] for name in bold} == {"healthops-fusion", "FluSight-ensemble", "FluSight-baseline", "alpha"}


def test_states_are_sorted_and_coloured_by_who_is_better():
    table = made.flusight_teams()
    table.loc[(table["within"] == "36") & (table["model"] == "healthops-fusion"), "relative_wis"] = 0.9
    ax = figures.by_state(table).axes[0]
    assert [label.get_text() for label in ax.get_xticklabels()][-1] == "NY"
    heights = ax.collections[1].get_offsets()[:, 1]
    assert np.allclose(heights[-1], 0.9 / 0.75) and (np.diff(heights) >= 0).all()


def test_the_fans_show_the_intervals_and_what_came():
    ax = figures.fans(made.flusight_forecasts(), "US", every=2).axes[0]
    assert len(ax.collections) == 2 * 3, "two intervals for each of three dates"
    came = next(line for line in ax.lines if line.get_label() == "came")
    assert set(came.get_ydata()) == {99.0, 199.0}
    with pytest.raises(ValueError, match="no forecast of 'XX'; there are"):
        figures.fans(made.flusight_forecasts(), "XX", every=2)


def test_the_examples_frame_the_bin_that_came_and_none_where_weeks_tie():
    fig = figures.dengue_examples(made.dengue_forecasts(), {"2009/2010": "best", "2011/2012": "tied"})
    framed = [[tuple(line.get_xdata()) for line in ax.lines] for ax in fig.axes[:6]]
    assert framed == [[(3, 3, 4, 4)]] * 3 + [[]] + [[(3, 3, 4, 4)]] * 2


def test_every_figure_is_drawn_from_small_tables():
    table, scores = made.flusight_teams(), made.dengue_scores()
    flu = [figures.by_horizon(table), figures.by_date(table), figures.coverage(table)]
    flu += [figures.shared_by(made.flusight_allocation()), figures.seconds(made.flusight_runs(), 60)]
    iquitos = [figures.dengue_teams(scores, bar=-2.55, aim=-2.48), figures.dengue_seasons(scores)]
    peru = [figures.peru_horizons(made.peru_scores(), MEMBERS), figures.peru_coverage(made.peru_scores(), 3)]
    peru += [figures.peru_models(made.peru_scores(), MEMBERS, {"department": (0.68, 0.79)})]
    peru += [figures.peru_weeks(made.peru_weeks(), made.peru_scores())]
    for fig in (*flu, *iquitos, *peru):
        assert all(ax.get_xlabel() or ax.get_ylabel() or ax.get_title(loc="left") + ax.get_title() for ax in fig.axes)


def test_settings_are_told_a_part_a_line():
    lines = tables.setting_lines(made.settings())
    assert lines["settings"].tolist() == ["length 8.8, shape 3", "draws 4000", "lstm-torch 0.4, trees-root 0.6"]
    assert tables.members(made.settings()) == MEMBERS
    with pytest.raises(ValueError, match="no WEIGHTS of the fusion"):
        tables.members(made.settings().assign(ground="flusight"))


def test_the_record_and_the_settings_are_those_of_the_frozen_forecasters(tmp_path: Path):
    from benchmarks import choices
    from healthops.forecast import flu, season_targets

    ws = Workspace("public", root=tmp_path)
    choices.run(ws)
    record, settings = ws.read("benchmark_choices"), ws.read("benchmark_settings")
    assert (record["ground"] == "flusight").sum() == len(flu.RECORD)
    assert (record["ground"] == "dengue_project").sum() == len(season_targets.RECORD)
    assert (record.loc[:, ["choice", "chosen_on", "seen"]] != "").all(axis=None)
    found = settings.set_index(["ground", "setting"])["value"]
    length = season_targets.CITY_CONFIGS["iquitos"].cox.smooth_length
    assert float(found["dengue_project", "iquitos.cox.smooth_length"]) == length
    assert sum(float(v) for (_, k), v in found.items() if k.startswith("WEIGHTS.")) == pytest.approx(1)
    assert set(tables.members(settings)) == set(choices.peru_dengue.WEIGHTS)


# ---- the notebook ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Notebook 91 run on the small tables through the pipeline's own jobs; its page."""
    root = tmp_path_factory.mktemp("benchmarks")
    ws = Workspace("public", root=root)
    made.write_all(ws)
    return run_alone(ws, NOTEBOOK)


@pytest.mark.slow
def test_the_notebook_runs_and_its_page_has_no_fault(page: Path):
    assert faults(page) == []
    soup = parse(page)
    assert len(soup.select("figure")) == 15
    answer = plain(soup.select_one("section.answer").get_text(" "))
    assert "rank 1 of 6 in 2023-24 and 1 of 6 in 2024-25 (relative WIS 0.550 and 0.550)" in " ".join(answer.split())
    assert unreadable(soup) == []


@pytest.mark.slow
def test_the_notebooks_figures_are_those_of_the_tables(page: Path):
    figures = json.loads((page.parent / "metrics" / f"{NOTEBOOK}.json").read_text())
    assert figures["flusight_lowest_rank"] == 1 and figures["dengue_project_log_score"] == -2.5
    assert figures["peru_relative_wis_province"] == 0.66
    verdicts = [row.find_all("td")[-1].get_text() for row in parse(page).select("#table-1 tbody tr")]
    kinds = [row.find_all("td")[0].get_text() for row in parse(page).select("#table-1 tbody tr")]
    bars = [verdict for verdict, kind in zip(verdicts, kinds, strict=True) if kind == "bar"]
    assert (bars.count("yes"), len(bars)) == (figures["bars_met"], figures["bars_asked"])
    assert "NO" in bars, "the made tables miss some bars"
    assert not [name for name in figures if "second" in name], "what is measured is no figure that two runs share"
