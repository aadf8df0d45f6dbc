"""Who goes where, who works when, who comes when: routes, home care, visits to homes, rosters, appointments.

=========================  =====================================================================================
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
:mod:`.or_tools`           the one door to OR-Tools, which must be imported before TensorFlow
:mod:`.roster`             rosters: instances, rules, cost
:mod:`.roster_flow`        the stretch-flow model of a roster: proof and lower bound
:mod:`.roster_rules`       the rules as clauses for CP-SAT: a first feasible roster
:mod:`.roster_search`      solving: proof by the flow, better rosters by freeing some lines or days
:mod:`.roster_check`       an independent check of a roster, from the instance alone
:mod:`.roster_explain`     a smallest set of rules and requests in conflict, in words
:mod:`.roster_repair`      a roster made good after an absence by provably the fewest changes
:mod:`.roster_tables`      a roster problem from the tables of one service of a clinic
:mod:`.cover`              how many are needed when: the forecast's work at a service level, as whole shifts
:mod:`.sessions`           who can hold sessions, which slots are open, patients shared out by preferences
:mod:`.visit_changes`      what became different between two plans of a day; how much each worker does
:mod:`.overbooking`        whom to book for a session, in which slot, how many; with a bound on the ratio of waits
:mod:`.overbooking_moves`  its arithmetic, compiled: exact expectation, local search, bound, branch and bound
:mod:`.booking_rules`      rules by which clinics book a session, beside an optimiser's plans
:mod:`.appointments`       ranked offers of open slots, patients who must move, a plan and its changes as tables
=========================  =====================================================================================
"""
