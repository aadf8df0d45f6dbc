"""Sources, fetching, cleaning, schemas, and the synthetic country.

``raw_layout`` says where raw files lie, ``sources`` what the public ones are; ``fetch`` or ``synthetic`` brings them;
``clean`` turns them into tables (``clean_places``, ``clean_boundaries``, ``clean_population``, ``clean_cases``,
``clean_climate``, each with one entry function) and a ``ledger`` of every row; ``schemas`` says what a table is;
``epiweek`` and ``place_names`` are the calendar and the gazetteer; ``errors`` holds the tree of exceptions.
"""
