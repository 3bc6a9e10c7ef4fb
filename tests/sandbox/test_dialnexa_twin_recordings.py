"""The DialNexa twin's recordings: links that die after seven days by its clock, are made anew, and cannot be altered."""

import json

import pytest
from dialnexa_twin_server import running_receiver, running_twin

from app.sandbox.dialnexa_bodies import TwinCall
from app.sandbox.dialnexa_recordings import recording_of

DAY = 86_400
SAID = recording_of(TwinCall("call_a", duration_seconds=30))


@pytest.fixture(scope="module")
def running():
    with running_twin() as twin:
        yield twin


@pytest.fixture
def twin(running):
    running.http.post("/_twin/reset")
    running.place(id="call_a", duration_seconds=30)
    return running


def link(twin):
    return twin.http.get("/v1/calls/call_a").json()["recording_sas_url"]


def heard(twin, url):
    return twin.http.get(url, headers={"authorization": ""})


def ahead(twin, days):
    assert twin.http.post("/_twin/clock", json={"ahead_seconds": days * DAY}).is_success


def test_a_link_leads_to_the_recording_without_any_key(twin):
    answer = heard(twin, link(twin))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/mpeg")
    assert answer.content == SAID
    assert len(SAID) > 10_000


def test_a_link_dies_after_seven_days_and_the_api_makes_a_new_one(twin):
    old = link(twin)
    ahead(twin, 6.9)
    assert heard(twin, old).status_code == 200
    ahead(twin, 7.1)
    assert heard(twin, old).status_code == 403
    assert link(twin) != old
    assert heard(twin, link(twin)).content == SAID


def test_the_delivered_link_is_such_a_link(twin):
    with running_receiver() as receiver:
        twin.register(receiver.url)
        twin.place(id="call_b", events=["call_ended"])
    told = json.loads(receiver.received[-1][1])["payload"]["call"]["recording_url"]
    assert heard(twin, told).status_code == 200
    ahead(twin, 7.1)
    assert heard(twin, told).status_code == 403


@pytest.mark.parametrize("part", ["call_a", "se=20", "sig="])
def test_a_link_that_was_altered_is_refused(twin, part):
    other = {"call_a": "call_b", "se=20": "se=21", "sig=": "sig=0"}[part]
    assert heard(twin, link(twin).replace(part, other)).status_code == 403


def test_what_was_erased_or_never_made_is_gone(twin):
    old = link(twin)
    assert twin.http.delete("/_twin/calls/call_a/recording").status_code == 204
    assert heard(twin, old).status_code == 404
    assert link(twin) is None
