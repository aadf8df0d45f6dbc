from __future__ import annotations

import pytest

from healthops.report.tidy import plain, relative_paths


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("File /home/a/healthops/src/healthops/workspace.py:3", "File src/healthops/workspace.py:3"),
        ("/builds/x/notebooks/11-explore-outbreaks.ipynb", "notebooks/11-explore-outbreaks.ipynb"),
        ("'/work/main/data/synthetic/places.parquet'", "'data/synthetic/places.parquet'"),
        ("/x/.venv/lib/python3.11/site-packages/numpy/core.py", "/x/.venv/lib/python3.11/site-packages/numpy/core.py"),
        ("/root/.venv/lib/python3.11/site-packages/numpy/core.py", "numpy/core.py"),
        ("/usr/lib/python3.11/json/decoder.py", "json/decoder.py"),
        ("/tmp/somewhere/else.txt", "else.txt"),
        ("file:///home/a/b.csv", "b.csv"),
        ("/tmp/ipykernel_99/1234567.py:1: FutureWarning", "cell:1: FutureWarning"),
        ("https://example.org/home/a/b", "https://example.org/home/a/b"),
        ("cases/100,000/year and 3/4/5 and /km2", "cases/100,000/year and 3/4/5 and /km2"),
        ("<object at 0x7f0011223344>", "<object at 0x...>"),
        ("colour 0xff", "colour 0xff"),
    ],
)
def test_paths_are_cut_to_what_means_the_same_everywhere(text: str, wanted: str) -> None:
    assert relative_paths(text) == wanted


def test_terminal_colours_are_stripped() -> None:
    assert plain("\x1b[1;31mError\x1b[0m: \x1b[38;5;241mx\x1b[39m\x1b]8;;a\x07link") == "Error: xlink"
