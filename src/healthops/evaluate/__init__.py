"""Proper scores, relative WIS, allocation score, classification."""
