"""What is fixed in the environment of every process, so that the same input gives the same bytes."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

#: One thread a model fit, no spinning threads, no hash randomisation, one time zone; and the instruction sets that
#: numerical libraries choose by themselves held to AVX2, so that machines that have more agree to more digits.
PINNED = {
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_CORETYPE": "Haswell",
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_DETERMINISTIC_OPS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "",
    "KERAS_BACKEND": "tensorflow",
    "JUPYTER_PREFER_ENV_PATH": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}

_PR_SET_PDEATHSIG = 1


def pinned() -> dict[str, str]:
    """Return this process's environment with :data:`PINNED` on top."""
    return {**os.environ, **PINNED}


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies: a killed run leaves no child that still writes."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
