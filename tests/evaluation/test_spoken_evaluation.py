"""The evaluation with synthetic callers and the training, as commands, on a small mirror."""

import json
import tempfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.__main__ import cli
from app.adapters.weights_file import load_weights
from app.core.weights import FS_0


@pytest.fixture(scope="module")
def folder():
    # Not below pytest's own folder, which the user Postgres runs as cannot pass when root runs the tests.
    with tempfile.TemporaryDirectory(prefix="handoff-evaluation-") as folder:
        Path(folder).chmod(0o711)
        yield folder


@pytest.fixture(scope="module")
def run(folder):
    def command(*words):
        result = CliRunner().invoke(cli, ["match", *words, "--json"], env={"HANDOFF_DATA_DIR": folder})
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return command


@pytest.mark.slow
def test_spoken_callers_find_their_orders_and_the_same_seed_says_the_same(run, tmp_path):
    diagram = tmp_path / "reliability.png"
    words = ("evaluate", "spoken", "--orders", "600", "--calls", "150", "--seed", "3")
    figures = run(*words, "--diagram", str(diagram))
    assert figures["matched"] > 40
    assert figures["precision_of_matched"] > 0.95
    assert figures["top1_recall"] > 0.6
    assert figures["without_orders"] == {"calls": 150, "matched": 0, "share_matched": 0.0}
    assert figures["with_a_strangers_reference"]["acted_on_alone"] == 0
    assert diagram.read_bytes().startswith(b"\x89PNG")
    timed = {"latency_ms", "latency_ms_at_600", "p99_ratio", "seconds"}
    again = run(*words)
    assert {name: again[name] for name in figures.keys() - timed} == {
        name: figures[name] for name in figures.keys() - timed
    }


@pytest.mark.slow
def test_training_on_synthetic_calls_writes_weights_that_the_service_reads(run, tmp_path):
    out = tmp_path / "weights.json"
    words = ("train", "--synthetic", "250", "--orders", "600", "--version", "mine-1", "--out", str(out))
    shown = run(*words)
    assert (shown["version"], shown["calls"]) == ("mine-1", 250)
    weights = load_weights(out)
    assert weights.version == "mine-1"
    assert weights.levels["email.same"].m != FS_0.levels["email.same"].m
    assert weights.levels["reference.other"] == FS_0.levels["reference.other"]


def test_training_on_too_few_calls_says_what_to_do(folder, tmp_path):
    words = ["match", "train", "--version", "v", "--out", str(tmp_path / "weights.json")]
    result = CliRunner().invoke(cli, words, env={"HANDOFF_DATA_DIR": folder})
    assert "only 0 to learn from" in str(result.exception)
    assert "--synthetic" in str(result.exception)
    assert not (tmp_path / "weights.json").exists()
