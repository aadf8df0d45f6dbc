"""The vaccine campaign as a linear program in the shape of :mod:`.interior`.

Variables of a district, in courses for each inhabitant: first doses by product, group and week, each with its second
dose one interval later; second doses that fall due from before; what is drawn from the stock at hand. Its own rows:
vaccinators and cold store by week, people by group. Shared rows: the doses that leave the national store in a week and
are given in a week, against the lots that have arrived and are still good then; each lot; the regional stores; the
national store.

Lots appear only in the shared rows, summed over districts. Nothing is lost: doses that leave in one week and are given
in one week are alike, so any split of their lots among districts is as good, and :func:`.campaign_plan.hand_out_lots`
gives one, earliest expiry first. A formulation with a variable for each lot in each district has the same optimum
(tests/allocate/lot_by_lot.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace as dataclasses_replace
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from healthops.allocate.campaign import Campaign
from healthops.allocate.interior import START, Kind, Leaf, Point, Program, restart

#: A stage holds the values of those before it up to this share, so that the program keeps an inside.
HOLD = 1e-5


@dataclass(frozen=True)
class Reserve:
    """Vulnerability reserve: of all doses given, the vulnerable districts get at least their part and `share` on top.

    With part p of the willing people in districts marked ``vulnerable``, they get at least
    ``share + (1 - share) p`` of the doses (National Academies 2020, Framework for equitable allocation of COVID-19
    vaccine: 10 % held back for areas of high social vulnerability, the rest shared by population).
    """

    share: float = 0.1

    def __post_init__(self) -> None:
        if not 0 <= self.share < 1:
            raise ValueError(f"the share of a reserve is at least 0 and below 1, not {self.share!r}")


@dataclass(frozen=True)
class Held:
    """What a stage must keep.

    Attributes
    ----------
    floor : float
        Coverage of the willing people of every protected district and group.
    benefit : float or None
        At least this much is averted.
    waste : float or None
        At most so many doses expire unused.
    moved : float or None
        At most so many doses of the last plan are taken from where they were.
    """

    floor: float = 0.0
    benefit: float | None = None
    waste: float | None = None
    moved: float | None = None


class CampaignProgram:
    """Builds the stages of a campaign and reads their solutions.

    Parameters
    ----------
    campaign : Campaign
    reserve : Reserve, optional
    last : array of float, shape (D, P, G, T), optional
        Courses of the last plan by week of the first dose.
    frozen : int
        Weeks whose first doses stay as in `last`.
    split : bool
        Have variables for what is added to `last` and what is taken from it: needed to bound or minimise the change.
    supply : array of float, shape (L,), optional
        Doses of each lot that may be used; all of them by default.
    """

    def __init__(
        self,
        campaign: Campaign,
        *,
        reserve: Reserve | None = None,
        last=None,
        frozen: int = 0,
        split=False,
        supply=None,
    ):
        self.c, self.reserve, self.frozen, self.split = campaign, reserve, frozen, split
        self.supply = campaign.lots["doses"].to_numpy(float) if supply is None else np.asarray(supply, float)
        self.every = campaign.districts["delivery_every"].to_numpy(int)
        self.order = np.lexsort((campaign.region_of, self.every))
        self.people = campaign.by_group("population").sum(axis=1)[self.order]
        last = np.zeros(campaign.shape) if last is None else np.asarray(last, float)
        if last.shape != campaign.shape:
            raise ValueError(f"the last plan has shape {last.shape}, the campaign {campaign.shape}")
        #: The zero of the variables: the last plan, or its frozen weeks.
        self.base = last[self.order] / self.people[:, None, None, None]
        if not split:
            self.base[..., frozen:] = 0.0
        self.unit = campaign.by_group("population").sum() / campaign.weeks
        self.past = _Past(campaign, self.order, self.people)

    # ---- layout of the variables and rows of a district ----------------------------------------------------------

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Number of variables of each sort, in their order; slacks come after them."""
        _, p, g, t = self.c.shape
        sizes = {"x": p * g * t}
        if self.past.has_due:
            sizes["y"] = p * t
        if self.past.has_stock:
            sizes["o"] = p * self.past.weeks
        if self.split:
            sizes["minus"] = p * g * t
        return sizes

    def part(self, name: str) -> slice:
        """Where the variables of a sort stand."""
        names = list(self.sizes)
        start = sum(self.sizes[n] for n in names[: names.index(name)])
        return slice(start, start + self.sizes[name])

    def matrices(self, every: int, with_floor: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Own rows (M, N) without slacks, their slacks' signs (M,) (0: an equation), and use (P T, N) of a district."""
        _, p, g, t = self.c.shape
        given, use = self.doses_given(), self.doses_drawn()
        rows, signs = [given.reshape(p, t, -1).sum(axis=0), self.litres(every, use)], [np.ones(2 * t)]
        people = np.zeros((g, given.shape[1]))
        people[:, self.part("x")] = np.tile(np.repeat(np.eye(g), t, axis=1), p)
        people = self.with_change(people)
        rows.append(people)
        signs.append(np.ones(g))
        if with_floor:
            rows.append(people)
            signs.append(-np.ones(g))
        own, own_signs = self.past.rows(self, use)
        return np.concatenate([*rows, *own]), np.concatenate([*signs, *own_signs]), use

    def doses_given(self) -> np.ndarray:
        """Doses given by product and week, shape (P T, N): first doses, second doses one interval on, and those due."""
        _, p, g, t = self.c.shape
        out = np.zeros((p, t, sum(self.sizes.values())))
        for i, k in enumerate(self.c.interval):
            for j in range(g):
                for week in range(t):
                    column = (i * g + j) * t + week
                    out[i, week, column] = 1
                    if k and week + k < t:
                        out[i, week + k, column] = 1
            if self.past.has_due:
                out[i, np.arange(t), self.part("y").start + i * t + np.arange(t)] = 1
        return self.with_change(out.reshape(p * t, -1))

    def doses_drawn(self) -> np.ndarray:
        """Doses that are fetched, by product and week in which they are given, shape (P T, N)."""
        _, p, _, t = self.c.shape
        out = self.doses_given() * np.repeat(self.c.products["wastage_factor"].to_numpy(float), t)[:, None]
        if self.past.has_stock:
            for i in range(p):
                weeks = np.arange(self.past.weeks)
                out[i * t + weeks, self.part("o").start + i * self.past.weeks + weeks] = -1
        return out

    def with_change(self, matrix: np.ndarray) -> np.ndarray:
        """Give ``minus`` the negative coefficients of ``x``, which then stands for what is added to the last plan."""
        if self.split:
            matrix[:, self.part("minus")] = -matrix[:, self.part("x")]
        return matrix

    def litres(self, every: int, use: np.ndarray) -> np.ndarray:
        """Litres in the store in each week, after fetching and before giving, shape (T, N)."""
        _, p, _, t = self.c.shape
        volume, fetched = self.litres_per_dose, self.c.fetched(every)
        out = np.zeros((t, use.shape[1]))
        for week in range(t):
            there = (np.arange(t) >= week) & (fetched <= week)
            out[week] = np.einsum("p,ptn->n", volume, use.reshape(p, t, -1)[:, there])
        if self.past.has_stock:
            # What is at hand stays until it is used or given up: the stock itself is taken off the capacity.
            o = self.part("o")
            for week in range(t):
                used = np.zeros((p, self.past.weeks))
                if week < self.past.weeks:
                    used[:, :week] = -volume[:, None]
                out[week, o] = used.ravel() - self.later_drawn(week, fetched)
        return out

    def later_drawn(self, week: int, fetched: np.ndarray) -> np.ndarray:
        """Litres that need not be fetched by `week` because stock at hand is given instead; shape (P W,)."""
        weeks = np.arange(self.past.weeks)
        spared = (weeks >= week) & (fetched[weeks] <= week)
        return np.outer(self.litres_per_dose, spared).ravel()

    @property
    def litres_per_dose(self) -> np.ndarray:
        """Shape (P,)."""
        return self.c.products["litres_per_dose"].to_numpy(float)

    # ---- right-hand sides and bounds -----------------------------------------------------------------------------

    @cached_property
    def room(self) -> np.ndarray:
        """Persons to vaccinate for each inhabitant, shape (D, G), in the order of the program."""
        return self.c.room[self.order] / self.people[:, None]

    def need(self, floor: float) -> np.ndarray:
        """Courses for each inhabitant that a floor asks for, shape (D, G)."""
        guarded = self.c.districts["protected"].to_numpy(bool)[self.order, None]
        need = (floor * self.c.willing - self.c.covered)[self.order] / self.people[:, None]
        return np.where(guarded, np.clip(need, 0.0, self.room), 0.0)

    @cached_property
    def allowed(self) -> np.ndarray:
        """Weeks in which a course of a product can begin so that it ends in time, shape (P, T), bool."""
        return np.arange(self.c.weeks)[None, :] + self.c.interval[:, None] < self.c.weeks

    def capacities(self) -> tuple[np.ndarray, np.ndarray]:
        """Doses that can be given and litres of the store in a week, for each inhabitant, each shape (D,).

        Neither is larger than the whole campaign could ever use, so that generous capacities do no harm.
        """
        d = self.c.districts
        doses, volume = 2 * self.room.sum(axis=1) + self.past.most, self.litres_per_dose.max()
        factor = float(self.c.products["wastage_factor"].max())
        give = d["vaccinator_doses"].to_numpy(float)[self.order] / self.people
        hold = d["capacity_litres"].to_numpy(float)[self.order] / self.people
        return np.minimum(give, 1.01 * doses + 1e-6), np.minimum(hold, 1.01 * factor * volume * doses + 1e-6)

    def stage(self, objective: str, held: Held | None = None) -> Program:
        """The program of a stage.

        Parameters
        ----------
        objective : {"floor", "benefit", "waste", "change", "moved"}
        held : Held, optional
            What it must keep.
        """
        held = held or Held()
        with_floor = objective == "floor"
        kinds, parts = [], {}
        for every in np.unique(self.every):
            parts[every] = self.matrices(int(every), with_floor)
            where = np.flatnonzero(self.every[self.order] == every)
            own, signs, use = parts[every]
            rows = np.concatenate([own, np.diag(signs)], axis=1)
            used = np.concatenate([use, np.zeros((len(use), len(signs)))], axis=1)
            kinds.append(Kind(slice(int(where[0]), int(where[-1]) + 1), rows, used))
        signs = next(iter(parts.values()))[1]
        rhs = self.right_sides(with_floor)
        upper, reach = self.bounds(rhs, signs, 0.0 if with_floor else held.floor)
        before = self.flat_base(sum(self.sizes.values()))
        for kind in kinds:
            rhs[kind.places] -= before[kind.places] @ kind.rows[:, : before.shape[1]].T
        self.link = link = _Link(self, kinds, held)
        cost, column_cost = self.costs(objective, link, len(signs))
        column = None
        if with_floor:
            column = np.zeros_like(rhs)
            at = 2 * self.c.weeks + len(self.c.groups)
            guarded = self.c.districts["protected"].to_numpy(bool)[self.order, None]
            willing = self.c.willing[self.order] / self.people[:, None]
            column[:, at : at + len(self.c.groups)] = np.where(guarded, -willing, 0.0)
        pad = np.zeros((len(rhs), len(link.extra_rows), len(signs)))
        return Program(
            kinds=tuple(kinds),
            leaves=tuple(link.leaves),
            cost=cost,
            upper=upper,
            rhs=rhs,
            weight=self.people / self.unit,
            link=link.matrix,
            link_cost=link.cost(objective),
            link_rhs=link.rhs,
            reach=reach,
            link_reach=link.reach,
            extra=np.concatenate([link.extra, pad], axis=2) if len(link.extra_rows) else None,
            extra_rows=link.extra_rows,
            column=column,
            column_cost=column_cost,
        )

    def right_sides(self, with_floor: bool) -> np.ndarray:
        """Right-hand sides of the districts' own rows, shape (D, M)."""
        give, hold = self.capacities()
        t = self.c.weeks
        parts = [np.repeat(give[:, None], t, axis=1), np.repeat(hold[:, None], t, axis=1), self.room]
        if self.past.has_stock:
            litres = self.past.stock[:, :, 0] @ self.litres_per_dose
            parts[1] = parts[1] - np.where(np.arange(t) < self.past.weeks, litres[:, None], 0.0)
        if with_floor:
            parts.append(-self.c.covered[self.order] / self.people[:, None])
        return np.concatenate([*parts, *self.past.right_sides(self)], axis=1)

    def bounds(self, rhs: np.ndarray, signs: np.ndarray, floor: float) -> tuple[np.ndarray, np.ndarray]:
        """Upper ends, and upper ends that the rows imply, of all variables and slacks: each (D, N + M)."""
        d, (_, p, g, t) = len(rhs), self.c.shape
        ends = {"x": np.where(self.allowed[None, :, None, :], self.room[:, None, :, None], 0.0)}
        ends["x"] = np.where(np.arange(t) >= self.frozen, ends["x"], 0.0)
        if self.split:
            ends["minus"] = np.where((np.arange(t) >= self.frozen) & (self.base > 1e-9), self.base, 0.0)
        ends |= self.past.ends(self)
        main = np.concatenate([ends[name].reshape(d, -1) for name in self.sizes], axis=1)
        upper = main.copy()
        free = slice(0, p * g * t)
        upper[:, free] = np.where(main[:, free] > 0, np.inf, 0.0)
        slack_reach = np.abs(rhs) + 3.0
        slack = np.where(signs == 0, 0.0, np.inf) * np.ones((d, 1))
        people = slice(2 * t, 2 * t + g)
        slack[:, people] = np.maximum(self.room - self.need(floor * (1 - HOLD)), 0.0)
        slack_reach[:, people] = self.room
        return np.concatenate([upper, slack], axis=1), np.concatenate([main, slack_reach], axis=1)

    def flat_base(self, width: int) -> np.ndarray:
        """The zero of the variables in their layout, shape (D, width)."""
        out = np.zeros((len(self.people), width))
        out[:, self.part("x")] = self.base.reshape(len(out), -1)
        return out

    # ---- objectives ----------------------------------------------------------------------------------------------

    @cached_property
    def benefit_unit(self) -> float:
        """Averted by a course for each inhabitant of a district, on average: the unit of the objective."""
        per_place = self.c.worth[self.order] * self.people[:, None, None, None]
        return float(per_place.mean()) or 1.0

    def benefit_rows(self) -> np.ndarray:
        """Benefit in its unit, shape (D, N)."""
        out = np.zeros((len(self.people), sum(self.sizes.values())))
        worth = self.c.worth[self.order] * self.people[:, None, None, None] / self.benefit_unit
        out[:, self.part("x")] = worth.reshape(len(out), -1)
        if self.past.has_due:
            out[:, self.part("y")] = self.past.worth(self)
        return self.with_change(out)

    @property
    def benefit_of_base(self) -> float:
        """What the zero of the variables averts, in the unit of ``risk``."""
        return float((self.benefit_rows() * self.flat_base(sum(self.sizes.values()))).sum()) * self.benefit_unit

    def dose_rows(self, name: str) -> np.ndarray:
        """Doses of the variables of a sort, in units of the shared rows, shape (D, N)."""
        _, p, g, t = self.c.shape
        out = np.zeros((len(self.people), sum(self.sizes.values())))
        courses = np.repeat(self.c.products["doses"].to_numpy(float), g * t)
        out[:, self.part(name)] = courses * self.people[:, None] / self.unit
        return out

    def costs(self, objective: str, link: _Link, slacks: int) -> tuple[np.ndarray, float]:
        """Costs of the variables and slacks, shape (D, N + M), and of the floor."""
        main = np.zeros((len(self.people), sum(self.sizes.values())))
        column = 0.0
        if objective == "benefit":
            main = -self.benefit_rows()
        elif objective == "floor":
            column = -float(len(main))
        elif objective in ("change", "moved"):
            main = self.dose_rows("minus")
            if objective == "change":
                main = main + self.dose_rows("x")
        elif objective != "waste":
            raise ValueError(f"objective {objective!r} is none of floor, benefit, waste, change, moved")
        return np.concatenate([main, np.zeros((len(main), slacks))], axis=1), column

    def start_from(self, lp: Program, old: Point) -> Point | None:
        """A start for `lp` from a point of this campaign's program, split or not; None if it does not fit.

        What is added to the last plan and what is taken from it begin at the difference between the old point and the
        last plan; slacks of rows that are new begin inside.
        """
        slacks, n = lp.rhs.shape[1], lp.cost.shape[1]
        width = self.sizes["x"]
        if old.y.shape != lp.rhs.shape or len(old.v) > lp.link.shape[1] or len(old.lam) > len(lp.link_rhs):
            return None
        if old.x.shape[1] != n:
            if old.x.shape[1] != n - width or not self.split:
                return None
            base = self.base.reshape(len(old.x), -1)
            own = slice(width, old.x.shape[1] - slacks)

            def spread(a, plus, minus):
                return np.concatenate([plus, a[:, own], minus, a[:, -slacks:]], axis=1)

            ahead = old.x[:, :width] - base
            small = np.full_like(base, START)
            x = spread(old.x, np.maximum(ahead, START), np.maximum(-ahead, START))
            z, w = spread(old.z, old.z[:, :width], small), spread(old.w, 0 * small, small)
            old = dataclasses_replace(old, x=x, z=z, w=w, gap=x)
        more, rows = lp.link.shape[1] - len(old.v), len(lp.link_rhs) - len(old.lam)
        v = np.append(old.v, 0.1 * lp.link_reach[len(old.v) :])
        old = dataclasses_replace(
            old, v=v, zv=np.append(old.zv, np.full(more, START)), lam=np.append(old.lam, np.zeros(rows))
        )
        return restart(lp, old)

    # ---- reading solutions ---------------------------------------------------------------------------------------

    def courses(self, x: np.ndarray) -> np.ndarray:
        """Courses by week of the first dose, shape (D, P, G, T), in the campaign's order of districts."""
        shape = self.c.shape
        share = x[:, self.part("x")].reshape(shape) + self.base
        if self.split:
            share = share - x[:, self.part("minus")].reshape(shape)
        return self.restore(np.maximum(share, 0.0))

    def restore(self, share: np.ndarray) -> np.ndarray:
        """From shares of inhabitants in the order of the program to persons in that of the campaign."""
        out = np.empty_like(share)
        out[self.order] = share * self.people.reshape(-1, *[1] * (share.ndim - 1))
        return out

    def second_due(self, x: np.ndarray) -> np.ndarray:
        """Second doses of before week 0 by week in which they are given, shape (D, P, T)."""
        d, p, _, t = self.c.shape
        if not self.past.has_due:
            return np.zeros((d, p, t))
        return self.restore(np.maximum(x[:, self.part("y")], 0.0).reshape(d, p, t))

    def from_stock(self, x: np.ndarray) -> np.ndarray:
        """Doses drawn from the stock at hand, by week in which they are given, shape (D, P, T)."""
        d, p, _, t = self.c.shape
        out = np.zeros((d, p, t))
        if self.past.has_stock:
            share = np.maximum(x[:, self.part("o")], 0.0).reshape(d, p, -1)
            out[:, :, : self.past.weeks] = self.restore(share)
        return out


class _Past:
    """What first doses and deliveries of before week 0 leave to do: second doses that fall due, stock at hand."""

    def __init__(self, c: Campaign, order: np.ndarray, people: np.ndarray):
        d, p, _, t = c.shape
        self.has_stock, self.has_due = bool((c.stock["doses"] > 0).any()), bool((c.due["courses"] > 0).any())
        self.weeks = min(c.stock_weeks, t)
        at_district, at_product = c.districts["district"], c.products["product"]
        #: Doses at hand that are still good in each of the first weeks, (D, P, W); second doses due by week, (D, P, T).
        self.stock, self.due = np.zeros((d, p, self.weeks)), np.zeros((d, p, t))
        if self.has_stock:
            lots = c.lots.set_index("lot")
            row = _rows_of(at_district, c.stock["district"])
            col = _rows_of(at_product, c.stock["lot"].map(lots["product"]))
            good = c.stock["lot"].map(lots["expires"]).to_numpy(float)[:, None] >= np.arange(self.weeks)
            np.add.at(self.stock, (row, col), good * c.stock["doses"].to_numpy(float)[:, None])
        if self.has_due:
            row, col = _rows_of(at_district, c.due["district"]), _rows_of(at_product, c.due["product"])
            np.add.at(self.due, (row, col, c.due["week"].to_numpy(int)), c.due["courses"].to_numpy(float))
        self.stock, self.due = (a[order] / people[:, None, None] for a in (self.stock, self.due))
        self.two = np.flatnonzero(c.interval > 0)

    @property
    def most(self) -> np.ndarray:
        """Doses that the past can add to a district, for each inhabitant, shape (D,)."""
        return self.due.sum(axis=(1, 2))

    def rows(self, program: CampaignProgram, use: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        _, p, _, t = program.c.shape
        rows, signs = [], []
        if self.has_stock:
            later = np.triu(np.ones((self.weeks, self.weeks)))
            good = np.zeros((p * self.weeks, use.shape[1]))
            good[:, program.part("o")] = np.kron(np.eye(p), later)
            fetched = use.reshape(p, t, -1)[:, : self.weeks].reshape(p * self.weeks, -1)
            rows += [good, fetched]
            signs += [np.ones(len(good)), -np.ones(len(fetched))]
        if self.has_due:
            for i in self.two:
                k, start = int(program.c.interval[i]), program.part("y").start + i * t
                by_week = np.zeros((k + 1, use.shape[1]))
                for week in range(k):
                    by_week[week, start : start + week + 1] = 1
                by_week[k, start : start + t] = 1
                rows.append(by_week)
                signs.append(np.append(np.ones(k), 0.0))
        return rows, signs

    def right_sides(self, program: CampaignProgram) -> list[np.ndarray]:
        d = len(self.stock)
        parts = []
        if self.has_stock:
            parts += [self.stock.reshape(d, -1), np.zeros((d, self.stock[0].size))]
        if self.has_due:
            for i in self.two:
                by_week = np.cumsum(self.due[:, i, : program.c.interval[i]], axis=1)
                parts.append(np.concatenate([by_week, by_week[:, -1:]], axis=1))
        return parts

    def ends(self, program: CampaignProgram) -> dict[str, np.ndarray]:
        d, p, _, t = program.c.shape
        out = {}
        if self.has_due:
            out["y"] = np.repeat(self.due.sum(axis=2, keepdims=True), t, axis=2)
        if self.has_stock:
            out["o"] = self.stock
        return out

    def worth(self, program: CampaignProgram) -> np.ndarray:
        """Benefit of a second dose, to a person of the district's mean risk, by week; shape (D, P T)."""
        c = program.c
        d, p, _, t = c.shape
        ahead = c.burden if c.burden is not None else np.broadcast_to(1 - np.arange(t + 1) / t, (d, t + 1))
        people = c.by_group("population")
        risk = (c.by_group("risk") * people).sum(axis=1) / people.sum(axis=1)
        adds = (c.products["efficacy_full"] - c.products["efficacy_first"]).to_numpy(float)
        worth = (risk[:, None, None] * adds[:, None] * ahead[:, None, 1:])[program.order]
        return (worth * program.people[:, None, None] / program.benefit_unit).reshape(d, p * t)


class _Link:
    """The shared rows: pairs of weeks, lots, regional stores, the national store, and what earlier stages hold."""

    def __init__(self, program: CampaignProgram, kinds: list[Kind], held: Held):
        self.program, self.c, self.held = program, program.c, held
        _, self.p, _, self.t = self.c.shape
        self.product_of = _rows_of(self.c.products["product"], self.c.lots["product"])
        self.name_pairs()
        self.lots, self.unit = program.supply / program.unit, program.unit
        self.litre = float(program.litres_per_dose.mean())
        self.build_columns()
        self.names = self.name_rows()
        self.leaves = [leaf for kind in kinds for leaf in self.leaves_of(kind)]
        self.hold()
        shape = (self.n_rows, len(self.reach_list))
        self.matrix = csr_matrix((self.values, (self.rows, self.columns)), shape=shape)
        self.reach = np.array(self.reach_list)
        self.take_off_base(kinds)

    def name_pairs(self) -> None:
        """Each (week of leaving the national store, week of giving), once: its shared row for the first product."""
        found = {}
        for every in np.unique(self.program.every):
            for week, fetched in enumerate(self.c.fetched(int(every))):
                if fetched < 0:
                    continue
                found.setdefault((int(fetched), week), len(found))
        self.pairs = found

    def name_rows(self) -> list[tuple[str, str]]:
        """(rule, where) of each shared row, for messages."""
        products, regions = self.c.products["product"], self.c.regions["region"]
        out = [
            ("doses that no lot can be", f"{product} leaving in week {leaves} for week {given}")
            for product in products
            for leaves, given in self.pairs
        ]
        out += [("doses that a lot lacks", str(lot)) for lot in self.c.lots["lot"]]
        out += [("litres that a regional store lacks", f"{r} week {w}") for r in regions for w in range(self.t)]
        if np.isfinite(self.c.national_litres):
            out += [("litres that the national store lacks", f"week {w}") for w in range(self.t)]
        return out

    def build_columns(self) -> None:
        """Doses by lot and pair, what is left of a lot, and the slacks of the stores."""
        n_pairs, n_lots, n_regions = len(self.pairs), len(self.lots), len(self.c.regions)
        self.lot_row = self.p * n_pairs
        self.region_row = self.lot_row + n_lots
        self.national_row = self.region_row + n_regions * self.t
        national = np.isfinite(self.c.national_litres)
        self.n_rows = self.national_row + (self.t if national else 0)
        self.rows, self.columns, self.values, self.reach_list = [], [], [], []
        arrives, expires = (self.c.lots[c].to_numpy(float) for c in ("arrives", "expires"))
        volume = self.program.litres_per_dose / self.litre
        self.moves = []
        for lot in range(n_lots):
            i = self.product_of[lot]
            for (leaves, given), row in self.pairs.items():
                if arrives[lot] <= leaves and given <= expires[lot] and self.lots[lot] > 0:
                    entries = [(i * n_pairs + row, -1.0), (self.lot_row + lot, 1.0)]
                    if national:
                        weeks = np.arange(leaves + 1, int(min(expires[lot], self.t - 1)) + 1)
                        entries += [(self.national_row + w, -volume[i]) for w in weeks]
                    self.moves.append((lot, leaves, given))
                    self.add(entries, self.lots[lot])
        self.left = len(self.reach_list) + np.arange(n_lots)
        for lot in range(n_lots):
            self.add([(self.lot_row + lot, 1.0)], self.lots[lot])
        most = 1.01 * self.lots.sum() * volume.max() + 1e-6
        hold = np.minimum(self.c.regions["capacity_litres"].to_numpy(float) / (self.unit * self.litre), most)
        for row in range(n_regions * self.t):
            self.add([(self.region_row + row, 1.0)], hold[row // self.t])
        self.rhs = np.concatenate([np.zeros(self.lot_row), self.lots, np.repeat(hold, self.t)])
        if national:
            weeks = np.arange(self.t)
            there = (arrives[:, None] <= weeks) & (weeks <= expires[:, None])
            filled = (self.lots * volume[self.product_of]) @ there
            room = self.c.national_litres / (self.unit * self.litre) - filled
            self.rhs = np.concatenate([self.rhs, room])
            for week in range(self.t):
                self.add([(self.national_row + week, 1.0)], abs(room[week]) + most)

    def add(self, entries: list[tuple[int, float]], reach: float) -> int:
        column = len(self.reach_list)
        for row, value in entries:
            self.rows.append(row)
            self.columns.append(column)
            self.values.append(value)
        self.reach_list.append(reach)
        return column

    def leaves_of(self, kind: Kind) -> list[Leaf]:
        """Leaves of a kind, one for each region."""
        program = self.program
        region = self.c.region_of[program.order][kind.places]
        every = int(program.every[program.order][kind.places.start])
        fetched = self.c.fetched(every)
        n_pairs, goods = len(self.pairs), self.p * self.t
        own = np.zeros((self.p * self.t, goods))
        own_rows = [i * n_pairs + self.pairs[int(fetched[w]), w] for i in range(self.p) for w in range(self.t)]
        own[np.arange(goods), np.arange(goods)] = 1.0
        store = np.zeros((self.t, self.p, self.t))
        volume = program.litres_per_dose / self.litre
        for week in range(self.t):
            store[fetched[week], :, week] = volume
        out = []
        for r in np.unique(region):
            where = kind.places.start + np.flatnonzero(region == r)
            rows = np.concatenate([own_rows, self.region_row + r * self.t + np.arange(self.t)]).astype(int)
            share = np.concatenate([own, store.reshape(self.t, goods)])
            used = np.abs(share).sum(axis=1) > 0
            out.append(Leaf(slice(int(where[0]), int(where[-1]) + 1), rows[used], share[used]))
        return out

    def hold(self) -> None:
        """Rows for what earlier stages have reached, and for the reserve."""
        held, program = self.held, self.program
        extra, extra_rows, rhs = [], [], []
        if held.benefit is not None:
            target = (held.benefit - HOLD * abs(held.benefit)) / program.benefit_unit
            self.names.append(("benefit to be held", "benefit"))
            extra.append(program.benefit_rows())
            rhs.append(target - program.benefit_of_base / program.benefit_unit)
            self.add([(self.n_rows + len(rhs) - 1, -1.0)], abs(target) + 1)
            extra_rows.append(self.n_rows + len(rhs) - 1)
        if program.reserve is not None:
            self.names.append(("doses for the vulnerability reserve", "reserve"))
            extra.append(self.reserve_rows())
            rhs.append(-self.of_base(extra[-1]))
            self.add([(self.n_rows + len(rhs) - 1, -1.0)], 2 * self.lots.sum() + 1)
            extra_rows.append(self.n_rows + len(rhs) - 1)
        if held.moved is not None:
            self.names.append(("doses moved beyond the bound", "moved"))
            extra.append(program.dose_rows("minus"))
            rhs.append((held.moved + HOLD * (1 + held.moved)) / program.unit)
            self.add([(self.n_rows + len(rhs) - 1, 1.0)], rhs[-1] + 1)
            extra_rows.append(self.n_rows + len(rhs) - 1)
        if held.waste is not None:
            self.names.append(("doses wasted beyond the least", "waste"))
            rhs.append((held.waste + HOLD * max(held.waste, program.supply.sum() * 1e-2)) / program.unit)
            row = self.n_rows + len(rhs) - 1
            for lot in np.flatnonzero(self.spoils):
                self.rows.append(row)
                self.columns.append(int(self.left[lot]))
                self.values.append(1.0)
            self.add([(row, 1.0)], rhs[-1] + 1)
        self.n_rows += len(rhs)
        self.rhs = np.concatenate([self.rhs, rhs])
        self.extra = np.stack(extra, axis=1) if extra else np.zeros((len(program.people), 0, 0))
        self.extra_rows = np.array(extra_rows, int)

    def of_base(self, rows: np.ndarray) -> float:
        """What the zero of the variables gives to a shared row."""
        return float((rows * self.program.flat_base(rows.shape[1])).sum())

    def reserve_rows(self) -> np.ndarray:
        """Doses to vulnerable districts less their part of all doses, shape (D, N)."""
        program, share = self.program, self.program.reserve.share
        vulnerable = self.c.districts["vulnerable"].to_numpy(bool)[program.order]
        part = float(self.c.willing[program.order][vulnerable].sum() / self.c.willing.sum())
        wanted = share + (1 - share) * part
        return program.with_change((vulnerable - wanted)[:, None] * program.dose_rows("x"))

    @property
    def spoils(self) -> np.ndarray:
        """Lots that expire before the last week is over, shape (L,), bool."""
        return self.c.lots["expires"].to_numpy(float) < self.t - 1

    def take_off_base(self, kinds: list[Kind]) -> None:
        """What the zero of the variables takes of the shared goods goes to the right."""
        program = self.program
        before = program.flat_base(sum(program.sizes.values()))
        weight = program.people / program.unit
        for kind in kinds:
            for leaf in self.leaves:
                if kind.places.start <= leaf.places.start < kind.places.stop:
                    total = weight[leaf.places] @ before[leaf.places]
                    self.rhs[leaf.touched] -= leaf.share @ (kind.use[:, : len(total)] @ total)

    def cost(self, objective: str) -> np.ndarray:
        out = np.zeros(len(self.reach))
        if objective == "waste":
            out[self.left] = self.spoils
        return out


def _rows_of(names, wanted) -> np.ndarray:
    """Row of each wanted name in a column of names."""
    return pd.Index(names).get_indexer(wanted)
