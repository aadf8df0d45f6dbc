"""Notebook-driven research for public-health operations.

One repository, four systems (outbreaks, vaccines, community, providers) on shared rooms; see the README.
"""

__version__ = "0.1.0"
