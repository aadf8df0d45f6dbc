"""The arithmetic of overbooking, compiled: expected cost of a plan, a bound on the best one, and the search for it.

A plan puts each of N patients into one of K slots (0 to K - 1), or leaves it out (-1). Importing this module imports
numba: import it where it is needed.
"""

from __future__ import annotations

import numpy as np
from numba import njit

#: Backlogs above this one are priced as this one in the bound, which stays a bound: more backlog is never cheaper.
BACKLOGS = 8


def _compiled(function):
    # Compiled at first use in each process: numba would keep the result as a pickle, which this project does not load.
    return njit(function, error_model="numpy")


@_compiled
def expected(slot_of, show, slots, wait):
    """Write into `wait`, shape (N,), each patient's expected wait in slots if it comes; return the expected backlog.

    The backlog (patients who are there and not seen) when a slot begins has a distribution, which a patient who comes
    with probability q convolves with (1 - q, q), and a slot's visit shifts down by one. Who comes in a slot waits for
    the backlog and, the order among those of one slot being random, for half of the others who come.
    """
    n = len(show)
    backlog = np.zeros(n + 2)
    backlog[0] = 1.0
    top = 0
    for k in range(slots):
        mean, together = 0.0, 0.0
        for j in range(1, top + 1):
            mean += j * backlog[j]
        for i in range(n):
            if slot_of[i] == k:
                together += show[i]
        for i in range(n):
            if slot_of[i] == k:
                wait[i] = mean + 0.5 * (together - show[i])
        if together > 0.0:
            for i in range(n):
                if slot_of[i] == k:
                    q = show[i]
                    for j in range(top + 1, 0, -1):
                        backlog[j] = backlog[j] * (1.0 - q) + backlog[j - 1] * q
                    backlog[0] *= 1.0 - q
                    top += 1
        backlog[0] += backlog[1]
        for j in range(1, top + 1):
            backlog[j] = backlog[j + 1]
        backlog[top] = 0.0 if top > 0 else backlog[0]
        top = max(top - 1, 0)
    mean = 0.0
    for j in range(1, top + 1):
        mean += j * backlog[j]
    for i in range(n):
        if slot_of[i] < 0:
            wait[i] = 0.0
    return mean


@_compiled
def priced(slot_of, show, group, n_groups, slots, w_wait, w_idle, w_over, wait):
    """Return (expected cost, ratio of the longest mean wait of a group to the shortest) of a plan."""
    over = expected(slot_of, show, slots, wait)
    waits, came = np.zeros(n_groups), np.zeros(n_groups)
    for i in range(len(show)):
        if slot_of[i] >= 0:
            waits[group[i]] += show[i] * wait[i]
            came[group[i]] += show[i]
    cost = w_wait * waits.sum() + w_over * over + w_idle * (slots + over - came.sum())
    return cost, ratio_of(waits, came)


@_compiled
def ratio_of(waits, came):
    """Longest mean wait of the groups with somebody booked over the shortest; 1 where nobody waits."""
    low, high = np.inf, 0.0
    for g in range(len(waits)):
        if came[g] > 0.0:
            mean = waits[g] / came[g]
            low, high = min(low, mean), max(high, mean)
    if high <= 1e-12:
        return 1.0
    return high / low if low > 0.0 else np.inf


@_compiled
def _worth(cost, ratio, most, strictness):
    """Value to be made small: the cost, dearer by how far the ratio is above the bound."""
    if ratio <= most:
        return cost
    return cost * (1.0 + strictness * (min(ratio, 100.0) - most)) + 1e-9


@_compiled
def _descend(slot_of, room, show, group, n_groups, slots, weights, most, strictness, most_per_slot, lowest, wait):
    """Move or swap patients until that makes nothing better; in place. Returns the value reached."""
    n = len(show)
    cost, ratio = priced(slot_of, show, group, n_groups, slots, weights[0], weights[1], weights[2], wait)
    value = _worth(cost, ratio, most, strictness)
    better = True
    while better:
        better = False
        found, a, b, to = value, -1, -1, -1
        for i in range(n):
            old = slot_of[i]
            for k in range(lowest, slots):
                if k != old and (k < 0 or room[k] < most_per_slot):
                    slot_of[i] = k
                    cost, ratio = priced(
                        slot_of, show, group, n_groups, slots, weights[0], weights[1], weights[2], wait
                    )
                    trial = _worth(cost, ratio, most, strictness)
                    if trial < found - 1e-12:
                        found, a, b, to = trial, i, -1, k
            slot_of[i] = old
            for j in range(i):
                if slot_of[j] != old:
                    slot_of[i], slot_of[j] = slot_of[j], old
                    cost, ratio = priced(
                        slot_of, show, group, n_groups, slots, weights[0], weights[1], weights[2], wait
                    )
                    trial = _worth(cost, ratio, most, strictness)
                    if trial < found - 1e-12:
                        found, a, b = trial, i, j
                    slot_of[j] = slot_of[i]
                    slot_of[i] = old
        if a >= 0:
            better, value = True, found
            if b >= 0:
                slot_of[a], slot_of[b] = slot_of[b], slot_of[a]
            else:
                if slot_of[a] >= 0:
                    room[slot_of[a]] -= 1
                if to >= 0:
                    room[to] += 1
                slot_of[a] = to
    return value


@_compiled
def search(begin, show, group, n_groups, slots, weights, most, most_per_slot, may_leave_out, chance):
    """Iterated local search from a plan, each time from three patients put elsewhere; returns the best plan.

    ``chance`` (kicks, 7) are uniform random numbers: patient and slot three times, and what may be accepted. ``most``
    bounds the ratio of waits; a plan within the bound is better than any above it.
    """
    n, lowest = len(show), -1 if may_leave_out else 0
    wait = np.zeros(n)
    now, room = begin.copy(), np.zeros(slots, np.int64)
    for i in range(n):
        if now[i] >= 0:
            room[now[i]] += 1
    strictness = 2.0
    value = _descend(now, room, show, group, n_groups, slots, weights, most, strictness, most_per_slot, lowest, wait)
    cost, ratio = priced(now, show, group, n_groups, slots, weights[0], weights[1], weights[2], wait)
    best, best_cost, best_over = now.copy(), cost, max(ratio - most, 0.0)
    for kick in range(len(chance)):
        trial, its_room = now.copy(), room.copy()
        for move in range(3):
            i = int(chance[kick, 2 * move] * n)
            k = lowest + int(chance[kick, 2 * move + 1] * (slots - lowest))
            if k < 0 or its_room[k] < most_per_slot:
                if trial[i] >= 0:
                    its_room[trial[i]] -= 1
                if k >= 0:
                    its_room[k] += 1
                trial[i] = k
        reached = _descend(
            trial, its_room, show, group, n_groups, slots, weights, most, strictness, most_per_slot, lowest, wait
        )
        if reached <= value * (1.0 + 0.01 * chance[kick, 6]):
            now, room, value = trial, its_room, reached
        cost, ratio = priced(trial, show, group, n_groups, slots, weights[0], weights[1], weights[2], wait)
        over = max(ratio - most, 0.0)
        if over < best_over - 1e-12 or (over <= best_over + 1e-12 and cost < best_cost - 1e-12):
            best, best_cost, best_over = trial.copy(), cost, over
    return best


@_compiled
def subsets(show):
    """Of every set of patients (bit i: patient i): size, expected number who come and pairs of them, distribution."""
    n = len(show)
    size, total = np.zeros(1 << n, np.int64), np.zeros(1 << n)
    pairs, coming = np.zeros(1 << n), np.zeros((1 << n, n + 1))
    coming[0, 0] = 1.0
    for s in range(1, 1 << n):
        i = 0
        while not (s >> i) & 1:
            i += 1
        rest, q = s & (s - 1), show[i]
        size[s], total[s] = size[rest] + 1, total[rest] + q
        pairs[s] = pairs[rest] + total[rest] * q
        for a in range(size[s] + 1):
            coming[s, a] = coming[rest, a] * (1.0 - q) + (coming[rest, a - 1] * q if a else 0.0)
    return size, total, pairs, coming


@_compiled
def bounds(show, slots, weights, most_per_slot, leave_out, size, total, pairs, coming):
    """Least expected cost to go, at [k, j, R], of slots k.. with backlog j and the patients R still to be booked.

    Whoever books is let off knowing nothing: before each slot it sees the backlog. A plan made in advance is one way
    of deciding so, so that no plan costs less; and because a plan's cost is linear in the distribution of the backlog,
    the mean of these over a distribution bounds the cost of going on from it. Costs are those beyond ``idle * slots``,
    which every plan has; with ``leave_out`` some may stay unbooked.
    """
    n = len(show)
    full = 1 << n
    table = np.full((slots + 1, BACKLOGS, full), np.inf)
    for j in range(BACKLOGS):
        for r in range(full if leave_out else 1):
            table[slots, j, r] = (weights[1] + weights[2]) * j
    for k in range(slots - 1, -1, -1):
        for r in range(full):
            if size[r] > (slots - k) * most_per_slot and not leave_out:
                continue
            t = r
            while True:
                if size[t] <= most_per_slot:
                    rest = r ^ t
                    if table[k + 1, 0, rest] < np.inf:
                        for j in range(BACKLOGS):
                            value = weights[0] * (j * total[t] + pairs[t]) - weights[1] * total[t]
                            for a in range(size[t] + 1):
                                value += coming[t, a] * table[k + 1, min(max(j + a - 1, 0), BACKLOGS - 1), rest]
                            if value < table[k, j, r]:
                                table[k, j, r] = value
                if t == 0:
                    break
                t = (t - 1) & r
    return table


@_compiled
def prove(
    booked, leave_out, show, group, n_groups, slots, weights, most, most_per_slot, size, total, pairs, coming, table,
    incumbent, best_cost, nodes,
):  # fmt: skip
    """Branch and bound over plans of the patients `booked` (a set), slot by slot; better plans go into `incumbent`.

    Costs are those beyond ``idle * slots``. Returns (best cost, whether the search ended within `nodes` sets tried:
    then the incumbent is best).
    """
    n = len(show)
    remaining, tried = np.zeros(slots + 1, np.int64), np.zeros(slots + 1, np.int64)
    cost, backlog = np.zeros(slots + 1), np.zeros((slots + 1, n + 2))
    waits, came = np.zeros((slots + 1, n_groups)), np.zeros((slots + 1, n_groups))
    at = np.zeros(slots + 1, np.int64)
    remaining[0], tried[0], backlog[0, 0] = booked, -1, 1.0
    # tried: the set last tried at each slot, -1 none yet, -2 all.
    k, used = 0, 0
    while k >= 0:
        if k == slots or tried[k] == -2:
            k -= 1
            continue
        r = remaining[k]
        t = r if tried[k] == -1 else (tried[k] - 1) & r
        tried[k] = -2 if t == 0 else t
        if size[t] > most_per_slot or (size[r ^ t] > (slots - k - 1) * most_per_slot and not leave_out):
            continue
        used += 1
        if used > nodes:
            return best_cost, False
        mean = 0.0
        for j in range(1, n + 1):
            mean += j * backlog[k, j]
        its = cost[k] + weights[0] * (mean * total[t] + pairs[t]) - weights[1] * total[t]
        for j in range(n + 2):
            backlog[k + 1, j] = 0.0
        for j in range(n + 1):
            if backlog[k, j] > 0.0:
                for a in range(min(size[t], n - j) + 1):
                    backlog[k + 1, max(j + a - 1, 0)] += backlog[k, j] * coming[t, a]
        to_go = 0.0
        for j in range(n + 1):
            to_go += backlog[k + 1, j] * table[k + 1, min(j, BACKLOGS - 1), r ^ t] if backlog[k + 1, j] > 0.0 else 0.0
        if its + to_go >= best_cost - 1e-10:
            continue
        for g in range(n_groups):
            waits[k + 1, g], came[k + 1, g] = waits[k, g], came[k, g]
        at[k] = t
        for i in range(n):
            if (t >> i) & 1:
                came[k + 1, group[i]] += show[i]
                waits[k + 1, group[i]] += show[i] * (mean + 0.5 * (total[t] - show[i]))
        if k + 1 == slots:
            over = 0.0
            for j in range(1, n + 1):
                over += j * backlog[slots, j]
            exact = its + (weights[1] + weights[2]) * over
            if exact < best_cost - 1e-10 and ratio_of(waits[slots], came[slots]) <= most:
                best_cost = exact
                incumbent[:] = -1
                for slot in range(slots):
                    for i in range(n):
                        if (at[slot] >> i) & 1:
                            incumbent[i] = slot
            continue
        k += 1
        remaining[k], tried[k], cost[k] = r ^ t, -1, its
    return best_cost, True
