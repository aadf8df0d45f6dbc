"""Proper scores, relative WIS, allocation score, equity, classification, bootstrap."""
