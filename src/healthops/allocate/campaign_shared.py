"""The rows of a campaign's program that all districts share, and what a stage keeps of those before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from healthops.allocate.campaign_past import rows_of
from healthops.allocate.interior import Kind, Leaf

if TYPE_CHECKING:
    from healthops.allocate.campaign_program import CampaignProgram

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


class SharedRows:
    """The shared rows: pairs of weeks, lots, regional stores, the national store, and what earlier stages hold."""

    def __init__(self, program: CampaignProgram, kinds: list[Kind], held: Held):
        self.program, self.c, self.held = program, program.c, held
        _, self.p, _, self.t = self.c.shape
        self.product_of = rows_of(self.c.products["product"], self.c.lots["product"])
        self.name_pairs()
        self.lots, self.unit = program.supply / program.unit, program.unit
        self.litre = float(program.litres_per_dose.mean())
        self.weigh_national_store()
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
        return out + [("litres that the national store lacks", f"week {w}") for w in self.full_weeks]

    def weigh_national_store(self) -> None:
        """Litres in the national store by week if nothing left it, (T,), and the weeks in which that is too much."""
        weeks = np.arange(self.t)
        arrives, expires = (self.c.lots[c].to_numpy(float) for c in ("arrives", "expires"))
        there = (arrives[:, None] <= weeks) & (weeks <= expires[:, None])
        self.filled = (self.lots * self.program.litres_per_dose[self.product_of] / self.litre) @ there
        self.national_room = self.c.national_litres / (self.unit * self.litre)
        self.full_weeks = np.flatnonzero(self.filled > self.national_room)

    def build_columns(self) -> None:
        """Doses by lot and pair, what is left of a lot, and the slacks of the stores."""
        n_pairs, n_lots, n_regions = len(self.pairs), len(self.lots), len(self.c.regions)
        self.lot_row = self.p * n_pairs
        self.region_row = self.lot_row + n_lots
        self.national_row = self.region_row + n_regions * self.t
        self.n_rows = self.national_row + len(self.full_weeks)
        self.rows, self.columns, self.values, self.reach_list = [], [], [], []
        arrives, expires = (self.c.lots[c].to_numpy(float) for c in ("arrives", "expires"))
        volume = self.program.litres_per_dose / self.litre
        self.moves = []
        for lot in range(n_lots):
            i = self.product_of[lot]
            for (leaves, given), row in self.pairs.items():
                if arrives[lot] <= leaves and given <= expires[lot] and self.lots[lot] > 0:
                    entries = [(i * n_pairs + row, -1.0), (self.lot_row + lot, 1.0)]
                    relieved = (self.full_weeks > leaves) & (self.full_weeks <= expires[lot])
                    entries += [(self.national_row + n, -volume[i]) for n in np.flatnonzero(relieved)]
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
        room = self.national_room - self.filled[self.full_weeks]
        self.rhs = np.concatenate([self.rhs, room])
        for n in range(len(room)):
            self.add([(self.national_row + n, 1.0)], abs(room[n]) + most)

    def add(self, entries: list[tuple[int, float]], reach: float) -> int:
        """Add a column with these (row, value) entries and an upper end; return its number."""
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
        # What is given before the first delivery was fetched before week 0 and takes nothing.
        here = np.flatnonzero(fetched >= 0)
        own_rows = np.zeros((self.p, self.t), int)
        own_rows[:, here] = [[i * n_pairs + self.pairs[int(fetched[w]), w] for w in here] for i in range(self.p)]
        own_rows = own_rows.ravel()
        own[np.arange(goods), np.arange(goods)] = np.tile(fetched >= 0, self.p)
        store = np.zeros((self.t, self.p, self.t))
        volume = program.litres_per_dose / self.litre
        for week in here:
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
        """Costs of the shared columns in a stage."""
        out = np.zeros(len(self.reach))
        if objective == "waste":
            out[self.left] = self.spoils
        return out
