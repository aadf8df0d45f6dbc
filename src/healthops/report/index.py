"""The index of a scenario's reports: the grid of stages and systems, each cell with its headline figure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml

from healthops.files import atomic_file
from healthops.workspace import Scenario

_HERE = Path(__file__).parent
TEMPLATE = _HERE / "template"

#: What the head of a failed notebook's page says; see ``template/frame.html.j2``.
_FAILED = re.compile(r'<meta (?=[^>]*name="healthops:state")[^>]*content="failed"')

State = Literal["built", "failed", "out of date", "not run", "not built", "elsewhere"]


class HeadlineError(ValueError):
    """``report/headlines.yaml`` says something that no one understands."""


class Headline(NamedTuple):
    """A headline figure as text, and what it is."""

    value: str
    label: str


def headlines(metrics: Mapping[str, float]) -> dict[str, str]:
    """Return each notebook's headline figure in words, in the order of ``headlines.yaml``.

    Parameters
    ----------
    metrics : mapping
        ``"<notebook>.<metric>"`` to number, as in ``metrics.json``.
    """
    found = {name: headline(name, metrics) for name in _wanted()}
    return {name: f"{figure.value} {figure.label}" for name, figure in found.items() if figure}


def headline(notebook: str, metrics: Mapping[str, float]) -> Headline | None:
    """Return the headline figure of one notebook, or None where it has recorded none."""
    wanted = _wanted().get(notebook)
    value = metrics.get(f"{notebook}.{wanted['metric']}") if wanted else None
    return Headline(wanted["format"].format(value), wanted["label"]) if wanted and value is not None else None


@cache
def _wanted() -> dict[str, dict[str, str]]:
    entries = yaml.safe_load((_HERE / "headlines.yaml").read_text(encoding="utf-8")) or {}
    for name, entry in entries.items():
        if set(entry) != {"metric", "label", "format"}:
            raise HeadlineError(f"report/headlines.yaml, {name}: needs metric, label and format; has {sorted(entry)}")
    return entries


@cache
def grid() -> dict[str, Any]:
    """Return stages, systems and the planned notebooks, from ``grid.yaml``."""
    return yaml.safe_load((_HERE / "grid.yaml").read_text(encoding="utf-8"))


def stage_name(notebook: str) -> str:
    """Return the stage of a notebook, by the tens digit of its number.

    >>> stage_name("41-allocate-resources")
    'decide'
    """
    return _name("stages", notebook[:1])


def system_name(notebook: str) -> str:
    """Return the system of a notebook, by the units digit of its number.

    >>> system_name("41-allocate-resources")
    'outbreaks'
    """
    return _name("systems", notebook[1:2])


def _name(kind: str, digit: str) -> str:
    return next((entry["name"] for entry in grid()[kind] if str(entry["digit"]) == digit), "")


def render_index(
    titles: Mapping[str, str],
    *,
    scenario: Scenario,
    metrics: Mapping[str, float],
    out: str | Path,
    outdated: Collection[str] = (),
    elsewhere: Mapping[str, Sequence[str]] | None = None,
) -> int:
    """Write the index of a scenario's reports.

    Parameters
    ----------
    titles : mapping
        Each declared notebook to its title. One that has no page beside `out` was not run yet; a planned notebook that
        is not declared is not built yet.
    scenario : Scenario
    metrics : mapping
        ``"<notebook>.<metric>"`` to number.
    out : path
        The HTML file, replaced in one step.
    outdated : collection of str
        Notebooks that failed or were not tried because something before them failed: what is there of them is old.
    elsewhere : mapping, optional
        Notebooks that do not belong to this scenario, to the kinds of data that they are run on.

    Returns
    -------
    int
        Size of the page in bytes.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    out = Path(out)
    states = {name: _state(out, name, outdated=name in outdated) for name in titles}
    kinds = {name: " or ".join(words) for name, words in (elsewhere or {}).items()}
    states |= dict.fromkeys(kinds, "elsewhere")
    environment = Environment(loader=FileSystemLoader(TEMPLATE), autoescape=True, undefined=StrictUndefined)
    html = environment.get_template("grid.html.j2").render(
        scenario=scenario,
        synthetic=scenario.prepare == "synthetic",
        systems=grid()["systems"],
        rows=_rows({**grid()["notebooks"], **titles}, states, metrics),
        kinds=kinds,
        metrics=_figures(metrics, out),
        css=(TEMPLATE / "style.css").read_text(encoding="utf-8").strip(),
    )
    with atomic_file(out) as path:
        path.write_text(html.strip() + "\n", encoding="utf-8")
    return len(html.strip().encode("utf-8")) + 1


def _state(out: Path, name: str, *, outdated: bool) -> State:
    page = out.with_name(f"{name}.html")
    if not page.is_file():
        return "not run"
    with page.open(encoding="utf-8") as file:
        if _FAILED.search(file.read(2000)):
            return "failed"
    return "out of date" if outdated else "built"


def _rows(titles: Mapping[str, str], states: Mapping[str, State], metrics: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return the grid's rows: for each stage, for each system, the notebooks that stand there."""
    rows = []
    for stage in grid()["stages"]:
        columns: list[list[dict[str, Any]]] = [[] for _ in grid()["systems"]]
        for column, system in zip(columns, grid()["systems"], strict=True):
            for name in sorted(n for n in titles if n.startswith(f"{stage['digit']}{system['digit']}-")):
                state = states.get(name, "not built")
                figure = headline(name, metrics) if state == "built" else None
                column.append({"name": name, "title": titles[name], "state": state, "headline": figure})
        rows.append({"stage": stage, "columns": columns})
    return rows


def _figures(metrics: Mapping[str, float], out: Path) -> list[tuple[str, str, str, bool]]:
    """Return every recorded figure as (notebook, metric, value as text, whether its notebook has a page)."""
    rows = []
    for key, value in metrics.items():
        notebook, _, name = key.partition(".")
        text = f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
        rows.append((notebook, name, text, out.with_name(f"{notebook}.html").is_file()))
    return rows
