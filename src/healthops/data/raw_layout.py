"""Where each raw file lies under ``ws.raw``, by its logical name: ``<owner>/<repository>/<commit>/<path>``.

The fetched files and the simulated ones use the same names and the same formats, so that one cleaner reads both.
Some files exist only where somebody can tell (today: the synthetic country) and are optional:

``silent_weeks``
    CSV ``ubigeo,epi_year,epi_week``: a week in which a place (district, province or department) sent no report.
``reporting_triangle``
    CSV ``ubigeo,epi_year,epi_week,delay_weeks,cases``: cases of onset in that week first reported so many weeks later.
``stations``
    CSV ``ubigeo,file``: the district of each climate station and its daily file (format of ``climate_station``), named
    relative to the folder of this list. Without it there is one station, ``climate_station``, at Iquitos (160101).
"""

from __future__ import annotations

from pathlib import PurePosixPath

_LINES = "jsbrittain/peru_dengue_province/d3afeb69b7d4"
_PEOPLE = "jsbrittain/peru_dengue_province/5f32162dfb77/data/province"
_UBIGEO = "jmcastagnetto/ubigeo-peru-aumentado/a783fa66effb"
_OUTLINES = "juaneladio/peru-geojson/3213eeb1bbe5"
_STATIONS = "cdcepi/dengue-forecasting-project-2015/6ab36c9d5166/Environmental_data"
_EXTRA = "healthops/synthetic-country/v1"

#: Relative path of every raw file, by logical name.
RAW_PATHS: dict[str, PurePosixPath] = {
    "line_list": PurePosixPath(_LINES, "processing/compressed_data.csv.gz"),
    "ubigeo_department": PurePosixPath(_UBIGEO, "ubigeo_departamento.csv"),
    "ubigeo_province": PurePosixPath(_UBIGEO, "ubigeo_provincia.csv"),
    "ubigeo_district": PurePosixPath(_UBIGEO, "ubigeo_distrito.csv"),
    "boundaries_department": PurePosixPath(_OUTLINES, "peru_departamental_simple.geojson"),
    "boundaries_province": PurePosixPath(_OUTLINES, "peru_provincial_simple.geojson"),
    "boundaries_district": PurePosixPath(_OUTLINES, "peru_distrital_simple.geojson"),
    "province_population": PurePosixPath(_PEOPLE, "province_pop.csv"),
    "census": PurePosixPath(_PEOPLE, "census_data.xlsx"),
    "climate_station": PurePosixPath(_STATIONS, "IquitosPE000084377.csv"),
    "stations": PurePosixPath(_EXTRA, "stations.csv"),
    "silent_weeks": PurePosixPath(_EXTRA, "silent_weeks.csv"),
    "reporting_triangle": PurePosixPath(_EXTRA, "reporting_triangle.csv"),
}
