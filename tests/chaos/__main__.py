"""`python -m tests.chaos --calls 5000 --seed 1`: a long run, its figures as a table and as JSON."""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from tests.chaos.driver import play
from tests.chaos.plan import make_plan, with_failover

# The judge's rules by the words of its violations, in the order of the promise.
PROMISES = {
    "lost": "calls lost of those that got a 2xx",
    "doubled": "acts done twice, by the shop's ledger",
    "approval": "approvals used for another state",
    "forgotten": "acts or decisions that we do not know of",
    "end": "actions with another end than the one decided",
    "stuck": "actions or jobs out of everybody's sight",
    "audit": "gaps in the audit",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--serves", type=int, default=2)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--pooled", action="store_true", help="through PgBouncer in transaction mode")
    parser.add_argument("--failover", action="store_true", help="with a synchronous standby that takes over in between")
    parser.add_argument("--out", type=Path, default=Path(".handoff/chaos"), help="for plan, figures and logs")
    arguments = parser.parse_args()
    plan = make_plan(arguments.seed, arguments.calls)
    if arguments.failover:
        plan = with_failover(plan)
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "plan.json").write_text(plan.to_json())
    print(f"seed {plan.seed}: {len(plan.calls)} calls, {len(plan.blows)} blows; all is kept in {arguments.out}")
    outcome = play(
        plan,
        serves=arguments.serves,
        workers=arguments.workers,
        is_pooled=arguments.pooled,
        logs=arguments.out / "logs",
    )
    found = Counter(violation.rule for violation in outcome.violations)
    figures = outcome.figures | {"violations": {rule: found[rule] for rule in PROMISES}}
    (arguments.out / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
    for name, value in figures.items():
        if name != "violations":
            shown = ", ".join(f"{key} {number}" for key, number in value.items()) if isinstance(value, dict) else value
            print(f"| {name.replace('_', ' ')} | {shown} |")
    for rule, says in PROMISES.items():
        print(f"| {says} | {found[rule]} |")
    for violation in outcome.violations[:50]:
        print(f"{violation.rule} {violation.subject}: {violation.says}", file=sys.stderr)
    if outcome.violations:
        sys.exit(
            f"{len(outcome.violations)} violations; again with: make chaos CALLS={len(plan.calls)} SEED={plan.seed}"
        )


if __name__ == "__main__":
    main()
