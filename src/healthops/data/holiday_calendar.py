"""Public holidays of the places where clinics are, from package ``holidays``."""

from __future__ import annotations

from datetime import date

from healthops.data.errors import DataError

#: Calendars by name: country, part of it, kinds of holiday. Clinics of Brazil close on its optional days too (Carnival,
#: Corpus Christi): none of the appointments is on one.
CALENDARS = {
    "US-IA": ("US", "IA", ("public",)),
    "BR-ES": ("BR", "ES", ("public", "optional")),
    "PE": ("PE", None, ("public",)),
}


def public_holidays(calendar: str, first: date, last: date) -> dict[date, str]:
    """Holidays from `first` to `last`, both included: date -> name in English.

    Raises
    ------
    DataError
        If no calendar is called so.

    Examples
    --------
    >>> public_holidays("US-IA", date(2016, 11, 20), date(2016, 11, 30))
    {datetime.date(2016, 11, 24): 'Thanksgiving Day'}
    """
    import holidays

    if calendar not in CALENDARS:
        raise DataError(f"no calendar of holidays is called {calendar!r}; there are {', '.join(CALENDARS)}")
    country, part, kinds = CALENDARS[calendar]
    years = range(first.year, last.year + 1)
    found = holidays.country_holidays(country, subdiv=part, years=years, categories=kinds, language="en_US")
    return {day: name for day, name in sorted(found.items()) if first <= day <= last}
