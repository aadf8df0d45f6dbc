"""Why there is no roster: a smallest set of rules and requests that cannot hold together, in words.

Each rule holds where its literal does. CP-SAT names assumed literals that cannot all hold; a deletion filter then
leaves out one rule after the other as long as the rest still cannot hold, so that what remains is irreducible. A set
with the fewest rules is found as a least hitting set of correction sets (Ignatiev, Previti, Liffiton and Marques-Silva
2015, "Smallest MUS extraction with minimal hitting set dualization"): every conflict holds a rule of each correction
set.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from healthops.schedule.roster import RosterProblem
from healthops.schedule.roster_rules import Rule, RuleModel


@dataclass(frozen=True)
class Conflict:
    """Rules that cannot hold together; without any one of them the others can.

    Attributes
    ----------
    rules : tuple of Rule
    smallest : bool
        Whether it is proved that no conflict has fewer rules; else the set is only irreducible.
    """

    rules: tuple[Rule, ...]
    smallest: bool

    def __str__(self) -> str:
        head = (
            f"{len(self.rules)} rules or requests cannot hold together"
            if len(self.rules) > 1
            else "one rule cannot hold"
        )
        return f"{head}: " + "; ".join(rule.words for rule in self.rules)


def explain(
    problem: RosterProblem,
    *,
    least: Mapping[tuple[int, str], int] | None = None,
    requests: bool = False,
    rounds: int = 100,
) -> Conflict | None:
    """Return a smallest set of rules in conflict, or None if a roster keeps them all.

    Parameters
    ----------
    problem : RosterProblem
    least : mapping, optional
        (day, shift) -> persons that must be present. Without it cover is a wish, and each line stands for itself.
    requests : bool
        Whether every request must be granted.
    rounds : int
        Rounds of the search for the fewest rules, before an irreducible set is given.

    Notes
    -----
    If an employee's own rules conflict, the conflict is of that employee: the first one in the order of the instance.
    """
    for who in problem.people:
        model = _model(problem, {}, requests, [who])
        core = _core(model, list(model.literals))
        if core is not None:
            return _smallest(model, core, rounds)
    if not least:
        return None
    model = _model(problem, least, requests, problem.people)
    core = _core(model, list(model.literals))
    return None if core is None else _smallest(model, core, rounds)


def _model(problem: RosterProblem, least: Mapping, requests: bool, people: Collection[str]) -> RuleModel:
    model = RuleModel(problem, switched=True, people=people)
    model.demand(least)
    if requests:
        model.grant()
    return model


def _core(model: RuleModel, rules: list[Rule]) -> list[Rule] | None:
    """Rules among those given that cannot hold together, or None if all can."""
    from healthops.schedule.or_tools import cp_model

    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    model.model.clear_assumptions()
    model.model.add_assumptions([model.literals[rule] for rule in rules])
    status = solver.solve(model.model)
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    if status != cp_model.INFEASIBLE:
        raise RuntimeError(f"CP-SAT ended with {solver.status_name(status)} on {len(rules)} rules")
    named = set(solver.sufficient_assumptions_for_infeasibility())
    return [rule for rule in rules if model.literals[rule].index in named]


def _irreducible(model: RuleModel, core: list[Rule]) -> list[Rule]:
    """Deletion filter: leave out each rule whose absence leaves a conflict."""
    kept, left = [], list(core)
    while left:
        rule = left.pop()
        smaller = _core(model, kept + left)
        if smaller is None:
            kept.append(rule)
        else:
            left = [other for other in left if other in smaller]
    return [rule for rule in model.literals if rule in set(kept)]


def _smallest(model: RuleModel, core: list[Rule], rounds: int) -> Conflict:
    small = _irreducible(model, core)
    corrections: list[list[Rule]] = []
    for _ in range(rounds):
        chosen = _hitting_set(model, corrections)
        if len(chosen) >= len(small):
            return Conflict(tuple(small), True)
        if _core(model, chosen) is not None:
            return Conflict(tuple(chosen), True)
        corrections.append(_correction(model, chosen))
    return Conflict(tuple(small), False)


def _hitting_set(model: RuleModel, corrections: list[list[Rule]]) -> list[Rule]:
    """Fewest rules that hold one of each correction set."""
    from healthops.schedule.or_tools import cp_model

    program, solver = cp_model.CpModel(), cp_model.CpSolver()
    solver.parameters.num_workers = 1
    chosen = {rule: program.new_bool_var("") for rule in model.literals}
    for one in corrections:
        program.add_bool_or([chosen[rule] for rule in one])
    program.minimize(sum(chosen.values()))
    if solver.solve(program) != cp_model.OPTIMAL:
        raise RuntimeError(f"CP-SAT found no least hitting set of {len(corrections)} sets")
    return [rule for rule, v in chosen.items() if solver.boolean_value(v)]


def _correction(model: RuleModel, hold: list[Rule]) -> list[Rule]:
    """Rules that are left out where `hold` are kept and as many others as a short effort finds."""
    from healthops.schedule.or_tools import cp_model

    program, solver = model.model.clone(), cp_model.CpSolver()
    solver.parameters.num_workers, solver.parameters.max_deterministic_time = 1, 2.0
    program.clear_assumptions()
    index = {rule: v.index for rule, v in model.literals.items()}
    literal = {rule: program.get_bool_var_from_proto_index(k) for rule, k in index.items()}
    for rule in hold:
        program.add_bool_and([literal[rule]])
    program.maximize(sum(literal.values()))
    if solver.solve(program) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise RuntimeError(f"CP-SAT found no roster that keeps {len(hold)} rules which can hold together")
    return [rule for rule, v in literal.items() if not solver.boolean_value(v)]
