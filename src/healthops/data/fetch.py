"""Fetch the public files of a scenario.

Each file of :mod:`healthops.data.sources` comes from the folder that ``HEALTHOPS_MIRROR`` names, when it is set, and
from the network otherwise; its hash is checked before it takes its place, and it is read-only from then on. A file
that is already right is left alone. When something fails, the files that are there stay as they were, nothing partial
is left, and one error says what to do:

::

    FetchError (DataError)
    ├── WrongHashError      the bytes are not the ones that the list of sources promises
    ├── MissingSourceError  the mirror or the server does not have the file
    ├── NetworkError        the server could not be reached
    └── DiskError           the disk is full, or the folder cannot be written
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from healthops.data.errors import DiskError, FetchError, MissingSourceError, NetworkError, WrongHashError
from healthops.data.sources import GITHUB_RAW, Source, load_sources
from healthops.files import atomic_file, sha256

if TYPE_CHECKING:
    from pooch import Pooch

    from healthops.workspace import Workspace

#: Names the folder that holds copies of the public files, laid out as ``<owner>/<repository>/<commit>/<path>``.
MIRROR_VARIABLE = "HEALTHOPS_MIRROR"
#: Names the folder that holds :data:`REFERENCE`, if somebody has it.
REFERENCE_VARIABLE = "HEALTHOPS_REFERENCE"
#: What has no public address, by name and SHA-256: every team's FluSight submissions of 2023-24 and 2024-25, scored.
#: Optional: without it, our forecasts are compared with the hub's own files only.
REFERENCE = {
    "flusight_team_scores.parquet": "17570f40c8ab01e514e0be9c1faa83df095c6ada6cf57536b5e43006c8a59d1b",
}

_READ_ONLY = 0o444


def fetch_sources(
    sources: Iterable[Source],
    raw: Path,
    *,
    mirror: Path | None = None,
    base: str = GITHUB_RAW,
    retries: int = 2,
    quiet: bool = False,
) -> list[Source]:
    """Bring every source under `raw`, whole and read-only.

    Parameters
    ----------
    sources : iterable of Source
        What to fetch.
    raw : path
        Folder of the raw files.
    mirror : path, optional
        Copy from this folder and never touch the network.
    base : str
        Address that serves ``<owner>/<repository>/<commit>/<path>``.
    retries : int
        How often a failed download is tried again.
    quiet : bool
        Show no progress bar.

    Returns
    -------
    list of Source
        Those that had to be fetched; empty when everything was right already.

    Raises
    ------
    FetchError
        See the tree in the module's docstring; the message names the file and the remedy.
    """
    from tqdm import tqdm

    sources = list(sources)
    if mirror is not None and not mirror.is_dir():
        raise MissingSourceError(
            f"{MIRROR_VARIABLE} names {mirror}, which is not a folder; correct it, or unset it to use the network"
        )
    fetched = []
    with tqdm(total=sum(s.bytes for s in sources), unit="B", unit_scale=True, disable=quiet, desc="sources") as bar:
        for source in sources:
            bar.set_postfix_str(source.name, refresh=False)
            if _fetch_one(source, raw, mirror, base, retries, quiet):
                fetched.append(source)
            bar.update(source.bytes)
    return fetched


def _fetch_one(source: Source, raw: Path, mirror: Path | None, base: str, retries: int, quiet: bool) -> bool:
    """Fetch one source unless it is right already; return whether it had to be fetched."""
    import pooch
    import requests

    pooch.get_logger().setLevel(logging.WARNING)
    target = raw / source.relative
    _sweep(target.parent)
    if target.is_file() and sha256(target) == source.sha256:
        target.chmod(_READ_ONLY)
        return False
    address = source.address(base)
    where = str(mirror / source.relative) if mirror else address
    registry = pooch.create(
        path=raw,
        base_url="",
        registry={str(source.relative): f"sha256:{source.sha256}"},
        urls={str(source.relative): address},
        retry_if_failed=0 if mirror else retries,
    )
    downloader = (
        _MirrorCopy(mirror / source.relative) if mirror else pooch.HTTPDownloader(progressbar=not quiet, timeout=60)
    )
    try:
        registry.fetch(str(source.relative), downloader=downloader)
        target.chmod(_READ_ONLY)
    except FetchError:
        raise
    except requests.HTTPError as error:
        raise MissingSourceError(
            f"{source.name}: {where} answered {error.response.status_code}; "
            f"check repository, commit and path in sources.yaml, or set {MIRROR_VARIABLE} to a folder that has the file"
        ) from None
    except requests.RequestException as error:
        raise NetworkError(
            f"{source.name}: {where} could not be reached ({type(error).__name__}); "
            f"check the network, or set {MIRROR_VARIABLE} to a folder that has the file"
        ) from None
    except OSError as error:
        raise DiskError(
            f"{source.name}: {error.filename or target} failed ({error.strerror}); "
            f"free {source.bytes / 1e6:.1f} MB or choose another folder, and run again"
        ) from None
    except ValueError:
        raise WrongHashError(
            f"{source.name}: the bytes at {where} do not have the sha256 {source.sha256} of sources.yaml; "
            f"the copy is damaged or was changed: fetch it from elsewhere, and change the hash only knowingly"
        ) from None
    finally:
        _remove_empty(target.parent, raw)
    return True


class _MirrorCopy:
    """Copies a file of the mirror where pooch wants a download."""

    def __init__(self, origin: Path) -> None:
        self.origin = origin

    def __call__(self, url: str, output_file: Any, pooch: Pooch | None, check_only: bool = False) -> bool | None:
        if not self.origin.is_file():
            raise MissingSourceError(
                f"{self.origin} is not in the mirror; add it (it is public at {url}), "
                f"or unset {MIRROR_VARIABLE} to use the network"
            )
        if not check_only:
            shutil.copyfile(self.origin, output_file)
        return True if check_only else None


def _sweep(folder: Path) -> None:
    """Remove what a fetch that was killed left behind: pooch's temporary files."""
    for stray in folder.glob("tmp*"):
        stray.unlink(missing_ok=True)


def _remove_empty(folder: Path, root: Path) -> None:
    while folder != root.parent and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def copy_reference(folder: Path, raw: Path) -> list[Path]:
    """Copy the files of :data:`REFERENCE` from `folder` to ``raw/reference``, whole and read-only.

    Returns
    -------
    list of Path
        The files that are there now.

    Raises
    ------
    MissingSourceError, WrongHashError
        If one is not in `folder`, or holds other bytes; nothing is replaced then.
    """
    copied = []
    for name, promised in REFERENCE.items():
        origin, target = folder / name, raw / "reference" / name
        if not origin.is_file():
            raise MissingSourceError(
                f"{REFERENCE_VARIABLE} names {folder}, which has no {name}; correct it or unset it"
            )
        if sha256(origin) != promised:
            raise WrongHashError(
                f"{origin} does not have the sha256 {promised}: it is damaged or another table; get it again, or unset "
                f"{REFERENCE_VARIABLE} to do without"
            )
        with atomic_file(target) as draft:
            shutil.copyfile(origin, draft)
        target.chmod(_READ_ONLY)
        copied.append(target)
    return copied


def run(ws: Workspace) -> None:
    """Fetch every source into the workspace's folder of raw files."""
    named = os.environ.get(MIRROR_VARIABLE)
    sources = load_sources().values()
    fetched = fetch_sources(sources, ws.raw, mirror=Path(named) if named else None)
    print(f"{len(fetched)} of {len(sources)} files fetched, the others were right already")
    reference = os.environ.get(REFERENCE_VARIABLE)
    if reference:
        copied = copy_reference(Path(reference), ws.raw)
        print(f"copied {', '.join(path.name for path in copied)} from {REFERENCE_VARIABLE}")
    else:
        print(f"{REFERENCE_VARIABLE} is not set: {', '.join(REFERENCE)} not copied")
