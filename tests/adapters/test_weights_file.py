import json

import pytest

from app.adapters.weights_file import DEFAULT_WEIGHTS_FILE, dump_weights, load_weights
from app.core.weights import FS_0
from app.errors import SettingError


def changed(tmp_path, **changes):
    path = tmp_path / "weights.json"
    path.write_text(json.dumps(json.loads(DEFAULT_WEIGHTS_FILE.read_text()) | changes))
    return path


def test_what_is_written_is_read_back(tmp_path):
    path = tmp_path / "weights.json"
    path.write_text(dump_weights(FS_0))
    assert load_weights(path) == FS_0


def test_a_level_that_the_file_does_not_know_keeps_the_weight_it_has_by_judgement(tmp_path):
    weights = load_weights(changed(tmp_path, levels={"email.same": {"m": 0.5, "u": 0.25}}))
    assert weights.levels["email.same"].bits == 1
    assert weights.levels["name.same"] == FS_0.levels["name.same"]


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"enough": 1.5}, "enough"),
        ({"version": ""}, "version"),
        ({"levels": {"email.sane": {"m": 0.5, "u": 0.5}}}, "levels"),
        ({"levels": {"email.same": {"m": 0, "u": 0.5}}}, "levels.email.same.m"),
        ({"more": 1}, "more"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path, changes, place):
    with pytest.raises(SettingError, match=f"HANDOFF_WEIGHTS_FILE is malformed at '{place}"):
        load_weights(changed(tmp_path, **changes))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingError, match="HANDOFF_WEIGHTS_FILE cannot be read"):
        load_weights(tmp_path / "none.json")
