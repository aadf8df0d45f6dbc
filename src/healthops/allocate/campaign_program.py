"""The vaccine campaign as a linear program in the shape of :mod:`.interior`.

Variables of a district, in courses for each inhabitant: first doses by product, group and week, each with its second
dose one interval later; second doses that fall due from before; what is drawn from the stock at hand. Its own rows:
vaccinators and cold store by week, people by group. Shared rows: the doses that leave the national store in a week and
are given in a week, against the lots that have arrived and are still good then; each lot; the regional stores; the
national store.

Lots appear only in the shared rows, summed over districts. Nothing is lost: doses that leave in one week and are given
in one week are alike, so any split of their lots among districts is as good, and :func:`.campaign_plan.hand_out_lots`
gives one, earliest expiry first. A formulation with a variable for each lot in each district has the same optimum
(benchmarks/lot_by_lot.py).
"""

from __future__ import annotations

from dataclasses import replace as dataclasses_replace
from functools import cached_property

import numpy as np

from healthops.allocate.campaign import Campaign
from healthops.allocate.campaign_past import LEAST, Past
from healthops.allocate.campaign_shared import HOLD, Held, Reserve, SharedRows
from healthops.allocate.interior import START, Kind, Outcome, Point, Program, restart


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
        self.first_delivery = campaign.first_delivery[self.order]
        last = np.zeros(campaign.shape) if last is None else np.asarray(last, float)
        if last.shape != campaign.shape:
            raise ValueError(f"the last plan has shape {last.shape}, the campaign {campaign.shape}")
        self.past = Past(campaign, self.order, self.people)
        #: The zero of the variables: the last plan, or its frozen weeks.
        self.base = last[self.order] / self.people[:, None, None, None]
        # Rounding of the last plan where nothing can be given would leave no solution.
        self.base[~self.past.servable(self)[:, :, None, :] & (self.base < LEAST)] = 0.0
        if not split:
            self.base[..., frozen:] = 0.0
        self.unit = campaign.by_group("population").sum() / campaign.weeks

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
        self.link = link = SharedRows(self, kinds, held)
        cost, column_cost = self.costs(objective, link, len(signs))
        column = None
        if with_floor:
            column = np.zeros_like(rhs)
            at = 2 * self.c.weeks + len(self.c.groups)
            guarded = self.c.districts["protected"].to_numpy(bool)[self.order, None]
            willing = self.c.willing[self.order] / self.people[:, None]
            column[:, at : at + len(self.c.groups)] = np.where(guarded, -willing, 0.0)
        pad = np.zeros((len(rhs), len(link.extra_rows), len(signs)))
        # A variable that is 0 in all districts, such as those of frozen weeks, is not in the program.
        self.live = live = np.append((upper[:, : -len(signs)] > 0).any(axis=0), np.ones(len(signs), bool))
        return Program(
            kinds=tuple(Kind(kind.places, kind.rows[:, live], kind.use[:, live]) for kind in kinds),
            leaves=tuple(link.leaves),
            cost=cost[:, live],
            upper=upper[:, live],
            rhs=rhs,
            weight=self.people / self.unit,
            link=link.matrix,
            link_cost=link.cost(objective),
            link_rhs=link.rhs,
            reach=reach[:, live],
            link_reach=link.reach,
            extra=np.concatenate([link.extra, pad], axis=2)[:, :, live] if len(link.extra_rows) else None,
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
            litres = self.past.held @ self.litres_per_dose
            parts[1] = parts[1] - np.where(np.arange(t) < self.past.weeks, litres[:, None], 0.0)
        if with_floor:
            parts.append(-self.c.covered[self.order] / self.people[:, None])
        return np.concatenate([*parts, *self.past.right_sides(self)], axis=1)

    def bounds(self, rhs: np.ndarray, signs: np.ndarray, floor: float) -> tuple[np.ndarray, np.ndarray]:
        """Upper ends, and upper ends that the rows imply, of all variables and slacks: each (D, N + M)."""
        d, (_, p, g, t) = len(rhs), self.c.shape
        ends = {"x": np.where(self.allowed[None, :, None, :], self.room[:, None, :, None], 0.0)}
        ends["x"] = np.where(np.arange(t) >= self.frozen, ends["x"], 0.0)
        ends["x"] = np.where(self.past.servable(self)[:, :, None, :], ends["x"], 0.0)
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
        self.past.close(self, slack)
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

    def costs(self, objective: str, link: SharedRows, slacks: int) -> tuple[np.ndarray, float]:
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
        slacks, n = lp.rhs.shape[1], len(self.live)
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
        by_variable = {name: getattr(old, name)[:, self.live] for name in ("x", "gap", "z", "w")}
        return restart(lp, dataclasses_replace(old, **by_variable))

    def whole(self, outcome: Outcome) -> Outcome:
        """An outcome of the last stage with the variables that were left out, at 0."""

        def spread(a):
            out = np.zeros((len(a), len(self.live)))
            out[:, self.live] = a
            return out

        by_variable = {name: spread(getattr(outcome.point, name)) for name in ("x", "gap", "z", "w")}
        point = dataclasses_replace(outcome.point, **by_variable)
        return dataclasses_replace(outcome, x=spread(outcome.x), point=point)

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
        # Rounding of the solver: none before they are due, and all of them in the end.
        due = np.cumsum(self.past.due, axis=2)
        given = np.minimum(np.cumsum(np.maximum(x[:, self.part("y")], 0.0).reshape(d, p, t), axis=2), due)
        given[:, :, -1] = due[:, :, -1]
        return self.restore(np.diff(given, axis=2, prepend=0.0))

    def from_stock(self, x: np.ndarray) -> np.ndarray:
        """Doses drawn from the stock at hand, by week in which they are given, shape (D, P, T)."""
        d, p, _, t = self.c.shape
        out = np.zeros((d, p, t))
        if self.past.has_stock:
            share = np.maximum(x[:, self.part("o")], 0.0).reshape(d, p, -1)
            out[:, :, : self.past.weeks] = self.restore(share)
        return out
