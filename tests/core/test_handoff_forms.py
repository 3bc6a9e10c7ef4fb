"""Each written form: whole, within its limits, valid by its own rules, and as the documents show it."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from handoff_examples import CALL, NOW, ROUTING, SHIPPED, facts_of, handoff_of
from jsonschema import Draft202012Validator, FormatChecker
from mail_page import Page

from app.core.actions import ActionKind
from app.core.contacts import Contact
from app.core.handoff import Handoff, with_public_url
from app.core.handoff_html import as_html
from app.core.handoff_json import HANDOFF_SCHEMA, SCHEMA_VERSION, as_json
from app.core.handoff_lines import MAX_DETAIL_LINES
from app.core.handoff_slack import as_slack
from app.core.handoff_text import as_text, subject_of
from app.core.invite import invite_of
from app.core.policy import Urgency, Verdict

K = ActionKind
DOCS = Path(__file__).parents[2] / "docs"
DOCUMENT = (DOCS / "handoffs.md").read_text()
VALIDATOR = Draft202012Validator(HANDOFF_SCHEMA, format_checker=FormatChecker())


def example() -> Handoff:
    """A broken mug: the example of docs/handoffs.md."""
    said = {
        "item": "Mug",
        "damage_description": "handle cracked, box crushed on one side",
        "photo_available": False,
        "resolution_preference": "replacement",
        "deadline": "Friday",
        "preferred_time": "tomorrow at 3 pm",
        "timezone": "America/New_York",
        "promise_made": "a call back tomorrow",
        "contact_channel": "phone",
        "escalation_owner": "Dana",
        "risk_flags": ("damaged item",),
        "location": "Boston",
    }
    contact = Contact("crm-17", ("Ann Lee",), tier="gold")
    known = {"order": SHIPPED, "contact": contact, "call": replace(CALL, from_number="+12015550123")}
    built = handoff_of(K.REPORT_DAMAGE, said, "The caller named a deadline.", routing=ROUTING, **known)
    return with_public_url(built, "https://handoff.example")


def booking() -> Handoff:
    said = {
        "booking_id": "B-77",
        "preferred_time": "November 24 at 3 pm",
        "timezone": "Eastern",
        "location": "Harbor Street",
        "return_reason": "flight delayed",
    }
    return handoff_of(K.CHANGE_BOOKING, said, routing=ROUTING, order=None)


def block(language: str, title: str) -> str:
    """The first block of this language below a heading of the document."""
    part = DOCUMENT[DOCUMENT.index(f"## {title}\n") :]
    found = re.search(rf"^```{language}\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


# --- as the documents show it


def test_the_documents_show_the_text_as_it_is() -> None:
    assert block("text", "Plain text") == as_text(example()) + "\n"


def test_the_documents_show_the_mail_as_it_is() -> None:
    assert (DOCS / "handoff-example.html").read_text() == as_html(example()) + "\n"
    assert f"`{subject_of(example())}`" in DOCUMENT


def test_the_documents_show_slack_s_message_as_it_is() -> None:
    assert json.loads(block("json", "Slack")) == as_slack(example())


def test_the_documents_show_the_json_as_it_is() -> None:
    assert json.loads(block("json", "JSON")) == as_json(example())


def test_the_documents_show_the_invite_as_it_is() -> None:
    invite = invite_of(booking(), organizer="handoff@example.com", attendees=["jo@example.com"], stamped_at=NOW)
    assert invite is not None
    assert block("text", "Calendar invite") == invite.decode().replace("\r\n", "\n")


def test_the_published_schema_is_the_one_in_use() -> None:
    assert json.loads((DOCS / "handoff.schema.json").read_text()) == HANDOFF_SCHEMA
    Draft202012Validator.check_schema(HANDOFF_SCHEMA)


# --- text


def test_a_message_with_all_there_is_is_a_screen() -> None:
    everything = {
        "customer_name": "Ada", "product": "Cookies", "sku": "CK-1", "store": "Harbor", "channel": "mail",
        "location": "Boston", "delivery_status": "late", "availability_question": "price?", "return_reason": "small",
        "refund_expectation": "full", "deadline": "Friday", "order_value": "12", "escalation_owner": "Dana",
        "risk_flags": ("fraud",), "preferred_time": "3 pm", "promise_made": "a call", "contact_channel": "phone",
        "next_step": "call", "item": "Mug", "damage_description": "broken", "photo_available": False,
        "resolution_preference": "refund", "buying_signal": "quote", "objection": "price", "booking_id": "B",
        "new_address": "1 Main St", "consent": "no", "field_changed": "a", "old_value": "b", "new_value": "c",
    }  # fmt: skip
    for kind in ActionKind:
        for verdict in Verdict:
            decided = {"verdict": verdict, "urgency": Urgency.URGENT}
            lines = as_text(handoff_of(kind, everything, "Why.", routing=ROUTING, decided=decided)).split("\n")
            assert len(lines) <= 22, kind
            assert all(": " in line for line in lines)


def test_details_that_do_not_fit_share_a_line() -> None:
    said = {
        "item": "Mug", "damage_description": "broken", "photo_available": True, "resolution_preference": "refund",
        "deadline": "Friday", "refund_expectation": "full", "location": "Boston", "store": "Harbor",
    }  # fmt: skip
    built = handoff_of(K.REPORT_DAMAGE, said)
    assert len(built.details) > MAX_DETAIL_LINES
    assert "\nAlso: refund expectation: full; location: Boston; store: Harbor\n" in as_text(built)


@pytest.mark.parametrize(
    ("kind", "said", "changes", "line"),
    [
        (K.FOLLOW_UP, {}, {"order": None}, "Record: none yet (task, waits for: answered) /v1/calls/call_1"),
        (K.CHANGE_BOOKING, {"booking_id": "B-7"}, {"order": None}, "Record: booking B-7, waits for: moved"),
        (K.ESCALATE, {"booking_id": "B-7"}, {"order": None}, "Record: none"),
        (K.ESCALATE, {}, {}, "Record: Goody order WHTWW (notified)"),
        (K.REPORT_DAMAGE, {}, {}, "Record: Goody gift order WHTWW (notified, waits for: replacement arranged) https://shop.example/orders/o-1"),
    ],
)  # fmt: skip
def test_the_record_is_named_and_where_it_is_seen(
    kind: ActionKind, said: dict[str, Any], changes: dict[str, Any], line: str
) -> None:
    assert line in as_text(handoff_of(kind, said, routing=ROUTING, **changes)).split("\n")


def test_a_subject_tells_urgency_kind_and_reference_and_no_more() -> None:
    assert subject_of(example()) == "[HIGH] Report damage, order WHTWW"
    assert subject_of(handoff_of(K.FOLLOW_UP, {"customer_name": "Eve"}, order=None)) == "[NORMAL] Follow up"


# --- mail


def test_a_mail_holds_every_line_and_nothing_remote() -> None:
    built = example()
    page = Page(as_html(built))
    for line in as_text(built).split("\n")[1:-1]:
        value = line.partition(": ")[2].removesuffix(f" {built.record_url}")
        assert value in page.text
    assert set(page.tags) <= {
        "html",
        "head",
        "meta",
        "title",
        "body",
        "div",
        "h1",
        "p",
        "table",
        "tr",
        "th",
        "td",
        "a",
        "span",
    }
    assert {name for name, _ in page.attributes} <= {"lang", "charset", "style", "scope", "href"}
    assert [value for name, value in page.attributes if name == "href"] == [
        "https://shop.example/orders/o-1",
        "https://handoff.example/v1/calls/call_1", "https://handoff.example/v1/calls/call_1/recording",
    ]  # fmt: skip
    assert not any("url(" in (value or "") or "@import" in (value or "") for _, value in page.attributes)


def test_a_path_without_an_address_before_it_is_shown_and_not_linked() -> None:
    page = Page(as_html(handoff_of(K.FOLLOW_UP, routing=ROUTING)))
    assert "href" not in {name for name, _ in page.attributes}
    assert "Transcript /v1/calls/call_1" in page.text
    assert "Recording /v1/calls/call_1/recording" in page.text


@pytest.mark.parametrize("urgency", list(Urgency))
def test_every_urgency_has_its_colour(urgency: Urgency) -> None:
    html = as_html(handoff_of(K.FOLLOW_UP, decided={"urgency": urgency}))
    assert f"[{urgency.upper()}] Follow up" in html


# --- Slack


def test_slack_s_message_is_within_slack_s_limits_and_shows_every_line() -> None:
    message = as_slack(example())
    assert len(message["blocks"]) <= 50
    shown = json.dumps(message)
    for line in as_text(example()).split("\n")[1:-1]:
        name, _, value = line.partition(": ")
        assert json.dumps(f"{name}:\n{value.removesuffix(' https://shop.example/orders/o-1')}")[1:-1] in shown


def test_a_notification_of_slack_shows_no_name_and_no_word_of_the_caller() -> None:
    assert as_slack(example())["text"] == "[HIGH] Report damage, order WHTWW, due 2026-11-22 13:00 UTC (in 60 minutes)"


# --- JSON


def test_the_json_is_valid_whether_all_is_known_or_nothing() -> None:
    for built in (example(), booking(), *(handoff_of(kind, order=None) for kind in ActionKind)):
        body = as_json(built)
        VALIDATOR.validate(body)
        assert list(body) == ["schema_version", *(name for name in body if name != "schema_version")]
        assert set(body) == set(HANDOFF_SCHEMA["properties"])
        assert json.loads(json.dumps(body)) == body


def test_the_schema_refuses_what_is_no_handoff() -> None:
    body = as_json(example())
    for changes in (
        {"verdict": "maybe"},
        {"schema_version": SCHEMA_VERSION + 1},
        {"details": {"eve": "x"}},
        {"due_at": 7},
    ):
        assert not VALIDATOR.is_valid(body | changes), changes
    assert not VALIDATOR.is_valid({name: value for name, value in body.items() if name != "next_step"})


def test_moments_are_utc_and_whole_seconds() -> None:
    facts = facts_of(K.FOLLOW_UP, now=NOW + timedelta(microseconds=5))
    body = as_json(handoff_of(K.FOLLOW_UP, now=facts.now, call=CALL))
    assert body["due_at"] == "2026-11-22T16:00:00Z"
