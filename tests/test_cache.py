"""The cache gives what was made from the same content, and nothing else; a file is whole or not there."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import time
import types

import numpy as np
import pytest

from healthops.cache import CacheError, ContentCache, canonical, source_hash

KEY = {"inputs": ["ab12"], "config": {"bags": 3, "rate": 0.1}, "seed": 1}


class Counted:
    """Makes arrays and counts how often."""

    def __init__(self, value: float = 1.5) -> None:
        self.calls, self.value = 0, value

    def __call__(self) -> dict[str, np.ndarray]:
        self.calls += 1
        return {
            "q": np.full((2, 3), self.value),
            "when": np.array(["2025-01-04"], dtype="datetime64[D]"),
            "place": np.array(["01", "US"]),
        }


def test_the_second_time_nothing_is_made(tmp_path):
    make = Counted()
    cache = ContentCache(tmp_path / "cache")
    first = cache.get_or_make(KEY, make)
    again = ContentCache(tmp_path / "cache").get_or_make(dict(reversed(list(KEY.items()))), make)
    assert make.calls == 1 and sorted(first) == sorted(again) == ["place", "q", "when"]
    for name in first:
        np.testing.assert_array_equal(first[name], again[name])
        assert first[name].dtype == again[name].dtype
    assert [p.suffix for p in (tmp_path / "cache").iterdir()] == [".npz"]


@pytest.mark.parametrize(
    "change",
    [{"seed": 2}, {"inputs": ["ab13"]}, {"config": {"bags": 3, "rate": 0.2}}, {"seed": "1"}, {"more": None}],
)
def test_any_change_of_the_key_is_another_result(tmp_path, change):
    cache = ContentCache(tmp_path)
    cache.get_or_make(KEY, Counted(1.0))
    assert cache.get_or_make({**KEY, **change}, Counted(2.0))["q"][0, 0] == 2.0
    assert cache.get_or_make(KEY, Counted(3.0))["q"][0, 0] == 1.0


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text", "other key"])
def test_a_damaged_file_is_made_anew_with_a_message(tmp_path, caplog, damage):
    cache = ContentCache(tmp_path)
    make = Counted()
    cache.get_or_make(KEY, make)
    path = cache.path(KEY)
    whole = path.read_bytes()
    if damage == "other key":
        other = {**KEY, "seed": 2}
        cache.get_or_make(other, Counted(9.0))
        path.write_bytes(cache.path(other).read_bytes())
    else:
        middle = len(whole) // 4
        flipped = whole[:middle] + bytes([whole[middle] ^ 0xFF, whole[middle + 1] ^ 0xFF]) + whole[middle + 2 :]
        path.write_bytes({"cut": whole[:-40], "flipped": flipped, "empty": b"", "text": b"not a file"}[damage])
    with caplog.at_level(logging.WARNING, logger="healthops.cache"):
        again = cache.get_or_make(KEY, make)
    assert make.calls == 2 and (again["q"] == 1.5).all()
    assert f"{path} is damaged" in caplog.text and "made anew" in caplog.text
    assert cache.get_or_make(KEY, make)["q"].shape == (2, 3) and make.calls == 2


def test_a_maker_that_fails_leaves_nothing(tmp_path):
    cache = ContentCache(tmp_path / "cache")
    with pytest.raises(ZeroDivisionError):
        cache.get_or_make(KEY, lambda: {"q": np.array(1 / 0)})
    assert not (tmp_path / "cache").exists()


def test_a_process_killed_while_it_writes_leaves_no_result(tmp_path):
    code = f"""
import numpy as np, sys, time
from pathlib import Path
from healthops import cache
def slow(file, **arrays):
    file.write(b"half of it"); file.flush(); print("writing", flush=True); time.sleep(60)
cache.np.savez_compressed = slow
cache.ContentCache(Path({str(tmp_path)!r})).get_or_make({KEY!r}, lambda: {{"q": np.zeros(3)}})
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "writing\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    cache = ContentCache(tmp_path)
    assert not cache.path(KEY).exists()
    make = Counted()
    assert (cache.get_or_make(KEY, make)["q"] == 1.5).all() and make.calls == 1


def _race(folder, value):
    def make():
        time.sleep(0.05)
        return {"q": np.full(20_000, 7.0)}

    return float(ContentCache(folder).get_or_make({"value": value}, make)["q"].sum())


def test_two_processes_may_ask_for_one_result(tmp_path):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.starmap(_race, [(tmp_path, 1)] * 6) == [140_000.0] * 6
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ({"a": {1, 2}}, "not plain JSON"),
        ({"a": float("nan")}, "not plain JSON"),
        ({"a": np.float32(1)}, "not plain JSON"),
        ({"a": [{1: 2}]}, r"key_parts\['a'\]\[0\] has the key 1, which is not text"),
    ],
)
def test_a_key_that_is_not_plain_json_is_refused(key, message):
    with pytest.raises(CacheError, match=message):
        canonical(key)


def test_objects_are_not_kept(tmp_path):
    with pytest.raises(CacheError, match="array 'q' of type object cannot be kept"):
        ContentCache(tmp_path).get_or_make(KEY, lambda: {"q": np.array([None])})
    assert not list(tmp_path.iterdir())


def test_source_hash_follows_the_source_and_not_the_order(tmp_path):
    def module(name: str, text: str) -> types.ModuleType:
        made = types.ModuleType(name)
        made.__file__ = str(tmp_path / f"{name}.py")
        (tmp_path / f"{name}.py").write_text(text)
        return made

    one, two = module("one", "x = 1\n"), module("two", "y = 1\n")
    first = source_hash([one, two])
    assert first == source_hash([two, tmp_path / "one.py"]) and len(first) == 64
    module("one", "x = 2\n")
    assert source_hash([one, two]) != first
    with pytest.raises(CacheError, match="module sys has no source file"):
        source_hash([sys])
