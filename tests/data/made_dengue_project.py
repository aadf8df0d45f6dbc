"""Files in the format of the Dengue Forecasting Project, made up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd


def seasons(first_year: int, many: int, *, city_size: float = 400, seed: int = 1, month_day: str = "07-01"):
    """Seasons of a peak near week 28, as the project's rows; every year starts on the same day."""
    rng = np.random.default_rng(seed)
    shape = np.exp(-0.5 * ((np.arange(52) - 27) / 6) ** 2) + 0.05
    tables = []
    for year in range(first_year, first_year + many):
        size = city_size * np.exp(rng.normal(0, 0.5))
        cases = rng.poisson(size * np.roll(shape, rng.integers(-3, 4)) / shape.sum())
        starts = np.datetime64(f"{year}-{month_day}") + 7 * np.arange(52)
        tables.append(
            pd.DataFrame(
                {
                    "season": f"{year}/{year + 1}",
                    "season_week": np.arange(1, 53),
                    "week_start_date": starts.astype(str),
                    "denv1_cases": 0,
                    "other_positive_cases": cases,
                    "total_cases": cases,
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def write(folder: Path, *, test_city: str = "iquitos", tests: int = 2) -> Path:
    """Write both cities' training files, and the testing file of `test_city`; return the folder Dengue_data."""
    home = folder / "cdcepi/dengue-forecasting-project-2015/0123456789ab/Dengue_data"
    home.mkdir(parents=True)
    made = {
        "iquitos": seasons(2001, 6 + tests, city_size=400),
        "san_juan": seasons(1999, 8 + tests, city_size=1500, seed=2, month_day="04-30"),
    }
    for city, table in made.items():
        table.iloc[: len(table) - 52 * tests].to_csv(home / f"{city}_training_data.csv", index=False)
        if city == test_city:
            table.to_csv(home / f"{city}_testing_data.csv", index=False)
    return home
