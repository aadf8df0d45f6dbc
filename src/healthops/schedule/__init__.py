"""Who goes where and when: routes with time windows, home care in pairs, visits of community health workers.

=========================  ==============================================================================
module                     what it holds
=========================  =====================================================================================
:mod:`.vrp_instances`      readers of routing instances: Solomon's format, its JSON, VRPLIB; solutions as ``.sol``
:mod:`.routes`             one adapter to PyVRP: visits and workers in, routes and their timetable out
:mod:`.route_pool`         the best routes of many searches, put together anew by set partitioning
:mod:`.route_check`        independent checks: of a solution against its instance, of a plan against its problem
:mod:`.home_care`          home care with skills and double visits: instances, timetable, cost
:mod:`.home_care_moves`    the timetable and the moves of its annealing, compiled
:mod:`.home_care_search`   its solvers: annealing, and CP-SAT with a bound
:mod:`.home_care_check`    an independent check of its plans, from the files alone
:mod:`.visits`             a day of visits by community health workers, and urgent tasks put into it
:mod:`.visit_check`        an independent check of such a day from tables alone, reasons included
=========================  =====================================================================================
"""
=======
"""Who works when, who is seen when and which way to go: rosters, appointments, routes, and their repair."""
