"""Tabular risk models on health records."""
