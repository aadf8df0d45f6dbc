"""Saving and loading models with their metadata, in formats that run no code on loading.

Each model is a folder with its weights and a ``metadata.json``: version, parameters, training span, feature list,
metrics, input hashes, environment, and the sha256 of every file. Saving the same model again gives the same bytes;
loading refuses a file whose bytes are not the saved ones.

    >>> from healthops import registry
    >>> metadata = registry.describe(ws, parameters={"eta": 0.1}, training_span=("2010-01-09", "2018-12-29"),
    ...                              features=["cases_lag_1"], metrics={"wis": 3.2},
    ...                              tables=["outbreak_panel"])                              # doctest: +SKIP
    >>> registry.save_xgboost(ws, "outbreak-xgboost", booster, metadata)                     # doctest: +SKIP

==============  ====================================  ==========================================================
what            files                                 what loading can run
==============  ====================================  ==========================================================
XGBoost         ``model.ubj``                         nothing: universal binary JSON
Keras           ``model.keras``                       layers of Keras itself only; Lambdas and foreign classes refused
PyTorch         ``model.safetensors``,                nothing: tensors; the caller builds the module
                ``architecture.json``
scikit-learn    ``model.skops``                       types on an explicit list only
anything plain  ``model.json``                        nothing
==============  ====================================  ==========================================================

Several models of one kind (one a horizon, one a seed) are saved together by giving a mapping of names to models.
"""

from healthops.registry._json import load_json, save_json
from healthops.registry._keras import load_keras, save_keras
from healthops.registry._sklearn import load_sklearn, save_sklearn
from healthops.registry._torch import load_torch, save_torch
from healthops.registry._xgboost import load_xgboost, save_xgboost
from healthops.registry.errors import MetadataError, RegistryError, TamperedError, UntrustedError
from healthops.registry.folder import load_metadata
from healthops.registry.metadata import describe, input_hash

__all__ = [
    "MetadataError",
    "RegistryError",
    "TamperedError",
    "UntrustedError",
    "describe",
    "input_hash",
    "load_json",
    "load_keras",
    "load_metadata",
    "load_sklearn",
    "load_torch",
    "load_xgboost",
    "save_json",
    "save_keras",
    "save_sklearn",
    "save_torch",
    "save_xgboost",
]
