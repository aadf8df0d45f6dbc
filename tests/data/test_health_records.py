"""Fictitious records: where and when, what they say, and whether the outcome can be learnt."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthops.data import health_records, schemas
from healthops.data.health_notes import Scribe
from healthops.pipeline import step
from healthops.workspace import MissingTableError, Workspace

CODES = ("010101", "010102", "020101")


@pytest.fixture(scope="module")
def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    places = pd.DataFrame({
        "ubigeo": [*CODES, "020102"], "level": "district", "latitude": [-3.0, -4.0, np.nan, -6.0],
        "longitude": [-75.0, -76.0, np.nan, -77.0], "population": [5e4, 1e4, np.nan, 9e4],
    })  # fmt: skip
    weeks = pd.date_range("2018-01-06", periods=200, freq="7D")
    grid = pd.MultiIndex.from_product([CODES, weeks], names=["ubigeo", "week_end"]).to_frame(index=False)
    season = 20 * (grid["week_end"].dt.month < 6)
    grid["cases"] = (season * grid["ubigeo"].map(dict(zip(CODES, (3, 1, 0), strict=True)))).astype("Int64")
    grid.loc[5, "cases"] = pd.NA
    return places, grid


@pytest.fixture(scope="module")
def records(tables) -> pd.DataFrame:
    return health_records.imagine(np.random.default_rng(1), *tables, records=6000)


def test_the_same_seed_gives_the_same_records(tables):
    first, again, other = (health_records.imagine(np.random.default_rng(s), *tables, records=300) for s in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    assert not first["symptoms"].equals(other["symptoms"])


def test_the_table_obeys_its_schema_and_says_that_it_is_fictitious(records):
    checked = schemas.validate("health_records", records)
    assert len(checked) == 6000 and checked["fictitious"].all()
    assert checked["record_id"].iloc[[0, -1]].tolist() == ["R000001", "R006000"]
    assert checked["date"].is_monotonic_increasing
    assert set(checked.columns) == set(schemas.table("health_records").columns), "nothing that identifies a person"


def test_dengue_is_placed_and_timed_by_the_counts(tables, records):
    places, weekly = tables
    text = records["diagnosis"].fillna("").str.lower()
    dengue = records[text.str.contains("dengue")]
    share = dengue["ubigeo"].value_counts(normalize=True)
    # Districts report 3 : 1 : 0; a few other fevers are taken for dengue.
    assert share["010101"] == pytest.approx(0.75, abs=0.04)
    assert share["010102"] == pytest.approx(0.25, abs=0.04)
    assert share.get("020101", 0) < 0.03
    assert (dengue["date"].dt.month <= 6).mean() > 0.9
    other = records[~text.str.contains("dengue|dgue|febr|fiebre|dcsa|viral|alarma|nan")]
    assert (other["date"].dt.month <= 6).mean() < 0.65
    assert set(records["ubigeo"]) == set(CODES), "a district outside the counts has no clinic on record"
    assert records["date"].between(weekly["week_end"].min() - pd.Timedelta(days=6), weekly["week_end"].max()).all()
    silent = weekly.loc[weekly["cases"].isna()].iloc[0]
    inside = records["date"].between(silent["week_end"] - pd.Timedelta(days=6), silent["week_end"])
    assert not (dengue["ubigeo"].eq(silent["ubigeo"]) & inside.loc[dengue.index]).sum() > 2


def test_clinics_lie_near_their_district(tables, records):
    places = tables[0].set_index("ubigeo")
    for code in ("010101", "010102"):
        here = records[records["ubigeo"] == code].dropna(subset="latitude")
        assert (here["latitude"] - places.loc[code, "latitude"]).abs().max() < 0.1
        assert len(here[["latitude", "longitude"]].drop_duplicates()) == 3
    assert records.loc[records["ubigeo"] == "020101", "latitude"].isna().all()


def test_some_fields_are_missing(records):
    for field, share in health_records.MISSING.items():
        column = "latitude" if field == "coordinates" else field
        lost = records.loc[records["ubigeo"] != "020101", column].isna().mean()
        assert lost == pytest.approx(share, abs=0.012), field
    assert records[["date", "ubigeo", "outcome", "record_id"]].notna().all(axis=None)


def test_age_and_warning_signs_drive_the_outcome(records):
    bad = records["outcome"] != "recovered"
    age = records["age_years"].astype(float)
    assert 0.08 < bad.mean() < 0.2 and 0 < (records["outcome"] == "died").mean() < 0.02
    assert bad[age >= 65].mean() > 2 * bad[age.between(10, 40)].mean()
    signs = (
        records["symptoms"].str.lower().str.contains("persistentes|intenso|letargia|disnea|epistaxis|plaquet", na=False)
    )
    assert bad[signs].mean() > 1.7 * bad[~signs].mean()


def test_the_outcome_can_be_learnt_but_not_perfectly(tables, records):
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.metrics import roc_auc_score

    order = np.random.default_rng(0).permutation(len(records))
    shuffled = records.iloc[order]
    words = CountVectorizer(min_df=20, strip_accents="unicode").fit_transform(shuffled["symptoms"].fillna(""))
    age = shuffled["age_years"].astype(float).fillna(30).to_numpy()[:, None]
    x = np.hstack([words.toarray(), age])
    y = (shuffled["outcome"] != "recovered").to_numpy()
    forest = RandomForestClassifier(150, min_samples_leaf=3, random_state=0, n_jobs=1).fit(x[:4500], y[:4500])
    assert 0.70 < roc_auc_score(y[4500:], forest.predict_proba(x[4500:])[:, 1]) < 0.90


class Steady:
    """A source of chance that always says the same."""

    def __init__(self, chance: float) -> None:
        self.chance = chance

    def random(self) -> float:
        return self.chance

    def integers(self, low, high=None):
        return 0 if high is None else low

    def choice(self, n, size, **_):
        return np.arange(size)


@pytest.mark.parametrize(
    ("chance", "diagnosis"),
    [
        # In calm: above the chance of every slip, below that of a sign or an illness being written down.
        (0.6, "dengue con señales de alarma"),
        # In haste: unsure, without accents, abbreviated, in capitals; just above the chance of a slip.
        (0.04, "SD FEBRIL"),
    ],
)
def test_notes_are_written_as_the_chances_say(chance, diagnosis):
    scribe = Scribe(Steady(chance), health_records.vocabulary())
    person = {"disease": "dengue", "signs": 1, "illness": ["diabetes"]}
    symptoms, written, _ = scribe.write(person)
    assert written == diagnosis
    plain = symptoms.lower()
    assert "fiebre" in plain and "diab" in plain and ("dolor abdominal intenso" in plain or "dlr" in plain)


def test_slips_change_one_letter_or_swap_two():
    from healthops.data.synthetic_names import edits

    scribe = Scribe(np.random.default_rng(0), health_records.vocabulary())
    slips = [scribe._slip("cefalea") for _ in range(200)]
    assert all(edits(word, "cefalea") <= 2 and word[0] == "c" for word in slips)
    assert {len(word) for word in slips} == {6, 7, 8}


def test_counts_without_a_case_are_an_error(tables):
    places, weekly = tables
    with pytest.raises(ValueError, match="has no case"):
        health_records.imagine(np.random.default_rng(0), places, weekly.assign(cases=0), records=10)


def test_the_tables_must_be_there(tmp_path, monkeypatch, capsys):
    with pytest.raises(MissingTableError):
        health_records.run(Workspace("smoke", root=tmp_path))
    monkeypatch.setenv("HEALTHOPS_ROOT", str(tmp_path))
    assert step.main("healthops.data.health_records", "smoke") == 1
    assert "places" in capsys.readouterr().err
