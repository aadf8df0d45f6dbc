"""Colours and the matplotlib style of every figure."""

from __future__ import annotations

import zlib
from typing import Any

from healthops.report.display import reset_numbers

#: Distinguishable with any kind of colour vision (Okabe & Ito 2008; Wong 2011, doi:10.1038/nmeth.1618), without
#: their yellow, which vanishes on white, and with a grey.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#B45C93", "#E69F00", "#56B4E9", "#6E6E6E", "#8C510A")

INK = "#1f2328"
MUTED = "#57606a"
GRID = "#e4e7eb"
MISSING = "#d5d9de"

#: Colours that a name keeps in every notebook. Keys are normalised by :func:`_normal`.
NAMED = {
    # what was seen
    "observed": INK,
    "truth": INK,
    # forecasters
    "fusion": "#0072B2",
    "baseline": "#6E6E6E",
    "hub-baseline": "#6E6E6E",
    "seasonal": "#E69F00",
    "seasonal-quantiles": "#E69F00",
    "xgboost": "#009E73",
    "lstm-keras": "#D55E00",
    "lstm-torch": "#B45C93",
    # forecasters of vaccine demand
    "saturation": "#0072B2",
    "boosting": "#009E73",
    "keras": "#D55E00",
    "four-week-mean": "#56B4E9",
    "damped-trend": "#6E6E6E",
    "campaign-phase": "#E69F00",
    # risk models
    "logistic-regression": "#E69F00",
    "random-forest": "#56B4E9",
    "gradient-boosting": "#D55E00",
    "chosen-inside": INK,
    "everybody": "#8C510A",
    "nobody": "#6E6E6E",
    # forecasters of arrivals
    "network": "#0072B2",
    "auto-ets": "#D55E00",
    "week-naive": "#E69F00",
    "last-year": "#6E6E6E",
    # rules of booking a session
    "one-a-slot": "#6E6E6E",
    "bailey-welch": "#E69F00",
    "flat-rate": "#8C510A",
    "cheapest,-flat": "#56B4E9",
    "bounded,-flat": "#009E73",
    "cheapest,-model": "#D55E00",
    "bounded,-model": "#0072B2",
    # policies
    "plan": "#0072B2",
    "plan-no-floor": "#56B4E9",
    "plan-without-floor": "#56B4E9",
    "optimised": "#0072B2",
    "population": "#6E6E6E",
    "last-week": "#E69F00",
    "last-week's-cases": "#E69F00",
    "forecast": "#009E73",
    "point-forecast": "#009E73",
    "oracle": INK,
    "plan-by-stages": "#0072B2",
    "most-benefit,-no-floor": "#56B4E9",
    "plan,-deaths-alone": "#56B4E9",
    "first-plan": "#009E73",
    "pro-rata": "#6E6E6E",
    "pro-rata,-uptake": "#8C510A",
    "oldest-first": "#D55E00",
    "most-at-risk-first": "#B45C93",
    # visits by community health workers
    "urgent": "#D55E00",
    "urgent-referral": "#D55E00",
    "referral": "#E69F00",
    "advice": "#56B4E9",
    "not-known": "#6E6E6E",
    "visit": "#0072B2",
    "own-homes-only": "#6E6E6E",
    "shared,-nearest": "#56B4E9",
    "shared,-balanced": "#0072B2",
    "follow-up-schedule": "#0072B2",
    "finding": "#D55E00",
    "high-risk": "#B45C93",
    "measurement": "#56B4E9",
    "round": "#E69F00",
    # policies of outreach
    "due-date-order": "#D55E00",
    "nearest-first": "#6E6E6E",
    "risk-alone": "#B45C93",
    "signs-first": "#009E73",
    # levels and people
    "department": "#0072B2",
    "province": "#009E73",
    "district": "#D55E00",
    "female": "#B45C93",
    "male": "#009E73",
    # levels of a health risk
    "risk-low": "#56B4E9",
    "risk-mid": "#E69F00",
    "risk-high": "#D55E00",
    "risk-several": "#6E6E6E",
}

STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.facecolor": "white",
    "axes.grid": True,
    "axes.grid.axis": "both",
    "axes.labelcolor": INK,
    "axes.labelsize": 10,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "figure.figsize": (9.0, 4.2),
    "figure.titlesize": 12,
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "hatch.linewidth": 0.6,
    "image.cmap": "viridis",
    "legend.fontsize": 9,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
    "lines.solid_capstyle": "round",
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "healthops",
    "text.color": INK,
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 9,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 9,
}


def theme() -> None:
    """Set the matplotlib style of all figures, and count figures and tables from 1.

    Call it in the first code cell of a notebook.
    """
    import matplotlib as mpl
    from cycler import cycler

    mpl.rcdefaults()
    mpl.rcParams.update(STYLE)
    mpl.rcParams["axes.prop_cycle"] = cycler(color=PALETTE)
    reset_numbers()


def colour(name: str) -> str:
    """Return the colour of a model, policy or series: always the same for a name, as ``#rrggbb``.

    Names that the project knows keep a colour of their own; any other name draws one from the palette by its
    checksum, so two unknown names may share one.

    >>> colour("fusion") == colour("outbreak_Fusion")
    True
    """
    normal = _normal(name)
    if normal in NAMED:
        return NAMED[normal]
    return PALETTE[zlib.crc32(normal.encode()) % len(PALETTE)]


def _normal(name: str) -> str:
    words = "-".join(str(name).lower().replace("_", " ").replace("-", " ").split())
    return words.removeprefix("outbreak-").removeprefix("by-").removeprefix("the-")
