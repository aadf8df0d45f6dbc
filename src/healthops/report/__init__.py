"""Theme, figures, maps, tables, HTML template and index."""
