"""Fetching: whole and read-only, or one clear error with nothing replaced and nothing partial left."""

from __future__ import annotations

import errno
import hashlib
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from healthops.data import fetch
from healthops.data.errors import DataError, DiskError, FetchError, MissingSourceError, NetworkError, WrongHashError
from healthops.data.sources import Source
from healthops.pipeline import step

CONTENT = {"one.csv": b"a,b\n1,2\n", "folder/two.csv": b"c\n" * 1000}


def _source(path: str, content: bytes) -> Source:
    return Source(
        name=Path(path).stem,
        repository="owner/data",
        commit="abc123",
        path=path,
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        licence="CC0",
        publisher="nobody",
        citation="nobody, nothing",
        about="a test",
    )


SOURCES = [_source(path, content) for path, content in CONTENT.items()]


@pytest.fixture
def served(tmp_path) -> Path:
    """A folder that holds the files as a mirror, or a server, has them."""
    for source in SOURCES:
        path = tmp_path / "served" / source.relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(CONTENT[source.path])
    return tmp_path / "served"


@pytest.fixture
def raw(tmp_path) -> Path:
    return tmp_path / "raw"


@pytest.fixture
def server(served):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(served)))
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_address[1]}"
    httpd.shutdown()
    httpd.server_close()


def _files(raw: Path) -> dict[str, bytes]:
    return {str(p.relative_to(raw)): p.read_bytes() for p in sorted(raw.rglob("*")) if p.is_file()}


WHOLE = {str(source.relative): CONTENT[source.path] for source in SOURCES}


@pytest.mark.parametrize("way", ["mirror", "network"])
def test_files_arrive_whole_and_read_only(way, served, server, raw):
    fetched = fetch.fetch_sources(
        SOURCES, raw, mirror=served if way == "mirror" else None, base=server, retries=0, quiet=True
    )
    assert fetched == SOURCES
    assert _files(raw) == WHOLE
    assert [oct(p.stat().st_mode & 0o777) for p in raw.rglob("*.csv")] == ["0o444", "0o444"]


def test_what_is_right_is_left_alone(served, raw):
    fetch.fetch_sources(SOURCES, raw, mirror=served, quiet=True)
    before = {p: p.stat().st_mtime_ns for p in raw.rglob("*.csv")}
    shutil.rmtree(served)
    served.mkdir()
    assert fetch.fetch_sources(SOURCES, raw, mirror=served, quiet=True) == []
    assert {p: p.stat().st_mtime_ns for p in raw.rglob("*.csv")} == before


def test_a_tampered_file_is_fetched_again_and_a_stray_piece_is_swept_away(served, raw):
    fetch.fetch_sources(SOURCES, raw, mirror=served, quiet=True)
    victim = raw / SOURCES[0].relative
    victim.chmod(0o644)
    victim.write_bytes(b"tampered")
    victim.with_name("tmpk1ll3d").write_bytes(b"half")
    assert fetch.fetch_sources(SOURCES, raw, mirror=served, quiet=True) == SOURCES[:1]
    assert _files(raw) == WHOLE


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("way", ["mirror", "network"])
def test_wrong_bytes_replace_nothing(way, there, served, server, raw):
    target = raw / SOURCES[0].relative
    if there:
        target.parent.mkdir(parents=True)
        target.write_bytes(b"what was here")
    (served / SOURCES[0].relative).write_bytes(b"other bytes")
    with pytest.raises(WrongHashError, match=rf"^one: the bytes at .*{SOURCES[0].relative} do not have the sha256"):
        fetch.fetch_sources(
            SOURCES, raw, mirror=served if way == "mirror" else None, base=server, retries=0, quiet=True
        )
    assert _files(raw) == ({str(SOURCES[0].relative): b"what was here"} if there else {})
    assert there or not raw.exists()


def test_file_that_the_mirror_lacks(served, raw):
    (served / SOURCES[1].relative).unlink()
    with pytest.raises(MissingSourceError, match=r"two.csv is not in the mirror; add it .*or unset HEALTHOPS_MIRROR"):
        fetch.fetch_sources(SOURCES, raw, mirror=served, quiet=True)
    assert _files(raw) == {str(SOURCES[0].relative): CONTENT["one.csv"]}


def test_mirror_that_is_not_a_folder(tmp_path, raw):
    with pytest.raises(MissingSourceError, match="HEALTHOPS_MIRROR names .*nowhere"):
        fetch.fetch_sources(SOURCES, raw, mirror=tmp_path / "nowhere", quiet=True)


def test_file_that_the_server_lacks(served, server, raw):
    (served / SOURCES[0].relative).unlink()
    with pytest.raises(MissingSourceError, match=r"one: .* answered 404; check repository, commit and path"):
        fetch.fetch_sources(SOURCES, raw, base=server, retries=0, quiet=True)
    assert not raw.exists()


def test_no_network(raw):
    # Port 9 (discard) of this machine answers nothing.
    with pytest.raises(NetworkError, match=r"one: http://127.0.0.1:9/.* could not be reached .*set HEALTHOPS_MIRROR"):
        fetch.fetch_sources(SOURCES, raw, base="http://127.0.0.1:9", retries=0, quiet=True)
    assert not raw.exists()


def test_connection_lost_half_way(server, raw, monkeypatch):
    def cut(self: requests.Response, chunk_size: int):
        yield b"a,b"
        raise requests.exceptions.ChunkedEncodingError("connection broken")

    monkeypatch.setattr(requests.Response, "iter_content", cut)
    with pytest.raises(NetworkError, match="ChunkedEncodingError"):
        fetch.fetch_sources(SOURCES, raw, base=server, retries=0, quiet=True)
    assert not raw.exists()


def test_a_download_is_tried_again(server, raw, monkeypatch):
    calls = []
    whole = requests.get

    def flaky(*args: object, **kwargs: object) -> requests.Response:
        calls.append(args)
        if len(calls) == 1:
            raise requests.ConnectionError("reset")
        return whole(*args, **kwargs)

    monkeypatch.setattr(requests, "get", flaky)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    fetch.fetch_sources(SOURCES, raw, base=server, retries=1, quiet=True)
    assert _files(raw) == WHOLE


@pytest.mark.parametrize("there", [False, True])
def test_full_disk_leaves_nothing_partial(served, raw, monkeypatch, there):
    target = raw / SOURCES[0].relative
    if there:
        target.parent.mkdir(parents=True)
        target.write_bytes(b"what was here")

    def full(origin: Path, target: str) -> None:
        Path(target).write_bytes(origin.read_bytes()[:3])
        raise OSError(errno.ENOSPC, "No space left on device", target)

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(DiskError, match=r"one: .* failed \(No space left on device\); free 0.0 MB"):
        fetch.fetch_sources(SOURCES, raw, mirror=served, quiet=True)
    assert _files(raw) == ({str(SOURCES[0].relative): b"what was here"} if there else {})


def test_errors_are_one_family():
    for error in (WrongHashError, MissingSourceError, NetworkError, DiskError):
        assert issubclass(error, FetchError) and issubclass(error, DataError)


def test_main_says_what_happened(tmp_path, served, monkeypatch, capsys):
    monkeypatch.setenv("HEALTHOPS_ROOT", str(tmp_path))
    monkeypatch.setenv("HEALTHOPS_MIRROR", str(served))
    monkeypatch.delenv("HEALTHOPS_REFERENCE", raising=False)
    monkeypatch.setattr(fetch, "load_sources", lambda: {s.name: s for s in SOURCES})
    assert step.main("healthops.data.fetch", "smoke") == 0
    said = capsys.readouterr().out
    assert "2 of 2 files fetched" in said
    assert "HEALTHOPS_REFERENCE is not set: flusight_team_scores.parquet not copied" in said
    assert not (tmp_path / "data/raw/smoke/reference").exists()
    (served / SOURCES[0].relative).write_bytes(b"other")
    (tmp_path / "data/raw/smoke" / SOURCES[0].relative).unlink()
    assert step.main("healthops.data.fetch", "smoke") == 1
    assert "scenario smoke: one: the bytes at" in capsys.readouterr().err
    assert step.main("healthops.data.fetch", "no-such-scenario") == 1


def test_the_reference_is_copied_only_where_it_is_named_and_right(tmp_path, served, raw, monkeypatch, capsys):
    folder = tmp_path / "reference"
    folder.mkdir()
    (folder / "flusight_team_scores.parquet").write_bytes(b"scores")
    monkeypatch.setattr(fetch, "REFERENCE", {"flusight_team_scores.parquet": hashlib.sha256(b"scores").hexdigest()})
    (target,) = fetch.copy_reference(folder, raw)
    assert target == raw / "reference/flusight_team_scores.parquet" and target.read_bytes() == b"scores"
    assert oct(target.stat().st_mode & 0o777) == "0o444"
    (folder / "flusight_team_scores.parquet").write_bytes(b"others")
    with pytest.raises(
        WrongHashError, match=r"flusight_team_scores.parquet does not have the sha256 .*HEALTHOPS_REFERENCE"
    ):
        fetch.copy_reference(folder, raw)
    assert target.read_bytes() == b"scores"
    with pytest.raises(
        MissingSourceError, match="HEALTHOPS_REFERENCE names .* which has no flusight_team_scores.parquet"
    ):
        fetch.copy_reference(tmp_path / "nowhere", raw)
    monkeypatch.setenv("HEALTHOPS_ROOT", str(tmp_path))
    monkeypatch.setenv("HEALTHOPS_MIRROR", str(served))
    monkeypatch.setenv("HEALTHOPS_REFERENCE", str(folder))
    monkeypatch.setattr(fetch, "load_sources", lambda: {s.name: s for s in SOURCES})
    assert step.main("healthops.data.fetch", "smoke") == 1
    assert "does not have the sha256" in capsys.readouterr().err


@pytest.mark.mirror
def test_the_reference_that_is_promised_is_the_one_there_is(mirror, raw):
    (copied,) = fetch.copy_reference(mirror.parent / "reference", raw)
    assert copied.stat().st_size == 6_007_354
