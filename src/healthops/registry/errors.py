"""What can go wrong with a saved model.

Tree of exceptions::

    RegistryError (RuntimeError)
    ├── MetadataError    metadata lacks a key, has an unknown one, or one of the wrong kind
    ├── TamperedError    a file of the model is missing, unknown, or not what was saved
    └── UntrustedError   loading would make objects of types that nobody vouched for
"""

from __future__ import annotations


class RegistryError(RuntimeError):
    """A model cannot be saved or loaded."""


class MetadataError(RegistryError, ValueError):
    """Metadata lacks a key, has an unknown one, or one of the wrong kind."""


class TamperedError(RegistryError):
    """A file of the model is missing, unknown, or not what was saved."""


class UntrustedError(RegistryError):
    """Loading would make objects of types that nobody vouched for."""
