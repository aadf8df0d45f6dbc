import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import check_estimator

from healthops.features.encode import Winsoriser, table_encoder


@pytest.fixture
def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=200), "b": rng.gamma(1, 5, 200), "empty": np.nan})
    frame.loc[::7, "b"] = np.nan
    frame.loc[3, "a"] = 1e6
    return frame.assign(region=rng.choice(["costa", "selva"], 200), code=rng.choice(["0101", "0102", "0201"], 200))


def test_winsoriser_is_a_well_behaved_estimator():
    check_estimator(Winsoriser())


def test_winsoriser_clips_at_the_fold_quantiles():
    x = np.arange(101.0)[:, None]
    clip = Winsoriser(0.1, 0.9).fit(x)
    assert clip.transform([[-5.0], [50.0], [1e9], [np.nan]]).ravel()[:3].tolist() == [10, 50, 90]
    assert np.isnan(clip.transform([[np.nan]])).all()
    with pytest.raises(ValueError, match="must rise"):
        Winsoriser(0.9, 0.1).fit(x)


def test_nothing_of_the_test_rows_is_learnt(table):
    encoder = table_encoder(numbers=["a", "b", "empty"], nominal=["region"], ordinal=["code"], components=2)
    train, test = table.iloc[:120], table.iloc[120:].copy()
    once = encoder.fit(train).transform(train)
    test[["a", "b"]] = 1e9
    test["region"] = "sierra"
    both = clone(encoder).fit(train)
    both.transform(test)
    assert np.array_equal(both.transform(train), once)
    # The guard of this test: fitted on all rows, the training rows look different.
    leaked = clone(encoder).fit(pd.concat([train, test])).transform(train)
    assert leaked.shape != once.shape or not np.allclose(leaked, once)


def test_unknown_and_missing_are_encoded_as_said(table):
    encoder = table_encoder(numbers=["a", "b"], nominal=["region"], ordinal=["code"]).fit(table)
    row = pd.DataFrame({"a": [np.nan], "b": [np.nan], "region": ["sierra"], "code": ["9999"]})
    got = dict(zip(encoder.get_feature_names_out(), encoder.transform(row)[0], strict=True))
    assert got["ordinal__code"] == -1
    assert got["nominal__region_costa"] == got["nominal__region_selva"] == 0
    assert got["missing__missingindicator_b"] == 1
    median = np.median(Winsoriser().fit_transform(table[["b"]].dropna()))
    scaled = encoder.named_transformers_["number"]["scale"]
    assert got["number__b"] == pytest.approx((median - scaled.mean_[1]) / scaled.scale_[1])


def test_components_agree_with_the_singular_values(table):
    train = table[["a", "b"]].dropna()
    got = table_encoder(numbers=["a", "b"], components=2, winsorise=None).fit_transform(train)[:, :2]
    z = (train - train.mean()) / train.std(ddof=0)
    _, s, vt = np.linalg.svd(z.to_numpy(), full_matrices=False)
    assert np.allclose(np.abs(got), np.abs(z.to_numpy() @ vt.T))
    assert np.allclose((got**2).sum(axis=0), s**2)
