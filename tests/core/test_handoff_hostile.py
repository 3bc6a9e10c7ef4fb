"""Whatever was said, in whichever field: it changes no verdict, and in every form it stays words."""

import json
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from handoff_examples import CALL, NOW, ORDER, ROUTING, facts_of, handoff_of
from hostile_texts import HOSTILE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from icalendar import Calendar
from jsonschema import Draft202012Validator
from mail_page import Page

from app.adapters.policy_file import load_policy
from app.core.actions import ActionKind
from app.core.assistance import assistance_summary
from app.core.calls import CANONICAL_FIELDS, Call, FieldType, Turn
from app.core.confirmation import confirmation_of
from app.core.contacts import Contact
from app.core.handoff import Handoff, with_public_url
from app.core.handoff_html import as_html
from app.core.handoff_json import HANDOFF_SCHEMA, as_json
from app.core.handoff_slack import as_slack
from app.core.handoff_text import as_text, subject_of
from app.core.invite import invite_of
from app.core.orders import Order, OrderItem, Person
from app.core.policy import Decision, decide
from app.core.signals import signal_of

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # machines are shared

K = ActionKind
POLICY = load_policy()
# Fields whose words no fact is made of. The others become a known word, a figure or a flag; to that test_policy sees.
FREE_TEXT = sorted(
    name
    for name, kind in CANONICAL_FIELDS.items()
    if kind is FieldType.TEXT and name not in {"loyalty_status", "field_changed", "deadline", "promise_made"}
)
TEXT_FIELDS = sorted(name for name, kind in CANONICAL_FIELDS.items() if kind is FieldType.TEXT)
VALIDATOR = Draft202012Validator(HANDOFF_SCHEMA)
OUR_TAGS = {"html", "head", "meta", "title", "body", "div", "h1", "p", "table", "tr", "th", "td", "a", "span"}
OUR_ATTRIBUTES = {"lang", "charset", "style", "scope", "href"}
OUR_PROPERTIES = {
    "UID", "DTSTAMP", "DTSTART", "DTEND", "SEQUENCE", "SUMMARY", "DESCRIPTION", "LOCATION", "ORGANIZER", "ATTENDEE",
    "STATUS",
}  # fmt: skip

# The long ones are tried by themselves below: hypothesis does not like to print them.
words = st.sampled_from([text for text in HOSTILE.values() if len(text) < 1_000]) | st.text(max_size=400)


def hostile_call(text: str) -> Call:
    """The text in all that is free of a call, beyond its fields."""
    return replace(
        CALL,
        status=text,
        summary=text,
        transcript=(Turn("user", text), Turn("agent", text)),
        hangup_reason=text,
        sentiment=text,
        other_fields={text: text},
        recording_url=text,
    )


def hostile_order(text: str) -> Order:
    person = Person(text, text, text)
    return replace(ORDER, sender=person, recipient=person, status=text, reference_id=text, items=(OrderItem(text),))


def of_words(kind: ActionKind, text: str, said: dict[str, Any] | None = None, **changes: Any) -> Handoff:
    """A handoff all of whose words are hostile, with a time that can be read, so that there is an invite."""
    fields = dict.fromkeys(TEXT_FIELDS, text) | {"preferred_time": "tomorrow at 3 pm", "timezone": "UTC"} | (said or {})
    contact = Contact(text, (text,), tier=text)
    known: dict[str, Any] = {"call": hostile_call(text), "contact": contact, "order": hostile_order(text)} | changes
    return with_public_url(handoff_of(kind, fields, routing=ROUTING, **known), "https://handoff.example")


# --- it changes no verdict


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("kind", list(ActionKind))
def test_no_words_change_what_policy_says(kind: ActionKind, text: str) -> None:
    plain = dict.fromkeys(FREE_TEXT, "words") | {"deadline": "soon", "promise_made": "words"}
    hostile = dict.fromkeys(FREE_TEXT, text) | {"deadline": text, "promise_made": text}

    def decided(said: dict[str, str], call: Call) -> Decision:
        return decide(facts_of(kind, said, call=call, parameters={}), POLICY)

    before, after = decided(plain, CALL), decided(hostile, hostile_call(text))
    assert (after.verdict, after.team, after.urgency) == (before.verdict, before.team, before.urgency)
    assert (after.approvals_needed, after.approval_role) == (before.approvals_needed, before.approval_role)
    assert after.inputs == before.inputs


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_words_change_who_is_responsible_or_what_to_do(text: str) -> None:
    for kind in ActionKind:
        plain, hostile = handoff_of(kind, routing=ROUTING), of_words(kind, text)
        assert hostile.owner == plain.owner or kind in {
            K.NONE,
            K.CREATE_SUBSCRIBER_CHANNEL,
            K.UPDATE_SUBSCRIBER_CHANNEL,
        }
        assert (hostile.next_step, hostile.team, hostile.verdict) == (plain.next_step, plain.team, plain.verdict)


# --- it stays words


def check_text(built: Handoff) -> None:
    lines = as_text(built).split("\n")
    assert 5 <= len(lines) <= 22
    assert as_text(built).splitlines() == lines
    assert sum(line.startswith("Owner: ") for line in lines) == 1
    assert sum(line.startswith("Next step: ") for line in lines) == 1
    assert all(line[0].isupper() or line[0] == "[" for line in lines)  # no formula, no quote, no header of a mail
    assert not any(unicodedata.category(letter).startswith("C") for line in lines for letter in line)
    assert all(len(line) <= 1_000 for line in lines)


def check_subject(built: Handoff) -> None:
    subject = subject_of(built)
    assert subject.isascii()
    assert subject.isprintable()
    assert len(subject) <= 120
    assert "evil" not in subject


def check_html(built: Handoff) -> None:
    html = as_html(built)
    page = Page(html)
    assert html.isascii()
    assert set(page.tags) <= OUR_TAGS
    assert {name for name, _ in page.attributes} <= OUR_ATTRIBUTES
    links = [value for name, value in page.attributes if name == "href"]
    assert set(links) <= {*built.links.values(), built.record_url}
    assert all(link is not None and link.startswith("https://") for link in links)
    for value in built.details.values():
        assert value in page.text or len(value) > 200  # what shares a line with others may be cut


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object within."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from objects(each)


def check_slack(built: Handoff) -> None:
    message = json.loads(json.dumps(as_slack(built)))
    assert len(message["blocks"]) <= 50
    assert not set("<>") & set(message["text"])
    for each in objects(message["blocks"]):
        match each.get("type"):
            case "mrkdwn":  # a link by our own word for it, and nothing else
                address, _, label = each["text"].removeprefix("<").removesuffix(">").partition("|")
                assert address.startswith("https://")
                assert not set("<>|*_~` ") & set(label)
                assert not set("<>| ") & set(address)
                assert len(each["text"]) <= 3_000
            case "plain_text":
                assert each["emoji"] is False
                assert len(each["text"]) <= 3_000
            case "header":
                assert len(each["text"]["text"]) <= 150
            case "section":
                assert 1 <= len(each.get("fields", [0])) <= 10
                assert all(len(field["text"]) <= 2_000 for field in each.get("fields", []))
            case "context":
                assert 1 <= len(each["elements"]) <= 10


def check_invite(built: Handoff) -> None:
    invite = invite_of(
        built, organizer="handoff@example.com", attendees=["jo@example.com", "ann@example.com"], stamped_at=NOW
    )
    if built.kind not in {K.CHANGE_BOOKING, K.FOLLOW_UP}:
        assert invite is None
        return
    assert invite is not None
    (calendar,) = Calendar.from_ical(invite, multiple=True)
    (event,) = calendar.subcomponents
    assert event.name == "VEVENT"
    assert set(calendar) == {"VERSION", "PRODID", "METHOD"}
    assert set(event) <= OUR_PROPERTIES
    assert event["ATTENDEE"] == ["mailto:jo@example.com", "mailto:ann@example.com"]
    assert event["ORGANIZER"] == "mailto:handoff@example.com"
    assert event["DESCRIPTION"] == as_text(built)
    assert all(len(line) <= 75 for line in invite.split(b"\r\n"))
    unfolded = invite.replace(b"\r\n ", b"").decode().split("\r\n")
    assert sum(line.startswith("BEGIN:") for line in unfolded) == 2
    assert sum(line.startswith("ATTENDEE") for line in unfolded) == 2


def check_all(built: Handoff) -> None:
    check_text(built)
    check_subject(built)
    check_html(built)
    check_slack(built)
    VALIDATOR.validate(json.loads(json.dumps(as_json(built))))
    check_invite(built)
    confirmation = confirmation_of(built)
    if confirmation:
        assert len(confirmation.text.splitlines()) <= 5
        assert confirmation.subject == "We have passed on your booking request"


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("kind", list(ActionKind))
def test_hostile_words_are_inert_in_every_form(kind: ActionKind, text: str) -> None:
    check_all(of_words(kind, text))
    check_all(of_words(kind, text, order=None))


@unhurried
@given(st.sampled_from(ActionKind), words, st.dictionaries(st.sampled_from(TEXT_FIELDS), words, max_size=8))
def test_whatever_was_said_every_form_stays_what_it_is(kind: ActionKind, text: str, said: dict[str, str]) -> None:
    said = {name: value for name, value in said.items() if name not in {"preferred_time", "timezone"}}
    check_all(of_words(kind, text, said))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_the_summary_for_the_shop_s_support_keeps_a_fact_a_line(text: str) -> None:
    for kind in ActionKind:
        summary = assistance_summary(kind, hostile_order(text), dict.fromkeys(("item", "new_address"), text))
        assert len(summary.split("\n")) <= 8
        assert summary.splitlines() == summary.split("\n")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_word_gets_into_a_signal(text: str) -> None:
    for kind in ActionKind:
        facts = facts_of(kind, dict.fromkeys(TEXT_FIELDS, text), call=hostile_call(text), order=hostile_order(text))
        signal = signal_of(facts, decide(facts, POLICY), products=("Mug",), pseudonym_key=b"key")
        assert "evil" not in json.dumps(signal)
        assert all(len(value) < 100 for value in (signal or {}).values())


@pytest.mark.parametrize("kind", list(ActionKind))
def test_the_gift_link_gets_into_no_form_even_where_the_caller_read_it_out(kind: ActionKind) -> None:
    said: dict[str, Any] = dict.fromkeys(TEXT_FIELDS, "my link is gifts.example/secret.")
    said |= {"support_link": "https://gifts.example/secret", "requested_action": ("https://gifts.example/secret",)}
    built = handoff_of(kind, said, routing=ROUTING)
    forms = (repr(built), as_text(built), as_html(built), json.dumps([as_slack(built), as_json(built)]))
    assert not any("gifts.example" in form for form in forms)
