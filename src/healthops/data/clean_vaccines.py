"""Clean the raw files of column 2, vaccines, into tables.

As in :mod:`healthops.data.clean`, everything is read and checked before the first table is written. A step of its own,
so that what is wrong with vaccine files does not stop the outbreak tables.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from healthops.data import campaign, clean_ages, clean_campaign, clean_contacts, clean_doses, clean_shipments
from healthops.data.campaign_rules import Rules, assumptions_table, load_rules, products_table
from healthops.data.clean_places import gazetteer
from healthops.data.clean_population import CENSUS_YEAR
from healthops.data.errors import RawFileError
from healthops.data.ledger import Ledger
from healthops.data.priority_groups import Group, load_groups
from healthops.data.raw_layout import RAW_PATHS

if TYPE_CHECKING:
    import pandas as pd

    from healthops.workspace import Workspace


def clean_vaccine_tables(
    raw: Path,
    places: pd.DataFrame,
    population: pd.DataFrame,
    *,
    groups: tuple[Group, ...] | None = None,
    rules: Rules | None = None,
) -> dict[str, pd.DataFrame]:
    """Read the raw files under `raw` and return the tables that they make, ``vaccine_ledger`` among them.

    Parameters
    ----------
    raw : path
        Folder of the raw files, laid out as :mod:`healthops.data.raw_layout` says.
    places, population : DataFrame
        The tables of these names; the census year's population of districts is used.
    groups, rules : optional
        Priority groups and assumptions, those of the package unless given.

    Raises
    ------
    RawFileError, DataError
        If a file does not hold what it should; the message names the file, the line and the remedy.
    LedgerError
        If a row is unaccounted for.
    """
    groups, rules, ledger = groups or load_groups(), rules or load_rules(), Ledger()
    districts = population[(population["level"] == "district") & (population["year"] == CENSUS_YEAR)]
    ages = clean_ages.clean_population_age(raw, gazetteer(places), districts[["ubigeo", "population"]], ledger)
    national = clean_ages.clean_age_distribution(raw, ledger)
    contacts, reciprocity = clean_contacts.clean_contacts(raw, national, ledger)
    shipments = clean_shipments.clean_shipments(raw, ledger)
    _check_products(shipments, rules)
    tables = {
        "population_age": ages,
        "age_distribution": national,
        "contact_matrices": contacts,
        "contact_reciprocity": reciprocity,
        "vaccine_shipments": shipments,
        "vaccine_coverage": clean_doses.clean_coverage(raw, ledger),
        "vaccine_region_doses": clean_doses.clean_region_doses(raw, ledger),
        "vaccine_products": products_table(rules, sorted(shipments["product"].unique())),
        "vaccine_assumptions": assumptions_table(rules),
        "priority_population": campaign.priority_population(ages, groups),
    }
    people = districts.set_index("ubigeo")["population"]
    known = tables | {"places": places}
    tables |= clean_campaign.clean_campaign(raw, known, people, groups=groups, rules=rules, ledger=ledger)
    return tables | {"vaccine_ledger": ledger.frame()}


def _check_products(shipments: pd.DataFrame, rules: Rules) -> None:
    unknown = shipments[~shipments["product"].isin(list(rules.products))]
    if len(unknown):
        line = int(unknown.index[0]) + 2
        raise RawFileError(
            f"{RAW_PATHS['vaccine_arrivals'].name}, column 'vacuna', line {line}: {unknown['product'].iloc[0]!r} is "
            f"not in campaign.yaml, which has {list(rules.products)}; add the product there"
        )


def run(ws: Workspace) -> None:
    """Make the vaccine tables of the scenario from its raw files; each is made before the first is written."""
    for name, frame in clean_vaccine_tables(ws.raw, ws.read("places"), ws.read("population")).items():
        ws.write(name, frame)
        print(f"{name}: {len(frame):,} rows")
