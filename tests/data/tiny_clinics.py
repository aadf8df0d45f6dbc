"""A clinic that records two days, small enough to check by hand; on the evening of the first the clock is put back."""

from __future__ import annotations

from pathlib import Path

from healthops.data.raw_layout import RAW_PATHS

_HOURS = [("2023-04-01", h) for h in range(24)] + [("2023-04-01", 23)] + [("2023-04-02", h) for h in range(24)]
ARRIVALS = "clinic,service,date,hour,arrivals,temp_c\n" + "".join(
    f"costa,emergency,{day},{hour},{1 + hour % 3},{10 + hour}\n" for day, hour in _HOURS
)
APPOINTMENTS = (
    "appointment,patient,clinic,service,provider,booked_at,date,start_minute,age_years,sex,neighbourhood,welfare,"
    "hypertension,diabetes,alcoholism,handicaps,reminder,no_show\n"
    "11,1,costa,general,P1,2023-03-20T09:30,2023-04-03,480,34,female,COSTA 1,1,0,0,0,0,1,0\n"
    "12,2,costa,general,P1,2023-04-03T07:10,2023-04-03,500,70,male,COSTA 2,0,1,1,0,2,0,1\n"
    "13,1,costa,general,P2,2023-04-01T10:00,2023-04-04,480,34,female,COSTA 1,1,0,0,0,0,0,0\n"
)
FILES = {
    "clinics": "clinic,time_zone,holiday_calendar\ncosta,America/Santiago,PE\n",
    "clinic_events": "clinic,date\ncosta,2023-04-02\n",
    "clinic_arrivals": ARRIVALS,
    "clinic_appointments": APPOINTMENTS,
    "clinic_no_show_law": "appointment,no_show_probability\n11,0.1\n12,0.2\n13,0.3\n",
    "clinic_providers": "provider,clinic,contract_hours,nights,max_days_in_row,min_days_in_row,min_days_off,"
    "max_weekends\nP1,costa,36,1,5,2,2,2\nP2,costa,24,0,5,2,2,2\n",
    "clinic_skills": "provider,service\nP1,general\nP1,emergency\nP2,general\n",
    "clinic_availability": "provider,date,start_minute,end_minute\nP1,2023-04-10,420,1860\nP1,2023-04-11,420,1860\n"
    "P2,2023-04-10,420,840\n",
    "clinic_requests": "provider,date,kind,shift,weight\nP1,2023-04-12,off,night,2\nP2,2023-04-12,day_off,any,0\n",
    "clinic_patients": "patient,clinic,prefers,preferred_provider\n1,costa,morning,P1\n2,costa,any,\n",
    "clinic_service_times": "visit,appointment,clinic,service,provider,date,minutes,late_minutes,first_visit,"
    "age_years\n"
    "V1,11,costa,general,P1,2023-04-03,17.5,-4,1,34\nV2,,costa,emergency,P1,2023-04-01,40,,0,\n",
}


def write(folder: Path, **changed: str) -> Path:
    """Write the files under `folder`, some of them changed."""
    for name, text in (FILES | changed).items():
        path = folder / RAW_PATHS[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def edited(name: str, old: str, new: str) -> dict[str, str]:
    """A change of one file: the first `old` replaced by `new`."""
    assert old in FILES[name]
    return {name: FILES[name].replace(old, new, 1)}
