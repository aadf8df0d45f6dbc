"""What first doses and deliveries of before week 0 leave to a campaign: second doses that fall due, stock at hand.

Variables and own rows of a district in :mod:`.campaign_program`, per inhabitant like all others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from healthops.allocate.campaign import Campaign

if TYPE_CHECKING:
    from healthops.allocate.campaign_program import CampaignProgram


#: Stock at hand of fewer doses for each inhabitant is left out of the program.
LEAST = 1e-6
#: So much of it for each inhabitant is left, so that rounding of the solver never gives more than there is.
MARGIN = 1e-9


class Past:
    """What first doses and deliveries of before week 0 leave to do: second doses that fall due, stock at hand."""

    def __init__(self, c: Campaign, order: np.ndarray, people: np.ndarray):
        d, p, _, t = c.shape
        self.wait = c.first_delivery[order]
        self.has_due = bool((c.due["courses"] > 0).any())
        #: Before its first delivery a district gives stock at hand, or nothing.
        self.has_stock = bool((c.stock["doses"] > 0).any() or (self.wait > 0).any())
        self.weeks = min(c.stock_weeks, t)
        at_district, at_product = c.districts["district"], c.products["product"]
        #: Doses at hand that are still good in each of the first weeks, (D, P, W); second doses due by week, (D, P, T).
        self.stock, self.due = np.zeros((d, p, self.weeks)), np.zeros((d, p, t))
        if self.has_stock:
            lots = c.lots.set_index("lot")
            row = rows_of(at_district, c.stock["district"])
            col = rows_of(at_product, c.stock["lot"].map(lots["product"]))
            good = c.stock["lot"].map(lots["expires"]).to_numpy(float)[:, None] >= np.arange(self.weeks)
            np.add.at(self.stock, (row, col), good * c.stock["doses"].to_numpy(float)[:, None])
        if self.has_due:
            row, col = rows_of(at_district, c.due["district"]), rows_of(at_product, c.due["product"])
            np.add.at(self.due, (row, col, c.due["week"].to_numpy(int)), c.due["courses"].to_numpy(float))
        self.stock, self.due = (a[order] / people[:, None, None] for a in (self.stock, self.due))
        #: Doses at hand in week 0, which fill the store whether they can be used or not, (D, P).
        self.held = self.stock[:, :, 0].copy()
        self.stock = np.where(self.stock < LEAST, 0.0, self.stock - MARGIN)
        self.two = np.flatnonzero(c.interval > 0)

    @property
    def most(self) -> np.ndarray:
        """Doses that the past can add to a district, for each inhabitant, shape (D,)."""
        return self.due.sum(axis=(1, 2))

    def rows(self, program: CampaignProgram, use: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Own rows, without slacks, and their slacks' signs, beside the use (P T, N) of a district."""
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
                k, start = int(min(program.c.interval[i], t)), program.part("y").start + i * t
                by_week = np.zeros((k + 1, use.shape[1]))
                for week in range(k):
                    by_week[week, start : start + week + 1] = 1
                by_week[k, start : start + t] = 1
                rows.append(by_week)
                signs.append(np.append(np.ones(k), 0.0))
        return rows, signs

    def right_sides(self, program: CampaignProgram) -> list[np.ndarray]:
        """Right-hand sides of these rows, each of shape (D, rows)."""
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
        """Upper ends of the variables of the past, by sort."""
        d, p, _, t = program.c.shape
        out = {}
        if self.has_due:
            out["y"] = np.where(self.at_hand(t), self.due.sum(axis=2, keepdims=True), 0.0)
        if self.has_stock:
            out["o"] = self.stock
        return out

    def at_hand(self, weeks: int) -> np.ndarray:
        """Whether a district can have doses of a product in a week, shape (D, P, T): not before its first delivery
        without stock.
        """
        d, p, w = self.stock.shape
        out = np.ones((d, p, weeks), bool)
        out[:, :, :w] = (self.stock > 0) | (np.arange(w) >= self.wait[:, None, None])
        return out

    def servable(self, program: CampaignProgram) -> np.ndarray:
        """Weeks in which a course can begin, as far as both its doses can be at hand; shape (D, P, T), bool."""
        t = program.c.weeks
        here = self.at_hand(t)
        out = here.copy()
        for i, k in enumerate(program.c.interval):
            if 0 < k < t:
                out[:, i, :-k] &= here[:, i, k:]
        return out

    def close(self, program: CampaignProgram, slack: np.ndarray) -> None:
        """Close the slacks, shape (D, M), of what is fetched before the first delivery: it is nothing."""
        if self.has_stock:
            _, p, _, t = program.c.shape
            last = slack.shape[1] - sum(int(min(program.c.interval[i], t)) + 1 for i in self.two) * self.has_due
            fetched = slice(last - p * self.weeks, last)
            early = np.arange(self.weeks) < self.wait[:, None, None]
            slack[:, fetched] = np.where(np.tile(early, (1, p, 1)).reshape(len(slack), -1), 0.0, slack[:, fetched])

    def worth(self, program: CampaignProgram) -> np.ndarray:
        """Benefit of a second dose, in the unit of the program, by week; shape (D, P T)."""
        worth = program.c.worth_of_due[program.order]
        return (worth * program.people[:, None, None] / program.benefit_unit).reshape(len(worth), -1)


def rows_of(names, wanted) -> np.ndarray:
    """Row of each wanted name in a column of names."""
    return pd.Index(names).get_indexer(wanted)
