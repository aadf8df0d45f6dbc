"""Shadow prices: what the benefit of a campaign's plan would grow by with one more unit of each resource.

They are the multipliers of the benefit stage, the floor held; 0 where a resource is not used up. For small changes
only: with much more of one resource another becomes the scarce one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from healthops.allocate.campaign_program import CampaignProgram
    from healthops.allocate.interior import Outcome


@dataclass(frozen=True)
class Prices:
    """Benefit for one more unit, in the unit of ``risk``; never negative.

    Attributes
    ----------
    lots : array of float, shape (L,)
        A dose of each lot.
    regions : array of float, shape (R, T)
        A litre of each regional store in each week.
    vaccinators : array of float, shape (D, T)
        A dose that could be given in a district in a week.
    stores : array of float, shape (D, T)
        A litre of each district's store in each week.
    """

    lots: np.ndarray
    regions: np.ndarray
    vaccinators: np.ndarray
    stores: np.ndarray


def shadow_prices(program: CampaignProgram, outcome: Outcome) -> Prices:
    """Prices of a solved benefit stage of `program`; places and lots in the order of the campaign."""
    c, link, t = program.c, program.link, program.c.weeks
    shared, own = -outcome.lam * program.benefit_unit / program.unit, -outcome.y * program.benefit_unit
    own = own / program.people[:, None]
    by_place = np.empty_like(own)
    by_place[program.order] = own
    of_regions = shared[link.region_row : link.national_row].reshape(len(c.regions), t) / link.litre
    return Prices(
        lots=np.maximum(shared[link.lot_row : link.region_row], 0.0),
        regions=np.maximum(of_regions, 0.0),
        vaccinators=np.maximum(by_place[:, :t], 0.0),
        stores=np.maximum(by_place[:, t : 2 * t], 0.0),
    )
