"""How many decisions a second one process makes on stored inputs, with the policy that ships.

    python -m benchmarks.decisions [--count 20000] [--json]

The inputs are those of the policy's own examples, so that every rule fires now and then; they go through JSON once, as
inputs do that were stored with a decision.
"""

import argparse
import json
import platform
import time
from itertools import cycle, islice

from app.adapters.policy_file import load_policy
from app.core.policy import STRICTNESS, decide_from_inputs

ROUNDS = 5  # the best one counts: what else the machine does only makes it slower


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5_000, help="decisions in each of five rounds")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    wanted = parser.parse_args()
    figures = measure(wanted.count)
    if wanted.json:
        print(json.dumps(figures, indent=2))
    else:
        print("\n".join(f"{name.replace('_', ' ')}: {value}" for name, value in figures.items()))


def measure(count: int) -> dict[str, object]:
    policy = load_policy()
    stored = [json.loads(json.dumps(dict(example.inputs))) for example in policy.examples]
    verdicts = dict.fromkeys(STRICTNESS, 0)
    seconds = []
    for _ in range(ROUNDS):
        inputs = list(islice(cycle(stored), count))
        begin = time.perf_counter()
        for each in inputs:
            verdicts[decide_from_inputs(each, policy).verdict] += 1
        seconds.append(time.perf_counter() - begin)
    return {
        "policy_version": policy.version,
        "rules": len(policy.rules),
        "different_inputs": len(stored),
        "decisions_a_round": count,
        "decisions_per_second": round(count / min(seconds)),
        "decisions_per_second_slowest_round": round(count / max(seconds)),
        "verdicts": {str(verdict): number for verdict, number in verdicts.items()},
        "python": platform.python_version(),
    }


if __name__ == "__main__":
    main()
