"""The epidemic person by person: slow, small and written apart from the model that it checks."""

from __future__ import annotations

import numpy as np

from healthops.simulate.epidemic import Epidemic

SUSCEPTIBLE, EXPOSED, INFECTIOUS, RECOVERED, DEAD, IMMUNE = range(6)


class Agents:
    """Draws of a population of named persons; every array has shape (draws, persons)."""

    def __init__(self, epidemic: Epidemic, infected: np.ndarray, draws: int, seed: int) -> None:
        self.model, self.rng = epidemic, np.random.default_rng(seed)
        cells = epidemic.population.ravel()
        self.cell = np.repeat(np.arange(cells.size), cells)
        self.group = self.cell % len(epidemic.groups)
        shape = (draws, len(self.cell))
        self.status = np.zeros(shape, int)
        self.doses, self.working = np.zeros(shape, int), np.zeros(shape, int)
        self.doomed = np.zeros(shape, bool)
        first_of_cell = np.cumsum(cells) - cells
        rank = np.arange(len(self.cell)) - first_of_cell[self.cell]
        self._fall_ill(np.broadcast_to(rank < infected.ravel()[self.cell], shape))
        self.meetings = self._meetings()

    def _meetings(self) -> np.ndarray:
        """Hazard of infection of a person of the row's cell from one infectious person of the column's, a day."""
        model = self.model
        present = np.einsum("rk,rb->kb", model.mixing, model.population)
        rate = np.einsum("rk,ab,sk,kb->rasb", model.mixing, model.contacts, model.mixing, 1 / present)
        return model.transmission * rate.reshape(model.population.size, -1)

    def _fall_ill(self, who: np.ndarray) -> None:
        self.status[who] = EXPOSED
        risk = self.model.fatality[self.group] * self.model.vaccine.fatality[self.working]
        self.doomed |= who & (self.rng.random(who.shape) < risk)

    def _give(self, doses: np.ndarray, number: int) -> None:
        """Give dose `number` to persons drawn at random of each cell, among those who can have it."""
        can = (self.doses == number - 1) & ~self.doomed & (self.status != DEAD)
        if self.model.vaccine.screened:
            can &= np.isin(self.status, (SUSCEPTIBLE, IMMUNE))
        lottery = np.where(can, self.rng.random(can.shape), 2.0)
        for cell, many in enumerate(doses):
            mine = np.flatnonzero(self.cell == cell)
            order = np.argsort(np.argsort(lottery[:, mine], axis=1), axis=1)
            chosen = np.zeros_like(can)
            chosen[:, mine] = (order < many) & can[:, mine]
            if number == 2:  # ends the wait for the first dose
                self._protect(chosen & (self.working == 0), 1)
            self.doses += chosen

    def _protect(self, who: np.ndarray, work: int) -> None:
        self.working[who] = work
        take = self.model.vaccine.take[work - 1]
        self.status[who & (self.status == SUSCEPTIBLE) & (self.rng.random(who.shape) < take)] = IMMUNE

    def day(self, doses: np.ndarray) -> None:
        """Play a day; `doses` has shape (R * A, 2)."""
        self._give(doses[:, 1], 2)
        self._give(doses[:, 0], 1)
        chance = self.rng.random((3, *self.status.shape))
        was_exposed, was_infectious = self.status == EXPOSED, self.status == INFECTIOUS
        ill = np.stack([was_infectious[:, self.cell == c].sum(axis=1) for c in range(len(doses))], axis=1)
        hazard = (ill @ self.meetings.T)[:, self.cell] * self.model.vaccine.hazard[self.working]
        self._fall_ill((self.status == SUSCEPTIBLE) & (chance[0] < -np.expm1(-hazard)))
        wait = np.array([np.inf, *self.model.vaccine.days_to_protection])
        working = self.doses > self.working
        for dose in (1, 2):
            self._protect(working & (self.doses == dose) & (chance[1] < 1 / wait[dose]), dose)
        self.status[was_exposed & (chance[2] < 1 / self.model.latent_days)] = INFECTIOUS
        ended = was_infectious & (chance[2] < 1 / self.model.infectious_days)
        self.status[ended] = np.where(self.doomed[ended], DEAD, RECOVERED)

    def count(self, who: np.ndarray) -> np.ndarray:
        """Persons by draw and cell, shape (draws, R * A)."""
        return np.stack([who[:, self.cell == c].sum(axis=1) for c in range(self.cell.max() + 1)], axis=1)
