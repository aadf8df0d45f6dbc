"""What a vaccine campaign has and whom it is for: tables, checked when they are put together.

Doses go from the national store through regional stores to districts, and there to groups of people. A district fetches
vaccine every ``delivery_every`` weeks, as much as it gives until the next time, on top of what it has at hand; a
regional store passes on in the week what it gets. Weeks count from 0; a lot can leave the national store from the week
``arrives`` on, and be given up to and in the week ``expires``. A campaign may begin in the middle of a round: its
``clock`` says how many weeks ago all rounds began, and until its next delivery a district gives what it has at hand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

#: Columns of each table: the ones that must be there, and what the others are where they are not.
COLUMNS: dict[str, tuple[tuple[str, ...], dict[str, object]]] = {
    "products": (
        ("product", "doses", "interval_weeks", "litres_per_dose"),
        {"box_doses": 1.0, "efficacy_first": 1.0, "efficacy_full": 1.0, "wastage_factor": 1.0},
    ),
    "lots": (("lot", "product", "doses", "arrives", "expires"), {}),
    "regions": (("region", "capacity_litres"), {}),
    "districts": (
        ("district", "region", "capacity_litres", "vaccinator_doses"),
        {"delivery_every": 1, "protected": True, "vulnerable": False},
    ),
    "people": (("district", "group", "population", "willingness"), {"covered": 0.0, "risk": 1.0}),
    "stock": (("district", "lot", "doses"), {}),
    "due": (("district", "group", "product", "week", "courses"), {}),
}
KEYS = {
    "products": ["product"],
    "lots": ["lot"],
    "regions": ["region"],
    "districts": ["district"],
    "people": ["district", "group"],
    "stock": ["district", "lot"],
    "due": ["district", "group", "product", "week"],
}
NUMBERS = {
    "products": ("doses", "interval_weeks", "litres_per_dose", "box_doses", "efficacy_first", "efficacy_full"),
    "lots": ("doses", "arrives", "expires"),
    "regions": ("capacity_litres",),
    "districts": ("capacity_litres", "vaccinator_doses", "delivery_every"),
    "people": ("population", "willingness", "covered", "risk"),
    "stock": ("doses",),
    "due": ("week", "courses"),
}


class CampaignError(ValueError):
    """A table of the campaign cannot be right; the message names the table, the row and the remedy."""


def _no_rows(table: str) -> pd.DataFrame:
    return pd.DataFrame({c: [] for c in COLUMNS[table][0]})


@dataclass(frozen=True)
class Campaign:
    """Tables of a campaign with D districts, G groups, P products and T weeks.

    Attributes
    ----------
    weeks : int
        T.
    clock : int
        Weeks since all rounds began: a delivery comes in week t where ``(t + clock) % delivery_every`` is 0.
    products : DataFrame
        ``product``, ``doses`` (1 or 2), ``interval_weeks`` from the first dose to the second, ``litres_per_dose``;
        optional ``box_doses``, ``efficacy_first`` and ``efficacy_full`` (share of the risk that is averted after the
        first dose and after the course), ``wastage_factor`` (doses drawn for each dose given, at least 1).
    lots : DataFrame
        ``lot``, ``product``, ``doses`` at the national store, ``arrives`` and ``expires`` (weeks).
    regions, districts : DataFrame
        ``capacity_litres`` of the cold store; districts have ``region``, ``vaccinator_doses`` (doses that can be given
        in a week) and, optional, ``delivery_every`` (weeks), ``protected`` (the floor is for them) and ``vulnerable``
        (the reserve is for them).
    people : DataFrame
        ``district``, ``group``, ``population``, ``willingness`` (share who accept a vaccine); optional ``covered``
        (persons who have begun a course) and ``risk`` (worth of a protected person, such as deaths averted).
    national_litres : float
        Capacity of the national store.
    burden : array of float, shape (D, T + 1), optional
        What is still to come at the start of each week, as a share of the risk: a course begun in week t averts
        ``risk`` times ``burden[t]``. Falling in proportion to the weeks left by default.
    stock : DataFrame, optional
        ``district``, ``lot``, ``doses`` at hand in the districts at the start. Used in the first ``stock_weeks`` weeks.
    due : DataFrame, optional
        ``district``, ``group``, ``product``, ``week``, ``courses``: second doses that fall due for earlier firsts.

    Raises
    ------
    CampaignError
        If a table cannot be right.
    """

    weeks: int
    products: pd.DataFrame
    lots: pd.DataFrame
    regions: pd.DataFrame
    districts: pd.DataFrame
    people: pd.DataFrame
    national_litres: float = np.inf
    burden: np.ndarray | None = None
    stock: pd.DataFrame = field(default_factory=lambda: _no_rows("stock"))
    due: pd.DataFrame = field(default_factory=lambda: _no_rows("due"))
    stock_weeks: int = 4
    clock: int = 0

    def __post_init__(self) -> None:
        for table in COLUMNS:
            object.__setattr__(self, table, _checked(table, getattr(self, table)))
        _check_products(self)
        _check_lots(self)
        _check_places(self)
        _check_people(self)
        _check_past(self)

    # ---- sizes and names -----------------------------------------------------------------------------------------

    @cached_property
    def groups(self) -> list[str]:
        """Names of the groups, in the order in which the table of people first names them."""
        return list(dict.fromkeys(self.people["group"]))

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(D, P, G, T)."""
        return len(self.districts), len(self.products), len(self.groups), self.weeks

    @cached_property
    def region_of(self) -> np.ndarray:
        """Row of ``regions`` of each district, shape (D,)."""
        return pd.Index(self.regions["region"]).get_indexer(self.districts["region"])

    # ---- people as arrays of shape (D, G) ------------------------------------------------------------------------

    def by_group(self, column: str) -> np.ndarray:
        """A column of ``people`` as an array of shape (D, G)."""
        wide = self.people.pivot(index="district", columns="group", values=column)
        return wide.loc[self.districts["district"], self.groups].to_numpy(float)

    @cached_property
    def willing(self) -> np.ndarray:
        """Persons who accept a vaccine, shape (D, G)."""
        return self.by_group("population") * self.by_group("willingness")

    @cached_property
    def covered(self) -> np.ndarray:
        """Persons who have begun a course before week 0, shape (D, G)."""
        return self.by_group("covered")

    @cached_property
    def room(self) -> np.ndarray:
        """Persons who accept a vaccine and have not begun a course, shape (D, G)."""
        return np.maximum(self.willing - self.covered, 0.0)

    # ---- products and weeks --------------------------------------------------------------------------------------

    @cached_property
    def interval(self) -> np.ndarray:
        """Weeks from the first dose to the second, 0 for one dose; shape (P,), int."""
        two = self.products["doses"].to_numpy(float) == 2
        return np.where(two, self.products["interval_weeks"].to_numpy(float), 0).astype(int)

    def fetched(self, every: int) -> np.ndarray:
        """Week in which a district with a delivery every `every` weeks fetches what it gives in each; (T,), int.

        Negative until its first delivery.
        """
        return (np.arange(self.weeks) + self.clock) // every * every - self.clock

    @cached_property
    def first_delivery(self) -> np.ndarray:
        """Week of each district's first delivery, shape (D,), int."""
        return -self.clock % self.districts["delivery_every"].to_numpy(int)

    @property
    def ahead(self) -> np.ndarray:
        """What is still to come at the start of each week, as a share of the risk; shape (D, T + 1)."""
        d, t = len(self.districts), self.weeks
        return np.broadcast_to(1 - np.arange(t + 1) / t, (d, t + 1)) if self.burden is None else self.burden

    @property
    def worth_of_due(self) -> np.ndarray:
        """What a second dose of a course begun before week 0 averts, by the week in which it is given, at the mean risk
        of its district; shape (D, P, T).
        """
        people = self.by_group("population")
        risk = (self.by_group("risk") * people).sum(axis=1) / people.sum(axis=1)
        adds = (self.products["efficacy_full"] - self.products["efficacy_first"]).to_numpy(float)
        return risk[:, None, None] * adds[:, None] * self.ahead[:, None, 1:]

    @cached_property
    def worth(self) -> np.ndarray:
        """What one course averts, by district, product, group and week of the first dose; shape (D, P, G, T).

        The first dose protects from the week after it; the second adds the rest from the week after that.
        """
        d, p, g, t = self.shape
        ahead = self.ahead
        first, full = (self.products[c].to_numpy(float) for c in ("efficacy_first", "efficacy_full"))
        by_week = np.empty((d, p, t))
        for i, k in enumerate(self.interval):
            after = ahead[:, 1:]
            later = np.zeros((d, t))
            later[:, : max(t - k, 0)] = ahead[:, 1 + k :]
            by_week[:, i] = first[i] * after + (full[i] - first[i]) * later if k else full[i] * after
        return self.by_group("risk")[:, None, :, None] * by_week[:, :, None, :]


# ---- checks: each names the table, the row and the remedy --------------------------------------------------------


def _fail(table: str, frame: pd.DataFrame, wrong, what: str, remedy: str) -> None:
    wrong = np.asarray(wrong, bool)
    if not wrong.any():
        return
    row = int(np.argmax(wrong))
    key = ", ".join(f"{c} {frame[c].iloc[row]!r}" for c in KEYS[table])
    more = f" ({int(wrong.sum()) - 1} more rows like it)" if wrong.sum() > 1 else ""
    raise CampaignError(f"table {table}, row {row} ({key}): {what.format(**frame.iloc[row].to_dict())}{more}; {remedy}")


def _checked(table: str, given: pd.DataFrame) -> pd.DataFrame:
    needed, optional = COLUMNS[table]
    missing = sorted(set(needed) - set(given.columns))
    if missing:
        raise CampaignError(f"table {table} has no column {', '.join(missing)}; add it")
    frame = given.reset_index(drop=True).copy()
    for column, default in optional.items():
        if column not in frame:
            frame[column] = default
    if table not in ("stock", "due") and len(frame) == 0:
        raise CampaignError(f"table {table} has no rows; give at least one")
    _fail(table, frame, frame.duplicated(KEYS[table]), "stands there twice", "keep one row for each key")
    for column in NUMBERS[table]:
        values = pd.to_numeric(frame[column], errors="coerce")
        allow_inf = column == "capacity_litres"
        bad = values.isna() | (~np.isfinite(values) & (not allow_inf))
        _fail(table, frame, bad, f"{column} is {{{column}}}", "give a number")
        frame[column] = values.astype(float)
        if column not in ("arrives", "expires"):
            _fail(table, frame, values < 0, f"{column} is negative: {{{column}}}", "give a number of at least 0")
    return frame


def _check_products(c: Campaign) -> None:
    f = c.products
    _fail("products", f, ~f["doses"].isin([1, 2]), "doses is {doses}", "a course has 1 or 2 doses")
    weeks = f["interval_weeks"]
    bad = (f["doses"] == 2) & ((weeks < 1) | (weeks != np.floor(weeks)))
    _fail("products", f, bad, "interval_weeks is {interval_weeks}", "give whole weeks, at least 1, to the second dose")
    _fail("products", f, f["box_doses"] <= 0, "box_doses is {box_doses}", "a box holds more than 0 doses")
    _fail("products", f, f["litres_per_dose"] <= 0, "litres_per_dose is 0", "give the volume of a dose")
    _fail("products", f, f["wastage_factor"] < 1, "wastage_factor is {wastage_factor}", "it is 1 / (1 - wastage rate)")
    worse = (f["efficacy_full"] < f["efficacy_first"]) | (f["efficacy_full"] > 1)
    _fail("products", f, worse, "efficacy_full is {efficacy_full}", "it lies between efficacy_first and 1")


def _check_lots(c: Campaign) -> None:
    f = c.lots
    known = f["product"].isin(c.products["product"])
    _fail("lots", f, ~known, "product {product!r} is not in products", "add it there or correct its name")
    late = f["expires"] < f["arrives"]
    _fail("lots", f, late, "it expires in week {expires}, before it arrives in {arrives}", "correct one of the weeks")
    litres = f["doses"] * f["product"].map(c.products.set_index("product")["litres_per_dose"])
    litres = litres.groupby(f["arrives"].clip(lower=0)).transform("sum")
    over = litres > c.national_litres
    remedy = f"the national store holds {c.national_litres:g} litres: split the lot into later arrivals or enlarge it"
    what = "supply above capacity: with what else arrives in week {arrives:g} it fills {litres:g} litres"
    _fail("lots", f.assign(litres=litres), over, what, remedy)


def _check_places(c: Campaign) -> None:
    f = c.districts
    known = f["region"].isin(c.regions["region"])
    _fail("districts", f, ~known, "region {region!r} is not in regions", "add it there or correct its name")
    every = f["delivery_every"]
    odd = (every < 1) | (every != np.floor(every))
    _fail("districts", f, odd, "delivery_every is {delivery_every}", "give whole weeks, at least 1")
    if c.clock < 0 or c.clock != int(c.clock):
        raise CampaignError(f"clock is {c.clock!r}; give whole weeks since the rounds began, at least 0")
    wait = f.assign(wait=c.first_delivery)
    remedy = f"stock at hand is used for {c.stock_weeks} weeks: raise stock_weeks"
    _fail("districts", wait, wait["wait"] > c.stock_weeks, "its next delivery comes in week {wait}", remedy)
    if c.burden is not None and c.burden.shape != (len(f), c.weeks + 1):
        raise CampaignError(f"burden has shape {c.burden.shape}; give (districts, weeks + 1) = {len(f), c.weeks + 1}")


def _check_people(c: Campaign) -> None:
    f = c.people
    known = f["district"].isin(c.districts["district"])
    _fail("people", f, ~known, "district {district!r} is not in districts", "add it there or leave it out here")
    total = f.groupby("district")["population"].sum().reindex(c.districts["district"]).to_numpy()
    remedy = "add its groups to people or leave it out"
    _fail("districts", c.districts, ~(total > 0), "it has no population in people", remedy)
    count = f.groupby("district")["group"].nunique().reindex(c.districts["district"]).to_numpy()
    remedy = f"give all of {c.groups}, with population 0 where nobody lives"
    _fail("districts", c.districts, count < len(c.groups), "a group is missing in people", remedy)
    _fail("people", f, f["willingness"] > 1, "willingness is {willingness}", "it is a share, at most 1")
    over = f["covered"] > f["population"] * (1 + 1e-9)
    _fail("people", f, over, "covered {covered:g} of {population:g} inhabitants", "correct one of them")


def _check_past(c: Campaign) -> None:
    for table, column, other in (
        ("stock", "district", "districts"),
        ("stock", "lot", "lots"),
        ("due", "district", "districts"),
        ("due", "group", "people"),
        ("due", "product", "products"),
    ):
        f = getattr(c, table)
        known = f[column].isin(getattr(c, other)[column])
        _fail(table, f, ~known, f"{column} {{{column}!r}} is not in {other}", "add it there or leave it out here")
    single = c.due["product"].map(c.products.set_index("product")["doses"]) != 2
    _fail("due", c.due, single, "product {product!r} has one dose", "only courses of two doses fall due")
    k = c.due["product"].map(dict(zip(c.products["product"], c.interval, strict=True))).astype(float)
    late = c.due["week"] >= np.maximum(k, 1)
    remedy = "a first dose of before week 0 has its second within one interval"
    _fail("due", c.due, late, "week is {week}", remedy)
    beyond = (c.due["week"] >= c.weeks) & (c.due["courses"] > 0)
    _fail("due", c.due, beyond, "week is {week}", f"the campaign has weeks 0 to {c.weeks - 1}: leave it out")
