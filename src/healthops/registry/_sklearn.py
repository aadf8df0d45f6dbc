"""scikit-learn estimators in skops, loaded against an explicit list of types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from healthops.registry.errors import UntrustedError
from healthops.registry.folder import by_stem, one_or_all, read, write
from healthops.registry.stable import stable_skops

if TYPE_CHECKING:
    from healthops.workspace import Workspace

FORMAT = "skops"
SUFFIX = ".skops"
#: Types beyond skops's own list that any model may hold: parts of scikit-learn and numpy without code of their own.
TRUSTED: tuple[str, ...] = (
    "numpy.dtype",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
)


def save_sklearn(
    ws: Workspace, name: str, estimator: Any, metadata: Mapping[str, Any], *, trusted: Sequence[str] = ()
) -> None:
    """Save a fitted estimator or pipeline, or a mapping of names to such.

    Parameters
    ----------
    trusted : sequence of str
        Full names of further types in it that the caller vouches for; :func:`load_sklearn` must be given them again.

    Raises
    ------
    UntrustedError
        If it holds a type that nobody vouched for, so that it could not be loaded.
    """
    from skops.io import dumps

    files = {}
    for stem, each in by_stem(estimator).items():
        content = stable_skops(dumps(each))
        _vouch(name, content, trusted)
        files[f"{stem}{SUFFIX}"] = content
    write(ws, name, files, metadata, format=FORMAT, packages=("numpy", "scikit-learn", "scipy", "skops"))


def load_sklearn(ws: Workspace, name: str, *, trusted: Sequence[str] = ()) -> Any:
    """Load what :func:`save_sklearn` saved; only types on skops's own list, in `TRUSTED` and in `trusted` are made.

    Raises
    ------
    UntrustedError
        Naming the types in the file that nobody vouched for.
    """
    from skops.io import loads

    models = {}
    for file, content in read(ws, name, format=FORMAT).items():
        allowed = _vouch(name, content, trusted)
        models[file.removesuffix(SUFFIX)] = loads(content, trusted=allowed)
    return one_or_all(models)


def _vouch(name: str, content: bytes, trusted: Sequence[str]) -> list[str]:
    from skops.io import get_untrusted_types

    asked = sorted(get_untrusted_types(data=content))
    unknown = [kind for kind in asked if kind not in TRUSTED and kind not in trusted]
    if unknown:
        raise UntrustedError(
            f"model {name!r} holds the types {unknown}, which nobody vouched for; "
            f"read their code, then name them in trusted=[...]"
        )
    return asked
