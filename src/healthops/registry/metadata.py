"""What ``metadata.json`` says of a model, and the check that it says it all."""

from __future__ import annotations

import json
import math
import platform
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from healthops.files import sha256
from healthops.registry.errors import MetadataError

if TYPE_CHECKING:
    from healthops.workspace import Workspace

#: Keys that who trained the model gives; the registry fills in the others (`version`, unless it is given, by the hash
#: of the weights).
GIVEN = ("parameters", "training_span", "features", "metrics", "input_hashes")

_VERSION = re.compile(r"^(\d+\.\d+\.\d+([-+][0-9A-Za-z.-]+)?|sha256-[0-9a-f]{16})$")
_SHA256 = re.compile(r"^[0-9a-f]{64}$")
_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$")
# One library goes by several names in the package index.
_DISTRIBUTIONS = {"xgboost": ("xgboost-cpu", "xgboost"), "tensorflow": ("tensorflow-cpu", "tensorflow")}


def describe(
    ws: Workspace,
    *,
    parameters: Mapping[str, Any],
    training_span: tuple[object, object],
    features: Sequence[str],
    metrics: Mapping[str, float],
    tables: Iterable[str] = (),
    version: str | None = None,
) -> dict[str, Any]:
    """Gather what must be said of a model before it is saved.

    Parameters
    ----------
    parameters : mapping
        Everything that was chosen, as plain numbers, texts, lists.
    training_span : pair of dates
        First and last week that the model learnt from, in any form that numpy takes for a day.
    features : sequence of str
        Names of the model's inputs.
    metrics : mapping of str to float
        Figures of merit; each finite.
    tables : iterable of str
        Tables that the model was made from; their sha256 is taken now.
    version : str, optional
        Semantic version; without one, the version is the hash of the weights.
    """
    import numpy as np

    first, last = (str(np.datetime64(day, "D")) for day in training_span)
    given: dict[str, Any] = {
        "parameters": plain(parameters),
        "training_span": {"first_week": first, "last_week": last},
        "features": [str(name) for name in features],
        "metrics": plain(metrics),
        "input_hashes": {table: input_hash(ws, table) for table in sorted(tables)},
    }
    return given if version is None else {**given, "version": version}


def input_hash(ws: Workspace, table: str) -> str:
    """Sha256 of the parquet file of `table` that `ws` would read."""
    return sha256(ws.table_file(table))


def environment(*packages: str) -> dict[str, Any]:
    """Version of Python and of the installed `packages`."""
    return {"python": platform.python_version(), "packages": {name: _installed(name) for name in sorted(packages)}}


def _installed(package: str) -> str:
    for name in _DISTRIBUTIONS.get(package, (package,)):
        try:
            return version(name).split("+")[0]
        except PackageNotFoundError:
            continue
    raise MetadataError(f"package {package!r} is not installed: its version cannot be recorded")


def plain(value: Any) -> Any:
    """Turn numpy scalars and arrays, tuples, dates and mappings into what JSON can say."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if hasattr(value, "tolist"):  # numpy
        return str(value) if str(getattr(value, "dtype", "")).startswith("datetime64") else plain(value.tolist())
    if isinstance(value, (str, bool, int, float)) or value is None:
        return value
    raise MetadataError(f"{value!r} of type {type(value).__name__} is no plain value: give numbers, texts, lists, maps")


def check_given(name: str, given: Mapping[str, Any]) -> None:
    """Refuse metadata that lacks a key, or has one that nobody knows or that the registry fills in."""
    lacking = sorted(set(GIVEN) - set(given))
    if lacking:
        raise MetadataError(f"model {name!r}: metadata lacks the keys {lacking}; registry.describe(...) gives them")
    unknown = sorted(set(given) - {*GIVEN, "version"})
    if unknown:
        raise MetadataError(f"model {name!r}: metadata has the keys {unknown}; give {sorted(GIVEN)}, maybe 'version'")


def check(name: str, metadata: Any) -> None:
    """Check whole metadata: every key, each of its kind; the error names the first that is not."""
    if not isinstance(metadata, dict):
        raise MetadataError(f"model {name!r}: metadata must be a mapping, not {type(metadata).__name__}")
    lacking, unknown = sorted(set(RULES) - set(metadata)), sorted(set(metadata) - set(RULES))
    if lacking or unknown:
        raise MetadataError(f"model {name!r}: metadata lacks the keys {lacking} and has the unknown keys {unknown}")
    for key, (asked, holds) in RULES.items():
        if not holds(metadata[key]):
            raise MetadataError(f"model {name!r}: metadata key {key!r} must be {asked}, not {metadata[key]!r}")
    if metadata["name"] != name:
        raise MetadataError(f"model {name!r}: metadata key 'name' says {metadata['name']!r}: the folder was renamed")


def to_json(document: Any) -> bytes:
    """JSON with sorted keys and a last newline; refuses NaN and infinity."""
    try:
        text = json.dumps(document, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False)
    except ValueError as error:
        raise MetadataError(f"{error}: JSON has no NaN and no infinity; leave the entry out or say null") from None
    return (text + "\n").encode()


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _map_of(holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and all(_text(k) and holds(v) for k, v in value.items())


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _sha256(value: Any) -> bool:
    return isinstance(value, str) and bool(_SHA256.match(value))


def _span(value: Any) -> bool:
    if not isinstance(value, dict) or set(value) != {"first_week", "last_week"}:
        return False
    first, last = value["first_week"], value["last_week"]
    return all(isinstance(day, str) and bool(_DATE.match(day)) for day in (first, last)) and first <= last


def _environment(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"python", "packages"} and _map_of(_text)(value["packages"])


#: For each key of ``metadata.json``: what it must be, in words and as a test.
RULES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "name": ("text", _text),
    "version": (
        "a semantic version such as 1.2.0, or sha256- and 16 hexadecimal digits",
        lambda v: isinstance(v, str) and bool(_VERSION.match(v)),
    ),
    "format": ("text", _text),
    "parameters": ("a mapping", lambda v: isinstance(v, dict)),
    "training_span": ("{'first_week': date, 'last_week': date}, ISO dates in order", _span),
    "features": ("a list of names", lambda v: isinstance(v, list) and all(map(_text, v))),
    "metrics": ("a mapping of names to finite numbers", _map_of(_number)),
    "input_hashes": ("a mapping of tables to sha256", _map_of(_sha256)),
    "environment": ("{'python': version, 'packages': {name: version}}", _environment),
    "files": ("a mapping of file names to sha256", lambda v: bool(v) and _map_of(_sha256)(v)),
}
