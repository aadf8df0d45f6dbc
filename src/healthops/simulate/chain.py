"""The day of a cell, compiled: binomial draws by inversion of counter-based uniforms.

Every chance event of the model has its own uniform, a function of (seed, draw, day, cell, event) alone. Two policies
with one seed meet the same uniforms, and because each draw is the inverse of a distribution function, a person more or
less in a compartment moves it by a person at most: the draws are common random numbers (Law 2015, Simulation Modeling
and Analysis, chapter 11). No order of evaluation, number of draws or day of re-planning changes them.

Importing this module imports numba: import it where it is needed.
"""

from __future__ import annotations

from math import exp, expm1, floor, log, log1p, sqrt

import numpy as np
from numba import njit, uint64

#: Below this mean a binomial draw is exact, from the sum of probabilities; above, by a Cornish-Fisher expansion.
EXACT_MEAN = 10.0
#: Successes up to which probabilities are added: with a mean below ``EXACT_MEAN``, more have probability 1e-25.
LARGEST_SUM = 64
#: Below this number of trials, a draw with a probability that all cells share is looked up.
TABLE = 64

#: Uniforms set aside for a cell and day.
EVENTS = 32
#: First event of each kind: infections and fatal infections by doses that work, the shares of these that wait for a
#: dose to work, ends of the latent and of the infectious days by outcome, of the wait by dose, immunity by dose, doses.
INFECTION, FATAL, INFECTION_WAITING, FATAL_WAITING = 0, 3, 6, 9
LATENT, INFECTIOUS, PROTECTION, TAKE, FIRST, SECOND = 12, 14, 16, 18, 20, 21


def compiled(types=None):
    """Compile a function for these types, or for those that it is first called with.

    Where a division by zero could happen it is ruled out, so that no division need be checked. Compiling takes seconds
    in each process: numba would keep the result as a pickle, which this project does not load.
    """
    return njit(types, error_model="numpy")


_GAMMA = uint64(0x9E3779B97F4A7C15)
_ONE = uint64(1)
_PER = 1.0 / np.maximum(np.arange(LARGEST_SUM + 1), 1)


@compiled("uint64(uint64)")
def mix(z):
    """Mix 64 bits: the output function of SplitMix64 (Steele, Lea & Flood 2014, OOPSLA)."""
    z = (z ^ (z >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
    return z ^ (z >> uint64(31))


@compiled("uint64(int64, int64, int64)")
def day_key(seed, draw, day):
    """Key of a draw's day; each counts from 0."""
    key = mix(uint64(seed) + _GAMMA)
    key = mix(key + (uint64(draw) + _ONE) * _GAMMA)
    return mix(key ^ mix((uint64(day) + _ONE) * _GAMMA))


@compiled("float64(uint64, int64)")
def uniform(key, event):
    """Uniform above 0 and below 1 of an event of this key: SplitMix64 at position `event`."""
    bits = mix(key + (uint64(event) + _ONE) * _GAMMA) >> uint64(12)
    return (float(bits) + 0.5) * 2.0**-52


@compiled("float64(float64)")
def normal_quantile(u):
    """Quantile of the standard normal, seven figures: algorithm AS 241 (Wichura 1988, Applied Statistics 37, 477)."""
    q = u - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        top = ((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179
        return q * top / (((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1.0)
    r = sqrt(-log(min(u, 1.0 - u)))
    if r <= 5.0:
        r -= 1.6
        top = ((0.17023821103 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777
        z = top / ((0.12021132975 * r + 0.73700164250) * r + 1.0)
    else:
        r -= 5.0
        top = ((0.017337203997 * r + 0.42868294337) * r + 3.0812263860) * r + 6.6579051150
        z = top / ((0.012258202635 * r + 0.24197894225) * r + 1.0)
    return z if q > 0 else -z


@compiled("boolean(int64, float64, float64)")
def _surely_none(n, p, u):
    """Whether u is so small that no trial succeeds, by Bonferroni's bound below (1 - p)^n: saves an exponential."""
    mean = n * p
    pairs = mean * (mean - p) * 0.5
    return u <= 1.0 - mean + pairs - pairs * (mean - 2.0 * p) * (1.0 / 3.0)


@compiled("int64(int64, float64, float64, float64)")
def _summed(n, p, none, u):
    """Smallest k with P(X <= k) >= u, by adding probabilities from that of 0, which is `none`.

    Eight terms at a time without a branch: a processor that guesses where to stop is wrong once a draw.
    """
    odds = p / (1.0 - p)
    scale = odds * (n + 1)
    density = none
    below = none
    k = 0
    i = 0
    while u > below and i < LARGEST_SUM:
        for _ in range(8):
            k += u > below
            i += 1
            density *= scale * _PER[i] - odds  # odds (n - i + 1) / i; 0 from i = n + 1
            below += density
    return min(k, n)


@compiled("int64(int64, float64, float64)")
def _expanded(n, p, u):
    """The same by the Cornish-Fisher expansion to second order, with the term for whole numbers."""
    variance = n * p * (1.0 - p)
    deviation = sqrt(variance)
    per_variance = 1.0 / variance
    skew = (1.0 - 2.0 * p) * deviation * per_variance
    excess = (1.0 - 6.0 * p * (1.0 - p)) * per_variance
    z = normal_quantile(u)
    y = z + skew * (z * z - 1.0) * (1.0 / 6.0) + excess * z * (z * z - 3.0) * (1.0 / 24.0)
    y -= skew * skew * z * (2.0 * z * z - 5.0) * (1.0 / 36.0) + z * per_variance * (1.0 / 24.0)
    return min(max(int(floor(n * p + deviation * y + 0.5)), 0), n)


@compiled("int64(int64, float64, float64)")
def binomial(n, p, u):
    """Quantile at level u of the binomial distribution of n trials with probability p.

    Exact where the mean of the rarer outcome is below ``EXACT_MEAN``; above, its distribution function is within
    3e-4 of the binomial's, its mean within 1e-6 and its variance within 2e-4 of themselves.
    """
    if n <= 0 or p <= 0.0:
        return 0
    if p >= 1.0:
        return n
    if p > 0.5:
        p, u, flip = 1.0 - p, 1.0 - u, True
    else:
        flip = False
    if n * p >= EXACT_MEAN:
        k = _expanded(n, p, u)
    elif _surely_none(n, p, u):
        k = 0
    else:
        k = _summed(n, p, exp(n * log1p(-p)), u)
    return n - k if flip else k


@compiled("float64(float64)")
def probability(hazard):
    """1 - exp(-hazard); for a small hazard, the first five terms of its series, within 4e-11 of it and faster."""
    if hazard > 0.03:
        return -expm1(-hazard)
    h = hazard
    return h * (1.0 - h * (1.0 / 2.0) * (1.0 - h * (1.0 / 3.0) * (1.0 - h * 0.25 * (1.0 - h * 0.2))))


@compiled("int64(int64, float64, float64, float64)")
def rarely(n, p, log_rest, u):
    """The same for n >= 0 and p from 0 to 1, where ``log_rest``, the logarithm of 1 - p, is at hand."""
    if p > 0.5:
        return binomial(n, p, u)
    if n * p >= EXACT_MEAN:
        return _expanded(n, p, u)
    return 0 if _surely_none(n, p, u) else _summed(n, p, exp(n * log_rest), u)


@compiled("int64(int64, int64, float64[::1], float64[:, :, ::1], float64)")
def leaving(n, which, p, tables, u):
    """The same for p[which], the same in all cells; tables[which, n, k] = P(X <= k) for small n."""
    if n <= 0 or p[which] <= 0.0:
        return 0
    if n >= TABLE:
        return binomial(n, p[which], u)
    k = 0
    for step in (32, 16, 8, 4, 2, 1):
        k += step * (u > tables[which, n, k + step - 1])
    return k


@compiled("float64[:, :, ::1](float64[::1])")
def leaving_tables(p):
    """P(X <= k) of n trials with probability p[i] at [i, n, k], shape (len(p), TABLE, TABLE); 1 from k = n."""
    tables = np.ones((len(p), TABLE, TABLE))
    for i in range(len(p)):
        if p[i] < 1.0:
            for n in range(1, TABLE):
                density = (1.0 - p[i]) ** n
                below = density
                for k in range(n):
                    tables[i, n, k] = below
                    density *= p[i] / (1.0 - p[i]) * (n - k) / (k + 1)
                    below += density
        else:
            for n in range(TABLE):
                tables[i, n, :n] = 0.0
    return tables


@compiled("int64(int64, int64, int64, float64)")
def share(total, part, whole, u):
    """Part's share of `total`, rounded at random to a whole number: never above `part`, nor too little for the rest."""
    if part <= 0 or total <= 0:
        return 0
    return int(floor(total * (part / whole) + u)) if part < whole else total


@compiled()
def force_of_infection(infectious, scale, contacts, per_present, starts, places, shares, force, work):
    """Write into `force`, shape (R, A), the daily hazard of infection of a person of each place and group.

    ``infectious`` (R * A, 2) persons by outcome; ``contacts`` (A, A) with the column's group in front (transposed);
    ``per_present`` (R, A) 1 over those present in each place. Mixing comes as compressed rows:
    shares[starts[r]:starts[r + 1]] of the day in places[...]. ``work`` (3, R, A) is room to work in.
    """
    n_places, n_groups = force.shape
    ill, there, met = work[0], work[1], work[2]
    for r in range(n_places):
        for a in range(n_groups):
            cell = r * n_groups + a
            ill[r, a] = scale * (infectious[cell, 0] + infectious[cell, 1])
            there[r, a], met[r, a], force[r, a] = 0.0, 0.0, 0.0
    for r in range(n_places):
        for i in range(starts[r], starts[r + 1]):
            k, share_of_day = places[i], shares[i]
            for a in range(n_groups):
                there[k, a] += share_of_day * ill[r, a]
    for k in range(n_places):
        for b in range(n_groups):
            share_ill = there[k, b] * per_present[k, b]
            for a in range(n_groups):
                met[k, a] += contacts[b, a] * share_ill
    for r in range(n_places):
        for i in range(starts[r], starts[r + 1]):
            k, share_of_day = places[i], shares[i]
            for a in range(n_groups):
                force[r, a] += share_of_day * met[k, a]


@compiled()
def vaccinate(key, doses, chance, tables, past_too, susceptible, immune, past, given):
    """Give the day's doses, shape (R * A, 2), in every cell; second doses first, so that nobody gets two in a day."""
    for c in range(len(doses)):
        own = key + uint64(c * EVENTS) * _GAMMA
        waiting, working, took = susceptible[c, 1], susceptible[c, 2], immune[c, 0]
        pool = waiting + working + took + past[c, 1] * past_too
        left = min(doses[c, 1], pool)
        given[c, 1] += left
        if left > 0:
            x = share(left, waiting, pool, uniform(own, SECOND))
            at_once = leaving(
                x, 4, chance, tables, uniform(own, SECOND + 3)
            )  # the second dose ends the wait for the first
            susceptible[c, 1] -= x
            immune[c, 1] += at_once
            left, pool = left - x, pool - waiting
            y = share(left, working, pool, uniform(own, SECOND + 1))
            susceptible[c, 2] -= y
            susceptible[c, 3] += x - at_once + y
            left, pool = left - y, pool - working
            z = share(left, took, pool, uniform(own, SECOND + 2))
            immune[c, 0] -= z
            immune[c, 1] += z
            past[c, 1] -= left - z
            past[c, 2] += left - z
        pool = susceptible[c, 0] + past[c, 0] * past_too
        left = min(doses[c, 0], pool)
        given[c, 0] += left
        if left > 0:
            x = share(left, susceptible[c, 0], pool, uniform(own, FIRST))
            susceptible[c, 0] -= x
            susceptible[c, 1] += x
            past[c, 0] -= left - x
            past[c, 1] += left - x


@compiled()
def infect(key, force, hazard, fatality, survival, susceptible, past, new, infections):
    """Infect in every cell for a day; write into `new`, shape (R * A, 2), who will recover and who will die.

    Those for whom as many doses work have one hazard and are drawn together; of them, some wait for the next dose to
    work, and the infections are shared among the two in proportion. ``infections`` (R * A,) counts them all.
    """
    for c in range(len(force)):
        new[c, 0], new[c, 1] = 0, 0
        if force[c] <= 0.0:
            continue
        own = key + uint64(c * EVENTS) * _GAMMA
        known, felt, p = 0.0, 0.0, 0.0
        for work in range(3):
            waiting = susceptible[c, 2 * work + 1] if work < 2 else 0
            n = susceptible[c, 2 * work] + waiting
            if n == 0 or hazard[work] <= 0.0:
                continue
            if hazard[work] != known:  # an all-or-nothing vaccine changes nobody's
                known = hazard[work]
                felt = force[c] * known
                p = probability(felt)
            x = rarely(n, p, -felt, uniform(own, INFECTION + work))
            if x > 0:
                infections[c] += x
                fatal = rarely(x, fatality[c, work], survival[c, work], uniform(own, FATAL + work))
                y = share(x, waiting, n, uniform(own, INFECTION_WAITING + work))
                z = share(fatal, y, x, uniform(own, FATAL_WAITING + work))
                susceptible[c, 2 * work] -= x - y
                past[c, work] += (x - y) - (fatal - z)
                if work < 2:
                    susceptible[c, 2 * work + 1] -= y
                    past[c, work + 1] += y - z
                new[c, 0] += x - fatal
                new[c, 1] += fatal


@compiled()
def protect(key, chance, tables, susceptible, immune):
    """End the wait for protection of some who had a dose; with all-or-nothing efficacy some become immune."""
    for c in range(len(immune)):
        own = key + uint64(c * EVENTS) * _GAMMA
        for dose in range(2):
            n = susceptible[c, 1 + 2 * dose]
            if n > 0:
                x = leaving(n, 2 + dose, chance, tables, uniform(own, PROTECTION + dose))
                took = leaving(x, 4 + dose, chance, tables, uniform(own, TAKE + dose))
                susceptible[c, 1 + 2 * dose] -= x
                susceptible[c, 2 + 2 * dose] += x - took
                immune[c, dose] += took


@compiled()
def progress(key, chance, tables, new, exposed, infectious, recovered, dead):
    """Move every cell on from exposed to infectious to recovered or dead, then add today's infections."""
    for c in range(len(new)):
        own = key + uint64(c * EVENTS) * _GAMMA
        for outcome in range(2):
            start = leaving(exposed[c, outcome], 0, chance, tables, uniform(own, LATENT + outcome))
            end = leaving(infectious[c, outcome], 1, chance, tables, uniform(own, INFECTIOUS + outcome))
            exposed[c, outcome] += new[c, outcome] - start
            infectious[c, outcome] += start - end
            if outcome:
                dead[c] += end
            else:
                recovered[c] += end


@compiled()
def play(
    susceptible, immune, exposed, infectious, recovered, dead, past, given, infections,
    doses, seed, first_draw, first_day, transmission, season, contacts, per_present, starts, places, shares,
    hazard, fatality, take, leave, past_too,
):  # fmt: skip
    """Play some days for every draw, in place.

    The arrays of the state and of the counts have shape (D, R * A) or (D, R * A, states); ``doses`` (1 or D, days,
    R * A, 2); ``transmission`` (D,); ``season`` (days,); ``hazard`` (3,); ``fatality`` (R * A, 3); ``leave`` (4,) the
    probability that a day ends the latent days, the infectious days, the wait after dose 1 and after dose 2.
    A day: doses, infection, protection, progress; the hazard is of those infectious when the day begins.
    """
    force, work = np.empty(per_present.shape), np.empty((3, *per_present.shape))
    new = np.empty((per_present.size, 2), np.int64)
    chance = np.concatenate((leave, take))
    tables = leaving_tables(chance)
    survival = np.log1p(-fatality)
    for d in range(len(transmission)):
        plan = doses[d if len(doses) > 1 else 0]
        for t in range(len(season)):
            key = day_key(seed, first_draw + d, first_day + t)
            vaccinate(key, plan[t], chance, tables, past_too, susceptible[d], immune[d], past[d], given[d])
            scale = transmission[d] * season[t]
            force_of_infection(infectious[d], scale, contacts, per_present, starts, places, shares, force, work)
            infect(key, force.reshape(-1), hazard, fatality, survival, susceptible[d], past[d], new, infections[d])
            protect(key, chance, tables, susceptible[d], immune[d])
            progress(key, chance, tables, new, exposed[d], infectious[d], recovered[d], dead[d])


@compiled()
def seed_outcomes(infected, fatality, seed, first_draw, fatal):
    """Write into `fatal`, shape (D, R * A), how many of the infected of the start, shape (R * A,), will die."""
    for d in range(len(fatal)):
        key = day_key(seed, first_draw + d, -1)
        for c in range(len(infected)):
            fatal[d, c] = binomial(infected[c], fatality[c], uniform(key, c))
