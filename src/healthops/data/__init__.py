"""Sources, fetching, cleaning, schemas, and the synthetic country."""
