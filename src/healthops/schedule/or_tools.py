"""The one door to OR-Tools: its CP-SAT and its flows.

OR-Tools 9.15 and TensorFlow 2.21 bring different copies of the same C++ libraries. Where TensorFlow was imported first,
CP-SAT ends the process with a segmentation fault; where OR-Tools was first, both work. So this module refuses the wrong
order in words.
"""

from __future__ import annotations

import sys

if "tensorflow" in sys.modules and not any(name.startswith("ortools.") for name in sys.modules):
    raise ImportError(
        "tensorflow was imported before OR-Tools, which then crashes; import healthops.schedule.or_tools at the top of "
        "the notebook or script, before tensorflow and keras, and start the kernel again"
    )

from ortools.graph.python import min_cost_flow
from ortools.sat.python import cp_model

__all__ = ["cp_model", "min_cost_flow"]
