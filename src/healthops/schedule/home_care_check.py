"""An independent check of home care plans: from the JSON of instance and solution alone, in thousandths."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from healthops.schedule.route_check import PlanFault


def check_files(instance: Path, solution: Path) -> dict[str, Decimal]:
    """Hold a solution's file against its instance's; returns what :func:`check_care` does."""
    texts = [Path(path).read_text(encoding="utf-8") for path in (instance, solution)]
    read = [json.loads(text, parse_float=Decimal, parse_int=Decimal) for text in texts]
    return check_care(*read, name=Path(solution).name)


def check_care(instance: dict[str, Any], solution: dict[str, Any], *, name: str = "plan") -> dict[str, Decimal]:
    """Recompute distance, total_tardiness, greatest_tardiness and cost; numbers are Decimal.

    A caregiver without visits may lack the key ``locations``, as in the published solutions.

    Raises
    ------
    PlanFault
        Lists every fault: an operation not done, or twice, or without the ability, too early, too soon after the one
        before; the two of a patient by one caregiver, or not at their distance.
    """
    patients = {one["id"]: (place, one) for place, one in enumerate(instance["patients"], 1)}
    abilities = {one["id"]: one["abilities"] for one in instance["caregivers"]}
    faults: list[str] = []
    done: dict[tuple[str, str], tuple[Decimal, str]] = {}
    way, late = Decimal(0), [Decimal(0)]
    for route in solution["routes"]:
        who, at, free = route["caregiver_id"], 0, Decimal(0)
        if who not in abilities:
            faults.append(f"no caregiver {who}")
            continue
        for stop in route.get("locations", ()):
            key, begin = (stop["patient"], stop["service"]), Decimal(stop["arrival_time"])
            wanted = {one["service"]: one["duration"] for one in patients[key[0]][1]["required_caregivers"]}
            place, one = patients[key[0]]
            step = instance["distances"][at][place]
            faults += _stop_faults(key, begin, who, abilities[who], wanted, one, free + step)
            if key in done:
                faults.append(f"{key[0]} has {key[1]} twice")
            done[key] = (begin, who)
            way, at, free = way + step, place, begin + wanted.get(key[1], 0)
            late.append(max(Decimal(0), begin - one["time_window"][1]))
        way += instance["distances"][at][0]
    for patient, (_, one) in patients.items():
        faults += _patient_faults(patient, one, done)
    if faults:
        raise PlanFault(f"{name}: " + "; ".join(faults))
    total, greatest = sum(late, Decimal(0)), max(late)
    return {
        "distance": way, "total_tardiness": total, "greatest_tardiness": greatest, "cost": (way + total + greatest) / 3,
    }  # fmt: skip


def _stop_faults(
    key: tuple[str, str], begin: Decimal, who: str, able: list, wanted: dict, one: dict, free: Decimal
) -> list[str]:
    faults = []
    if key[1] not in wanted:
        faults.append(f"{key[0]} does not want {key[1]}")
    if key[1] not in able:
        faults.append(f"{who} is not able to {key[1]}")
    if begin < one["time_window"][0]:
        faults.append(f"{key[0]} begins at {begin}, before {one['time_window'][0]}")
    if begin < free:
        faults.append(f"{who} begins at {key[0]} at {begin}, and can be there at {free}")
    return faults


def _patient_faults(patient: str, one: dict, done: dict[tuple[str, str], tuple[Decimal, str]]) -> list[str]:
    """What a patient lacks, and two operations that do not go together."""
    wanted = [(patient, operation["service"]) for operation in one["required_caregivers"]]
    lacking = [key for key in wanted if key not in done]
    if lacking:
        return [f"{patient} does not get {key[1]}" for key in lacking]
    if len(wanted) == 1:
        return []
    (first, by), (second, other) = done[wanted[0]], done[wanted[1]]
    said = one["synchronization"]
    least, most = (0, 0) if said["type"] == "simultaneous" else said["distance"]
    faults = [f"{patient} has both from {by}"] if by == other else []
    if not least <= second - first <= most:
        faults.append(f"{patient}: the second begins {second - first} after the first, not {least} to {most}")
    return faults
