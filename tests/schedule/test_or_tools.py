"""The order in which OR-Tools and TensorFlow are imported, each case in a process of its own."""

from __future__ import annotations

import subprocess
import sys

SOLVE = """
model = cp_model.CpModel()
x = [model.new_bool_var(str(i)) for i in range(60)]
for i in range(20):
    model.add(sum(x[i:i + 9]) >= 3)
model.minimize(sum((i % 7 + 1) * v for i, v in enumerate(x)))
solver = cp_model.CpSolver()
solver.parameters.num_workers = 1
assert solver.solve(model) == cp_model.OPTIMAL and solver.objective_value == 19
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True)


def test_cp_sat_and_tensorflow_work_together_where_or_tools_comes_first():
    done = run(
        "from healthops.schedule.or_tools import cp_model\nimport tensorflow as tf\n"
        "assert float(tf.reduce_sum(tf.ones((3, 4)))) == 12" + SOLVE
    )
    assert done.returncode == 0, done.stderr


def test_the_other_order_is_refused_with_the_remedy():
    done = run("import tensorflow\nfrom healthops.schedule.or_tools import cp_model" + SOLVE)
    assert done.returncode == 1 and "ImportError: tensorflow was imported before OR-Tools" in done.stderr
    assert "before tensorflow and keras" in done.stderr
