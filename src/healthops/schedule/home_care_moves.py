"""The timetable of home care and the moves of its annealing, compiled.

Importing this module imports numba: import it where it is needed. ``rounds`` (C, O) has the operations of each
caregiver in order, of which the first ``lengths`` (C,) count; the rest is as in
:class:`healthops.schedule.home_care.HomeCare`. Compiling takes seconds in each process: numba would keep the result as
a pickle, which this project does not load.
"""

from __future__ import annotations

import numpy as np
from numba import njit

#: Caregivers that are tried for an operation.
TRIES = 50


@njit
def cost_of(rounds, lengths, patient, minutes, opens, closes, pairs, distance, begin):
    """Three times the cost in thousandths; -1 where rounds wait for one another in a circle."""
    begin[:] = opens
    settled = False
    for _ in range(2 * len(pairs) + 2):
        changed = False
        for c in range(len(lengths)):
            free, at = 0, 0
            for k in range(lengths[c]):
                op = rounds[c, k]
                there = patient[op] + 1
                there_at = free + distance[at, there]
                if there_at > begin[op]:
                    begin[op] = there_at
                    changed = True
                free, at = begin[op] + minutes[op], there
        for k in range(len(pairs)):
            a, b = pairs[k, 0], pairs[k, 1]
            if begin[a] + pairs[k, 2] > begin[b]:
                begin[b] = begin[a] + pairs[k, 2]
                changed = True
            if begin[b] - pairs[k, 3] > begin[a]:
                begin[a] = begin[b] - pairs[k, 3]
                changed = True
        if not changed:
            settled = True
            break
    if not settled:
        return -1
    total, most = 0, 0
    for op in range(len(patient)):
        late = begin[op] - closes[op]
        if late > 0:
            total += late
            most = max(most, late)
    for c in range(len(lengths)):
        at = 0
        for k in range(lengths[c]):
            total += distance[at, patient[rounds[c, k]] + 1]
            at = patient[rounds[c, k]] + 1
        total += distance[at, 0]
    return total + most


@njit
def take(rounds, lengths, op):
    """Take an operation out; returns its caregiver and place."""
    for c in range(len(lengths)):
        for k in range(lengths[c]):
            if rounds[c, k] == op:
                for j in range(k, lengths[c] - 1):
                    rounds[c, j] = rounds[c, j + 1]
                lengths[c] -= 1
                return c, k
    return -1, -1


@njit
def put(rounds, lengths, op, c, k):
    """Put an operation at place k of caregiver c."""
    for j in range(lengths[c], k, -1):
        rounds[c, j] = rounds[c, j - 1]
    rounds[c, k] = op
    lengths[c] += 1


@njit
def holder(rounds, lengths, op):
    """Caregiver who has the operation, -1 where nobody has."""
    for c in range(len(lengths)):
        for k in range(lengths[c]):
            if rounds[c, k] == op:
                return c
    return -1


@njit
def pick(rng, number):
    """One of 0 to number - 1 by chance."""
    return int(rng.random() * number)


@njit
def move(rng, rounds, lengths, op, partner, able):
    """Move an operation to a random place of a random caregiver who may do it."""
    was, k = take(rounds, lengths, op)
    other = holder(rounds, lengths, partner[op]) if partner[op] >= 0 else -1
    for _ in range(TRIES):
        c = pick(rng, len(lengths))
        if able[c, op] and c != other:
            put(rounds, lengths, op, c, pick(rng, lengths[c] + 1))
            return
    put(rounds, lengths, op, was, k)


@njit
def exchange(rng, rounds, lengths, partner, able):
    """Exchange two operations; False where a caregiver may not do the other's."""
    c, d = pick(rng, len(lengths)), pick(rng, len(lengths))
    if lengths[c] == 0 or lengths[d] == 0:
        return False
    i, j = pick(rng, lengths[c]), pick(rng, lengths[d])
    a, b = rounds[c, i], rounds[d, j]
    if a == b or not able[d, a] or not able[c, b]:
        return False
    if c != d and partner[a] != b:
        if partner[a] >= 0 and holder(rounds, lengths, partner[a]) == d:
            return False
        if partner[b] >= 0 and holder(rounds, lengths, partner[b]) == c:
            return False
    rounds[c, i], rounds[d, j] = b, a
    return True


@njit
def annealed(rounds, lengths, patient, minutes, opens, closes, pairs, partner, able, distance, rng, steps, hot, cold):
    """Simulated annealing; returns the best rounds, their lengths and three times their cost (-1: no plan).

    Where rounds wait for one another in a circle there is no plan. Temperatures are in thousandths of the file's unit,
    as costs are.
    """
    begin = np.zeros(len(patient), np.int64)
    cost = cost_of(rounds, lengths, patient, minutes, opens, closes, pairs, distance, begin)
    best, best_rounds, best_lengths = cost, rounds.copy(), lengths.copy()
    keep, keep_lengths = rounds.copy(), lengths.copy()
    cooling = (cold / hot) ** (1.0 / steps)
    warmth = hot
    for _ in range(steps):
        warmth *= cooling
        kind = rng.random()
        op = pick(rng, len(patient))
        if kind < 0.5:
            move(rng, rounds, lengths, op, partner, able)
        elif kind < 0.75:
            if not exchange(rng, rounds, lengths, partner, able):
                continue
        else:
            move(rng, rounds, lengths, op, partner, able)
            other = partner[op] if partner[op] >= 0 else pick(rng, len(patient))
            move(rng, rounds, lengths, other, partner, able)
        new = cost_of(rounds, lengths, patient, minutes, opens, closes, pairs, distance, begin)
        if new >= 0 and (cost < 0 or new <= cost or rng.random() < np.exp((cost - new) / warmth)):
            cost = new
            keep[:], keep_lengths[:] = rounds, lengths
            if best < 0 or new < best:
                best = new
                best_rounds[:], best_lengths[:] = rounds, lengths
        else:
            rounds[:], lengths[:] = keep, keep_lengths
    return best_rounds, best_lengths, best
