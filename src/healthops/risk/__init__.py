"""Who is at risk, can the probability be taken at its word, what is advised, and which visit is owed.

=======================  ============================================================================================
module                   what it holds
=======================  ============================================================================================
:mod:`.classifiers`      the kinds of risk model, as pipelines that impute, encode and scale inside a fold
:mod:`.nested`           nested cross-validation in groups: models chosen, calibrated and judged on different people
:mod:`.conformal`        sets of outcomes that hold what comes with a stated chance
:mod:`.reasons`          what each feature adds to a person's log odds, in a health worker's words
:mod:`.states`           what is known of each person on a day
:mod:`.recommendations`  what is advised to whom, by the rule table
:mod:`.follow_up`        which follow-up visit is owed to whom, by the schedule
:mod:`.outreach`         who wants a visit, when, and how urgently, in one table
:mod:`.priority`         how much a task is worth, in minutes of walking
:mod:`.outcomes`         which patients with fever will turn severe
=======================  ============================================================================================
"""
