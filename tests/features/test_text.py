import numpy as np
import pandas as pd
import pytest

from healthops.features.grid import Grid
from healthops.features.lexicon import KEYWORDS, LEXICON, fold, mend
from healthops.features.records import record_features, treatments_given
from healthops.features.text import SymptomDiagnosisInteraction, SymptomKeywords, diagnosis_ngrams, symptom_flags

from .conftest import WEEKS


def flags(note: str) -> set[str]:
    return {name for name, flag in zip(KEYWORDS, symptom_flags([note])[0], strict=True) if flag}


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ("Fiebre alta y cefalea", {"fever", "headache"}),
        ("FIEVRE, DOLOR DE CABESA", {"fever", "headache"}),
        ("fiebre, niega sangrado, tos", {"fever", "cough"}),
        ("sin fiebre pero con vómitos persistentes", {"vomiting", "persistent_vomiting", "warning_sign"}),
        ("bomitos y fibre", {"vomiting", "fever"}),
        ("dolor en los ojos", {"eye_pain"}),
        ("extremidades frías, disnea", {"shock", "breathing", "severe_sign"}),
        ("edema. ascitis", {"fluid", "warning_sign"}),
        ("dlr abd leve + ganas de vomitar", {"abdominal_pain", "nausea"}),
        ("temperatura 39; vómitos pers", {"fever", "vomiting", "persistent_vomiting", "warning_sign"}),
        ("temperatura 36", set()),
        ("control de rutina", set()),
        ("", set()),
    ],
)
def test_notes_say_what_a_reader_would_say(note, expected):
    assert flags(note) == expected


def test_each_phrase_of_the_lexicon_finds_its_own_flag():
    for name, phrases in LEXICON.items():
        for phrase in phrases:
            assert name in flags(phrase.upper()), (name, phrase)


def test_one_letter_wrong_does_not_matter_in_long_words():
    for word in ("sangrado", "exantema", "hepatomegalia", "letargia"):
        for i in range(1, len(word) - 1):
            assert mend(word[:i] + "w" + word[i + 1 :]) == fold(word), word
            assert mend(word[:i] + word[i + 1 :]) == fold(word), word


def test_missing_notes_have_no_flags():
    assert symptom_flags(pd.Series([None, np.nan, "fiebre"], dtype=object)).sum(axis=1).tolist() == [0, 0, 1]
    assert SymptomKeywords().fit_transform(pd.Series(["fiebre"])).shape == (1, len(KEYWORDS))


def test_interaction_learns_only_pairs_of_the_fold():
    fold_rows = pd.DataFrame({"symptoms": ["fiebre"] * 6 + ["tos"] * 2, "diagnosis": ["dengue"] * 6 + ["gripe"] * 2})
    learnt = SymptomDiagnosisInteraction(min_records=5).fit(fold_rows)
    assert learnt.get_feature_names_out().tolist() == ["fever * dengue"]
    later = pd.DataFrame({"symptoms": ["fiebre", "tos", "fiebre"], "diagnosis": ["Dengue", "gripe", "malaria"]})
    assert learnt.transform(later).ravel().tolist() == [1, 0, 0]


def test_ngrams_know_only_words_of_the_fold():
    learnt = diagnosis_ngrams(min_records=1).fit(["dengue sin signos", "malaria"])
    assert learnt.transform(["zzzz"]).nnz == 0
    near = (learnt.transform(["dengue"]) @ learnt.transform(["dengeu sin signos", "malaria"]).T).toarray()[0]
    assert near[0] > near[1]


def test_record_windows_are_those_of_brute_force(records):
    grid = Grid(("0101", "0102", "0201", "0202"), WEEKS.to_numpy("datetime64[D]"))
    got = record_features(grid, records)
    given = {"paracetamol; suero oral": 2, "reposo": 1}
    for p, t in ((0, 0), (0, 7), (2, 50), (3, 119)):
        age = (WEEKS[t] - records["date"]).dt.days
        here = records[records["ubigeo"].str.startswith(grid.places[p])]
        month = here[age.loc[here.index].between(0, 27)]
        assert got["fever_records_last_28_days"][p, t] == len(month)
        warned = (month["symptoms"] == "Fiebre, vómitos persistentes").mean() if len(month) else np.nan
        assert got["warning_sign_share_last_28_days"][p, t] == pytest.approx(warned, nan_ok=True)
        treated = here[age.loc[here.index].between(0, 29)]["treatment"].map(given).sum()
        assert got["sum_treatments_last_month"][p, t] == treated


def test_treatments_are_counted_however_they_are_joined():
    notes = pd.Series(["paracetamol, suero oral", "paracetamol + reposo y suero", "", None, " reposo "])
    assert treatments_given(notes).tolist() == [2, 3, 0, 0, 1]
