"""Open-vial wastage beside published rates, and what a vial size for each site saves.

python -m benchmarks.wastage
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from healthops.allocate.wastage import (
    Presentation,
    binomial_sizes,
    negative_binomial_sizes,
    one_vial_everywhere,
    open_vials,
    waste_saved,
)

if TYPE_CHECKING:
    from healthops.workspace import Workspace

#: Published wastage of binomial sessions by mean size and doses in a vial; four times as many people as come.
PUBLISHED = {
    (5, 5): 0.277, (5, 10): 0.50, (5, 20): 0.749,
    (15, 5): 0.118, (15, 10): 0.238, (15, 20): 0.289,
    (30, 5): 0.063, (30, 10): 0.130, (30, 20): 0.249,
}  # fmt: skip
PUBLISHED_DIGITS = {(5, 10): 2}
CATCHMENT = 4
#: Price of a dose (of a 10-dose vial's) and packed volume in cm3, by doses in a vial: smaller vials cost more a dose.
VIALS = {
    2: Presentation(2, 1.60, 6.0),
    5: Presentation(5, 1.30, 4.0),
    10: Presentation(10, 1.00, 2.5),
    20: Presentation(20, 0.90, 2.0),
}
#: The one vial everywhere.
ONE = 10
OFFERED = ((5, 10, 20), (2, 5, 10, 20))

RECORD = (
    {
        "choice": "sites of the comparison",
        "value": "40 sites, mean session sizes from 1.5 to 60, negative binomial with dispersion 3; the ten largest "
        "hold 250 sessions a year, the others 52",
        "chosen_on": "assumption: many small posts and few hospitals",
        "seen": "the saving with these sites",
    },
    {
        "choice": "prices of a dose",
        "value": ", ".join(f"{n} doses {v.price:g}" for n, v in VIALS.items()) + "; a 10-dose vial's is 1",
        "chosen_on": "assumption: smaller vials cost more a dose; the saving hangs on it",
        "seen": "the saving with and without the 2-dose vial",
    },
)


def made_sites() -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Session sizes and sessions a year of many small posts and a few hospitals."""
    means = np.exp(np.linspace(np.log(1.5), np.log(60), 40))
    sizes = {f"site {i:02d}": negative_binomial_sizes(mean, 3.0) for i, mean in enumerate(means)}
    return sizes, {name: float(52 if i < 30 else 250) for i, name in enumerate(sizes)}


def rates() -> pd.DataFrame:
    """Table ``wastage_benchmark_rates``: exact expectation beside what was published, to its digits."""
    rows = []
    for (mean, doses), published in PUBLISHED.items():
        rate = open_vials(binomial_sizes(CATCHMENT * mean, 1 / CATCHMENT), doses).rate
        digits = PUBLISHED_DIGITS.get((mean, doses), 3)
        rows.append((mean, doses, rate, published, digits, bool(abs(rate - published) <= 0.5 * 10**-digits + 1e-9)))
    return pd.DataFrame(rows, columns=["mean", "vial_doses", "rate", "published", "digits", "agrees"])


def savings() -> pd.DataFrame:
    """Table ``wastage_benchmark_savings``: a vial for each site beside one everywhere, for no more money.

    Rows of ``cost`` say which money: the saving within it is of equal coverage.
    """
    sites, sessions = made_sites()
    rows = []
    for offered in OFFERED:
        saved, by_site, one = waste_saved(sites, [VIALS[n] for n in offered], VIALS[ONE], sessions=sessions)
        rows.append(
            {
                "offered": ", ".join(map(str, offered)),
                "everywhere": ONE,
                "sites": len(sites),
                "wasted_everywhere": one.wasted,
                "wasted_by_site": by_site.wasted,
                "saved": saved,
                "vaccinated": by_site.vaccinated,
                "coverage_change": by_site.vaccinated / one.vaccinated - 1,
                "cost_ratio": by_site.cost / one.cost,
            }
        )
    return pd.DataFrame(rows)


def by_vial() -> pd.DataFrame:
    """Table ``wastage_benchmark_vials``: doses thrown away and cost of each vial size everywhere."""
    sites, sessions = made_sites()
    bills = {n: one_vial_everywhere(sites, vial, sessions=sessions) for n, vial in VIALS.items()}
    rows = [(n, bill.rate, bill.wasted, bill.cost / bills[ONE].cost) for n, bill in bills.items()]
    return pd.DataFrame(rows, columns=["vial_doses", "rate", "wasted", "cost_ratio"])


def run(ws: Workspace) -> None:
    """Write the tables ``wastage_benchmark_*``."""
    ws.write("wastage_benchmark_rates", rates())
    ws.write("wastage_benchmark_savings", savings())
    ws.write("wastage_benchmark_vials", by_vial())


def main() -> None:
    """Print the three tables."""
    for frame in (rates(), savings(), by_vial()):
        print(frame.to_string(index=False))


if __name__ == "__main__":
    main()
