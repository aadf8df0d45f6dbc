"""Calendar, lags, neighbours, health-record text, and the catalogue that describes every feature."""
