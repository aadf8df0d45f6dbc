"""Linear programs, fairness, the policies people use today, and their replay.

=========================  =====================================================================================
module                     what it holds
=========================  =====================================================================================
:mod:`.resources`          what a case asks for: staff-days, bed-days, test kits, larvicide
:mod:`.season`             tables of forecasts and cases as arrays on one grid of weeks and districts
:mod:`.need`               the distribution of a need, from the quantiles of a forecast
:mod:`.segments`           expected unmet need as a line of segments, and their exact filling
:mod:`.lp`                 the same problem as linear programs, solved by HiGHS
:mod:`.plan`               least expected unmet need under a budget, with a floor for the worst-off
:mod:`.policies`           the plan and what people do today, with one signature
:mod:`.replay`             a season played forward week by week, and the oracle that knows it
:mod:`.regret`             allocation scores of a season, by budget
:mod:`.bootstrap`          intervals for paired differences, by blocks of weeks and of places
:mod:`.wastage`            doses left in opened vials, vials never opened, and the vial size for each site
:mod:`.summary`            the tables and figures that a notebook shows of a plan or a replay
:mod:`.campaign`           what a vaccine campaign has and whom it is for: tables, checked
:mod:`.campaign_program`   the campaign as a linear program: a district's variables and own rows, the objectives
:mod:`.campaign_past`      its part for second doses that fall due and stock at hand
:mod:`.campaign_shared`    its part that all districts share: lots, stores, what earlier stages have reached
:mod:`.interior`           its solver: many small programs of one shape that share a few resources
:mod:`.campaign_plan`      the plan by lexicographic stages, its tables and lots, the equity frontier
:mod:`.campaign_boxes`     the plan in whole boxes, and what they cost
:mod:`.campaign_prices`    what one more dose, litre or vaccinator is worth to the plan
:mod:`.campaign_check`     an independent check of a plan's tables
:mod:`.campaign_elastic`   why no plan exists, and by how much
:mod:`.campaign_replan`    the plan made again near the last one, with what changed and why
:mod:`.campaign_week`      a week gone by: an account of every dose, and the campaign that is left
:mod:`.campaign_policies`  whom campaigns of today serve first, as plans; a plan that is only followed
:mod:`.campaign_tables`    a campaign from the workspace's tables
:mod:`.campaign_days`      a plan's doses by day, region and group, for an epidemic model
:mod:`.campaign_summary`   the tables that a notebook shows and writes of plans, each passed by the checker
:mod:`.vial_sizes`         the vial size for each point of a campaign, opening thresholds, closed vials
:mod:`.campaign_simplex`   the program of small campaigns, solved at a vertex by HiGHS
:mod:`.campaign_shocks`    what goes wrong: late and recalled lots, lost stores, cuts, fewer people who come
:mod:`.campaign_replay`    the campaign played forward week by week against an epidemic
:mod:`.campaign_outcomes`  what a replay came to, as tables
=========================  =====================================================================================
"""
