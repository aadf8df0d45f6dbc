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
``vaccine_lots``, ``vaccine_facilities``, ``vaccine_sessions``, ``vaccine_willingness``, ``vaccine_uptake``
    CSV with the columns of :data:`healthops.data.clean_campaign.COLUMNS`. Without one, its table is derived by stated
    assumptions (:mod:`healthops.data.campaign`).

``clinics``, ``clinic_events``, ``clinic_arrivals``, ``clinic_appointments``, ``clinic_no_show_law``
    CSV with the columns of :data:`healthops.data.clinic_files.COLUMNS`: what a country records of its clinics. They
    stand in for ``hourly_arrivals`` and ``appointments``, which are of two places that have nothing in common.
``clinic_providers``, ``clinic_skills``, ``clinic_availability``, ``clinic_requests``, ``clinic_patients``,
``clinic_service_times``
    CSV with the columns of the same list. Without them their tables are drawn by stated assumptions
    (:mod:`healthops.data.staff`).

The register of community health workers is not among them: it has names and positions, and is imagined outside this
folder (:mod:`healthops.data.clean_community`).
"""

from __future__ import annotations

from pathlib import PurePosixPath

_LINES = "jsbrittain/peru_dengue_province/d3afeb69b7d4"
_PEOPLE = "jsbrittain/peru_dengue_province/5f32162dfb77/data/province"
_UBIGEO = "jmcastagnetto/ubigeo-peru-aumentado/a783fa66effb"
_OUTLINES = "juaneladio/peru-geojson/3213eeb1bbe5"
_STATIONS = "cdcepi/dengue-forecasting-project-2015/6ab36c9d5166/Environmental_data"
_CONTACTS = "epistorm/epydemix-data/333273bad1fe/data/Peru"
_VACCINES = "jmcastagnetto/covid-19-peru-vacunas"
_STATES = "govex/COVID-19/d02e94778c1e/data_tables/vaccine_data/us_data/time_series"
_REGIONS = "cdcepi/FluSight-forecast-hub/92469693f911"
_ROSTERS = "wssuite/NurseScheduler/aef751362239/datasets/nrp"
_EXTRA = "healthops/synthetic-country/v1"

#: Contact matrices: by edition and setting; "all" is the sum of the others.
CONTACT_EDITIONS = ("prem_2017", "prem_2021")
CONTACT_SETTINGS = ("all", "home", "work", "school", "community")

#: Numbers of the shift scheduling instances.
ROSTER_INSTANCES = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15)

#: Files of the clinics, which exist only where somebody can tell.
CLINIC_FILES = (
    "clinics", "clinic_events", "clinic_arrivals", "clinic_appointments", "clinic_no_show_law", "clinic_providers",
    "clinic_skills", "clinic_availability", "clinic_requests", "clinic_patients", "clinic_service_times",
)  # fmt: skip

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
    **{
        f"contacts_{edition}_{setting}": PurePosixPath(
            _CONTACTS, "contact_matrices", edition, f"contacts_matrix_{setting}.csv"
        )
        for edition in CONTACT_EDITIONS
        for setting in CONTACT_SETTINGS
    },
    "age_distribution": PurePosixPath(_CONTACTS, "demographic/age_distribution.csv"),
    "vaccine_arrivals": PurePosixPath(_VACCINES, "306f396/datos/covid19_vaccine_arrivals_peru.csv"),
    "vaccine_coverage": PurePosixPath(_VACCINES, "000268f/datos/vacunas_covid_rangoedad_owid.csv"),
    "doses_by_state": PurePosixPath(_STATES, "time_series_covid19_vaccine_us.csv"),
    # People of the regions; a source of the FluSight proving ground too.
    "flusight_locations": PurePosixPath(_REGIONS, "auxiliary-data/locations.csv"),
    "stations": PurePosixPath(_EXTRA, "stations.csv"),
    "silent_weeks": PurePosixPath(_EXTRA, "silent_weeks.csv"),
    "reporting_triangle": PurePosixPath(_EXTRA, "reporting_triangle.csv"),
    "vaccine_lots": PurePosixPath(_EXTRA, "vaccine_lots.csv"),
    "vaccine_facilities": PurePosixPath(_EXTRA, "vaccine_facilities.csv"),
    "vaccine_sessions": PurePosixPath(_EXTRA, "vaccine_sessions.csv"),
    "vaccine_willingness": PurePosixPath(_EXTRA, "vaccine_willingness.csv"),
    "vaccine_uptake": PurePosixPath(_EXTRA, "vaccine_uptake.csv"),
    "maternal_risk": PurePosixPath("Peco602/maternal-health-risk/85fd8697375d/data/data.csv"),
    "hourly_arrivals": PurePosixPath("petersonR/fastTS/9cd20ae6dc2f/data/uihc_ed_arrivals.RData"),
    "appointments": PurePosixPath("rmartins/DataMining/c9aad1fe9546/KaggleV2-May-2016.csv.zip"),
    **{f"roster_instance_{k}": PurePosixPath(_ROSTERS, f"Instance{k}.txt") for k in ROSTER_INSTANCES},
    **{name: PurePosixPath(_EXTRA, f"{name}.csv") for name in CLINIC_FILES},
}
