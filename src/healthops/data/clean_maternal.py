"""Clean the set of maternal health risks: every row stays, and what is identical is told, so that no fold can share it.

Of the 1,014 rows of the public file 562 repeat an earlier row. Whether they are one woman written twice or women who
happen to agree, nobody can tell any more; a model that has seen one knows the other. So nothing is dropped: the group
of identical measurements (`same_as`) goes with every row, and cross-validation keeps a group on one side.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from healthops.data.community_rules import Rules
from healthops.data.errors import RawFileError
from healthops.data.raw_files import number, one_of, read_csv, whole
from healthops.data.raw_layout import RAW_PATHS
from healthops.data.register_faults import Faults

if TYPE_CHECKING:
    import pandas as pd

TABLE = "maternal_risk"
#: Heading in the file and name in the table, with the bounds beyond which the file is taken for broken.
MEASURES = {
    "Age": ("age_years", 0, 120),
    "SystolicBP": ("systolic_mmhg", 0, 400),
    "DiastolicBP": ("diastolic_mmhg", 0, 300),
    "BS": ("glucose_mmol_l", 0, 60),
    "BodyTemp": ("temp_c", 80, 115),
    "HeartRate": ("heart_rate_bpm", 0, 400),
}
RISKS = {"low risk": "low", "mid risk": "mid", "high risk": "high"}
#: Ages, in years, between which nearly all births are; those outside are noted, and stay.
CHILDBEARING = (12, 50)


def clean_maternal(raw: Path, rules: Rules, faults: Faults) -> pd.DataFrame:
    """Return table ``maternal_risk``, in the order of the file.

    A measurement with which nobody comes to a clinic (heart rate 7) is set to missing: the row's other measurements
    and its label stay, and which digit was lost is not guessed. It still counts in `same_as`, which is made of what
    was written.

    Raises
    ------
    RawFileError
        If the file lacks a column, is empty or holds what is no number or no risk level.
    """
    import pandas as pd

    path = raw / RAW_PATHS[TABLE]
    frame = read_csv(path, [*MEASURES, "RiskLevel"])
    if frame.empty:
        raise RawFileError(f"{path.name} has no row; fetch it again")
    faults.enter(path.name, TABLE, len(frame))
    values = {
        heading: (
            whole(frame, heading, file=path.name, low=low, high=high).astype("float64")
            if heading == "Age"
            else number(frame, heading, file=path.name, low=low, high=high, missing=())
        )
        for heading, (_, low, high) in MEASURES.items()
    }
    written = pd.DataFrame(values)
    label = one_of(frame, "RiskLevel", RISKS, file=path.name).map(RISKS)
    out = written.rename(columns={heading: name for heading, (name, *_) in MEASURES.items()})
    # Two decimals keep apart what differs by a tenth of a degree Fahrenheit.
    out["temp_c"] = ((out["temp_c"] - 32) / 1.8).round(2)
    out["age_years"] = out["age_years"].astype("int64")
    out["risk"] = label
    out.insert(0, "row_id", [f"M{k:04d}" for k in range(1, len(out) + 1)])
    vector = written.groupby(list(MEASURES), sort=False).ngroup()
    out["same_as"] = out["row_id"].to_numpy()[vector.drop_duplicates().index.to_numpy()[vector]]
    out["copies"] = out.groupby("same_as")["row_id"].transform("size").astype("int64")
    out["repeats_row"] = pd.concat([written, label], axis=1).duplicated()
    out["labels_disagree"] = out.groupby("same_as")["risk"].transform("nunique") > 1
    _note(out, path.name, rules, faults)
    return out


def _note(out: pd.DataFrame, file: str, rules: Rules, faults: Faults) -> None:
    """Set impossible measurements of `out` to missing, in place, and write down what is odd about the rows."""
    for name in ("systolic_mmhg", "diastolic_mmhg", "glucose_mmol_l", "temp_c", "heart_rate_bpm"):
        low, high = rules.vital(name)
        wrong = ~out[name].between(low, high)
        faults.note(
            file, TABLE, "repaired", f"impossible_{name}", f"{name} outside {low:g} to {high:g}: set to missing",
            lines=out.index[wrong] + 2, records=out.loc[wrong, "row_id"], column=name, values=out.loc[wrong, name],
        )  # fmt: skip
        out.loc[wrong, name] = float("nan")
    odd = ~out["age_years"].between(*CHILDBEARING)
    notes = {
        "repeated_row": (out["repeats_row"], "repeats an earlier row in every cell; kept, grouped by same_as"),
        "labels_disagree": (out["labels_disagree"], "identical measurements have different risk levels; kept"),
        "unusual_age": (odd, f"age outside {CHILDBEARING[0]} to {CHILDBEARING[1]}, where nearly all births are; kept"),
    }
    for fault, (mask, reason) in notes.items():
        faults.note(
            file, TABLE, "flagged", fault, reason,
            lines=out.index[mask] + 2, records=out.loc[mask, "row_id"], column="", values=None,
        )  # fmt: skip
    faults.keep(file, TABLE, len(out))
