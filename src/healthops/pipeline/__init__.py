"""The graph, the notebook runner, provenance and the command line."""
