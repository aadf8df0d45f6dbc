"""The rules of ``campaign.yaml``: products, and the assumptions that stand in where no source tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from healthops.data.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

PATH = Path(__file__).with_name("campaign.yaml")
_PRODUCT = ("course_doses", "interval_days", "shelf_life_days", "open_vial_hours")
_EFFICACY = tuple(f"efficacy_{what}_{dose}" for what in ("infection", "death") for dose in ("first", "full"))
_PRESENTATION = ("vial_doses", "box_doses", "cm3_per_dose")


@dataclass(frozen=True)
class Rules:
    """The assumptions, by section and name, and the products.

    Attributes
    ----------
    entries : dict
        (section, name) -> (value, unit, source), in the order of the file.
    products : dict
        Product -> list of presentations, each a dict of :func:`products_table`'s columns.
    """

    entries: Mapping[tuple[str, str], tuple[float, str, str]]
    products: Mapping[str, list[dict[str, float]]]

    def __call__(self, section: str, name: str) -> float:
        """Value of an assumption."""
        return self.entries[section, name][0]

    def presentations(self, product: str) -> list[dict[str, float]]:
        """Presentations of `product`; an unknown product is a :class:`DataError` that names the known ones."""
        if product not in self.products:
            raise DataError(f"product {product!r} is not in {PATH.name}, which has {list(self.products)}; add it there")
        return self.products[product]


@cache
def load_rules(path: Path = PATH) -> Rules:
    """Read the rules.

    Raises
    ------
    DataError
        Naming the entry that lacks a value, a unit or a source, or that is negative where it cannot be.
    """
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    entries = {(section, name): found for section, name, found in _entries(raw, path.name)}
    products = {}
    for product, entry in raw["products"].items():
        shared = {name: read_entry(entry[name], path.name, product, name)[0] for name in _PRODUCT}
        products[product] = [
            shared | {name: read_entry(one[name], path.name, product, name)[0] for name in _PRESENTATION}
            for one in entry["presentations"]
        ]
    return Rules(entries, products)


def _entries(raw: Mapping[str, Any], file: str) -> Iterator[tuple[str, str, tuple[float, str, str]]]:
    for section, content in raw.items():
        if section != "products":
            for name, entry in content.items():
                yield section, name, read_entry(entry, file, section, name)
            continue
        for product, entry in content.items():
            for name in (*_PRODUCT, *_EFFICACY):
                yield f"product {product}", name, read_entry(entry[name], file, product, name)
            for k, one in enumerate(entry["presentations"], 1):
                for name in _PRESENTATION:
                    yield f"product {product}, presentation {k}", name, read_entry(one[name], file, product, name)


def read_entry(entry: Any, file: str, section: str, name: str) -> tuple[float, str, str]:
    """Value, unit and source of an assumption; an entry that lacks one, or is wrongly negative, is an error."""
    if not isinstance(entry, Mapping) or set(entry) != {"value", "unit", "source"} or not str(entry["source"]).strip():
        raise DataError(f"{file}: {section}: {name} needs a value, a unit and a source (or the word assumption)")
    value = float(entry["value"])
    if value < 0 and "slope" not in name:
        raise DataError(f"{file}: {section}: {name} is {value:g}; it cannot be negative")
    return value, str(entry["unit"]), str(entry["source"])


def products_table(rules: Rules, products: list[str]) -> pd.DataFrame:
    """Return table ``vaccine_products``: the presentations of `products`."""
    import pandas as pd

    rows = [{"product": name, **one} for name in products for one in rules.presentations(name)]
    whole = ["vial_doses", "box_doses", "course_doses", "interval_days", "shelf_life_days"]
    return pd.DataFrame(rows).astype({name: "int64" for name in whole})


def assumptions_table(rules: Rules) -> pd.DataFrame:
    """Return table ``vaccine_assumptions``: every value with its unit and source."""
    import pandas as pd

    rows = [(section, name, *found) for (section, name), found in rules.entries.items()]
    table = pd.DataFrame(rows, columns=["section", "name", "value", "unit", "source"])
    return table.assign(assumption=table["source"].str.lower().str.startswith("assumption"))


def rules_from_table(assumptions: pd.DataFrame) -> Rules:
    """Return the rules that table ``vaccine_assumptions`` repeats, without the products' presentations."""
    columns = assumptions[["section", "name", "value", "unit", "source"]].itertuples(index=False, name=None)
    return Rules({(section, name): tuple(found) for section, name, *found in columns}, {})
