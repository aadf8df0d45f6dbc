"""What would have come: an epidemic with a vaccination campaign, a season of outreach, a clinic day; common draws.

=======================  ============================================================================================
module                   what it holds
=======================  ============================================================================================
:mod:`.contacts`         who meets whom: reciprocal contact matrices, mixing of places, R0 by the next-generation matrix
:mod:`.epidemic`         the model: its parameters, its state, a period played forward, and its deterministic limit
:mod:`.chain`            the day of a cell, compiled: binomial draws by inversion of counter-based uniforms
:mod:`.campaign_groups`  the model of a country from tables: groups of age and risk, contacts, fatality, places
:mod:`.watched`          an epidemic as it is reported, and a forecast from the reports
:mod:`.outreach`         a season of outreach played day by day, and one account of walks for every policy
:mod:`.outreach_*`       its parts: district, season (what happens), book (records and tasks), policies, outcomes
:mod:`.clinic_day`       a provider's session with appointments: no-shows, lateness, random visits, walk-ins
:mod:`.clinic_replay`    sessions as they are booked, against what their patients do, in common draws
:mod:`.cover_replay`     shifts beside the patients who came: under-cover, over-cover, work left
=======================  ============================================================================================
"""
