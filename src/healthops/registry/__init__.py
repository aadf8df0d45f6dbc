"""Saving and loading models with their metadata, in formats that run no code on loading."""
