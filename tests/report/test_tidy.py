from __future__ import annotations

import pytest

from healthops.report.tidy import plain, quiet, relative_paths


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("File /home/a/healthops/src/healthops/workspace.py:3", "File src/healthops/workspace.py:3"),
        ("/builds/x/notebooks/11-explore-outbreaks.ipynb", "notebooks/11-explore-outbreaks.ipynb"),
        ("'/srv/main/data/synthetic/places.parquet'", "'data/synthetic/places.parquet'"),
        ("/x/.venv/lib/python3.11/site-packages/numpy/core.py", "/x/.venv/lib/python3.11/site-packages/numpy/core.py"),
        ("/home/someone/.venv/lib/python3.11/site-packages/numpy/core.py", "numpy/core.py"),
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


def test_stamped_logs_lose_their_stamp_and_their_chatter() -> None:
    text = (
        "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
        "I0000 00:00:1795214248.476340   29757 port.cc:153] oneDNN custom operations are on.\n"
        "2026-11-20 22:31:07.123456: I tensorflow/core/util/port.cc:153] oneDNN is on.\n"
        "2026-11-20 22:31:08.654321: W tensorflow/core/kernels/x.cc:1] slow\n"
        "a line of the notebook's own at 2026-11-20\n"
    )
    assert quiet(text) == "W tensorflow/core/kernels/x.cc:1] slow\na line of the notebook's own at 2026-11-20\n"


def test_of_a_progress_bar_only_the_end_stays() -> None:
    assert quiet("  0%|   | 0/3\r 33%|#  | 1/3\r100%|###| 3/3\nnext\n") == "100%|###| 3/3\nnext\n"
