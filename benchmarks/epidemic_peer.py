"""The peer of benchmarks/epidemic.py: the same model in epydemix, run by a Python that has it.

    PEER_PYTHON benchmarks/epidemic_peer.py MODEL.npz DRAWS

Every place and age is a group of its own. Prints one line of JSON: CPU seconds, and persons ever infected by draw.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np


def build(given: np.lib.npyio.NpzFile):
    """The model in epydemix, which is imported here: the project's own Python lacks it."""
    from epydemix import EpiModel
    from epydemix.population import Population

    people = given["people"]
    population = Population("places and ages")
    population.add_population(people, [f"group {i}" for i in range(len(people))])
    population.add_contact_matrix(given["contacts"], "all")
    names = ["Susceptible", "Exposed", "Infectious", "Recovered", "Dead", "Vaccinated"]
    model = EpiModel("peer", compartments=names, use_default_population=True)
    model.set_population(population)
    # epydemix turns a rate into a probability by 1 - exp(-rate); these give the probabilities of the model
    leave = {name: -np.log1p(-1 / float(given[f"{name}_days"])) for name in ("latent", "infectious")}
    transmission, fatality, efficacy = (float(given[x]) for x in ("transmission", "fatality", "efficacy"))
    model.add_transition("Susceptible", "Exposed", "mediated", (transmission, "Infectious"))
    model.add_transition("Exposed", "Infectious", "spontaneous", leave["latent"])
    model.add_transition("Infectious", "Recovered", "spontaneous", leave["infectious"] * (1 - fatality))
    model.add_transition("Infectious", "Dead", "spontaneous", leave["infectious"] * fatality)
    if given["doses"].any():
        model.add_transition("Susceptible", "Vaccinated", "scheduled", (given["doses"], names[:4]))
        model.add_transition("Vaccinated", "Exposed", "mediated", (transmission * (1 - efficacy), "Infectious"))
    return model


def main() -> None:
    given = np.load(sys.argv[1], allow_pickle=False)
    model, draws = build(given), int(sys.argv[2])
    days, people, ill = len(given["doses"]), given["people"], given["infected"]
    zero = np.zeros_like(people)
    begin = dict.fromkeys(("Infectious", "Recovered", "Dead", "Vaccinated"), zero)
    begin |= {"Susceptible": people - ill, "Exposed": ill}
    end = np.datetime64("2021-01-01") + days - 1
    used = time.process_time()
    runs = model.run_simulations("2021-01-01", str(end), begin, Nsim=draws, resample_frequency=None, rng=1)
    used = time.process_time() - used
    left = [
        float(run.compartments[f"{name}_group {i}"][-1])
        for run in runs.trajectories
        for name in ("Susceptible", "Vaccinated")
        for i in range(len(people))
    ]
    infected = people.sum() - np.array(left).reshape(draws, -1).sum(axis=1)
    print(json.dumps({"cpu_s": used, "infected": infected.tolist()}))


if __name__ == "__main__":
    main()
