"""H1 to H29, end to end over HTTP: the calls of rows_of_requirements.py are placed, and read is what came of each.

All calls are delivered first; then the service is waited for once; what the tests compare was read at that moment.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from foreign_client import HEADERS, Person, VoiceAgents, completed, flat, new_call_id, somebody
from icalendar import Calendar
from rows_of_requirements import NEXT_WEEK, OWNERS, ROWS, Row
from running_service import DIALNEXA_SECRETS, GOODY_KEY, GOODY_WEBHOOK_SECRET, MOVING, RunningService, wait_for
from sinks import MailSink, mail_sink
from twin_server import Twin, running_twin

DOCUMENT = Path(__file__).parents[2] / "docs/requirements.md"
NEW_YORK, BERLIN = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin")
PUBLIC_URL = "https://handoff.acme.example"
DUE_MINUTES = {"normal": 240, "high": 60, "urgent": 15}
PRIORITIES = {"normal": 0, "high": 1, "urgent": 2}
CODES = {
    "contact_channel",
    "channel",
    "photo_available",
    "repeat_complaint",
    "vip_status",
}  # words too short to look for
APPROVED_LATER = "H15-cancelled_under_control"
STATUSES = {"execute": "done", "review": "awaiting_review", "assist": "awaiting_assistance", "hand_off": "handed_off"}


@dataclass
class Told:
    """A row's call: who placed it, about which orders, and what was there to read once all was settled."""

    row: Row
    caller: Person
    orders: list[dict[str, Any]]
    call_id: str
    call: dict[str, Any] = field(default_factory=dict)
    review: dict[str, Any] | None = None
    notifications: list[dict[str, Any]] = field(default_factory=list)
    writes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def action(self) -> dict[str, Any]:
        (action,) = self.call["actions"]
        return dict(action)

    @property
    def handoff(self) -> dict[str, Any]:
        (handoff,) = self.call["handoffs"]
        return dict(handoff)

    def filled(self, texts: tuple[str, ...]) -> list[str]:
        reference = self.orders[0]["reference_id"] if self.orders else ""
        known = {"{name}": self.caller.name, "{reference}": reference, "{call_id}": self.call_id}
        return [re.sub(r"\{\w+\}", lambda found: known[found[0]], text) for text in texts]


@dataclass
class Day:
    """A deployment beside the Goody twin whose teams are reached by mail, after a day's calls."""

    service: RunningService
    agents: VoiceAgents
    twin: Twin
    mail: MailSink
    told: dict[str, Told] = field(default_factory=dict)

    def place(self, row: Row) -> Told:
        """The orders and the directory's entry that the row is about; the call comes later."""
        caller = somebody()
        orders = [self._order(row, caller) for _ in range(row.gifts)] if row.gift is not None else []
        if row.contact is not None:
            entry = {"names": [caller.name], "emails": [caller.email], "phones": [caller.phone], **row.contact}
            path = f"/v1/contacts/rows-{row.id.replace('_', '-')}"
            assert self.service.admin.put(path, json=entry).status_code == 200
        return Told(row, caller, orders, new_call_id())

    def is_over(self) -> bool:
        """Every call led to its action, and neither an action nor a message is still on its way."""
        figures = self.service.figures()
        actions = {name: number for name, number in figures.items() if name.startswith("handoff_actions{")}
        moving = [name for name, number in actions.items() if number and any(f'"{word}"' in name for word in MOVING)]
        pending = figures.get('handoff_notifications{status="pending"}', 0)
        return sum(actions.values()) >= len(ROWS) and not moving and not pending

    def _order(self, row: Row, caller: Person) -> dict[str, Any]:
        other = somebody()
        recipient, sender = (caller, other) if row.by == "recipient" else (other, caller)
        sender = somebody() if row.by == "stranger" else sender
        names = {"first_name": sender.first, "last_name": sender.last, "email": sender.email}
        return self.twin.place_for(recipient, is_told=True, **{"sender": names, **(row.gift or {})})

    def deliver(self, told: Told) -> None:
        """As often as the row says: again under the other header, then by the other family of bodies."""
        analysis = {"Requested Action": told.row.asks, **_of_the_caller(told), **told.row.says}
        started_at = datetime.now(UTC) - timedelta(minutes=3)
        number = told.caller.phone.removeprefix("+")
        body = completed(told.call_id, analysis, from_number=number, initiated_at=started_at.isoformat())
        bodies = [body, body, flat(told.call_id, analysis)][: told.row.deliveries]
        for times, each in enumerate(bodies):
            self.agents.tell(each, header=HEADERS[times % 2])

    def read(self, told: Told) -> None:
        told.call = self.service.settled(told.call_id)
        review_id = told.action["review_id"]
        told.review = self.service.review(review_id) if review_id else None
        told.notifications = self.service.get("/v1/notifications", call_id=told.call_id)["data"]
        known = {order["id"] for order in told.orders}
        told.writes = [entry for entry in self.twin.ledger() if entry["order_id"] in known]


def _of_the_caller(told: Told) -> dict[str, str]:
    caller = told.caller
    known = {
        "name": {"Customer Name": caller.name},
        "email": {"Customer Email": caller.email},
        "reference": {"Order ID": told.orders[0]["reference_id"]} if told.orders else {},
    }
    return {name: value for fact in told.row.tells for name, value in known[fact].items()}


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    mapping = tmp_path_factory.mktemp("mapping") / "mapping.json"
    teams = {name: {"owner": owner, "channels": [{"mail": f"{name}@acme.example"}]} for name, owner in OWNERS.items()}
    mapping.write_text(json.dumps({"teams": teams, "confirm_to_callers": True}))
    with ExitStack() as stack:
        twin = stack.enter_context(running_twin(key=GOODY_KEY, webhook_secret=GOODY_WEBHOOK_SECRET, orders=30))
        mail = stack.enter_context(mail_sink())
        service = stack.enter_context(
            RunningService(
                HANDOFF_GOODY_BASE_URL=twin.url,
                HANDOFF_MAPPING_FILE=str(mapping),
                HANDOFF_SMTP_URL=mail.url,
                HANDOFF_MAIL_FROM="handoff@acme.example",
                HANDOFF_PUBLIC_URL=PUBLIC_URL,
                # Two at a time: calls that no order fits make each worker read the shop's news, all of them the same.
                HANDOFF_WORKER_CONCURRENCY="2",
            )
        )
        twin.tell(service.url)
        day = Day(service, VoiceAgents(service.client(), DIALNEXA_SECRETS[0]), twin, mail)
        placed = [day.place(row) for row in ROWS]
        for order in [order for told in placed for order in told.orders]:
            service.knows(order)
        for told in placed:
            day.deliver(told)
        wait_for(day.is_over, "the end of the day", pause=0.5)
        for told in placed:
            day.read(told)
            day.told[told.row.id] = told
        yield day


def rows(when: Callable[[Row], bool] = lambda _: True) -> pytest.MarkDecorator:
    """The rows of which something is so."""
    return pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in ROWS if when(row)])


@rows()
def test_row(row: Row, day: Day) -> None:
    """What was understood, matched and decided, where it waits for whom until when, and what was done at the shop."""
    told = day.told[row.id]
    call, action = told.call, told.action
    assert (call["match"]["outcome"], call["identity"]["role"]) == (row.match, row.role or _role(row))
    assert (action["kind"], action["verdict"]) == (row.kind, row.verdict)
    assert action["status"] == (row.status or STATUSES[row.verdict])
    fired = {finding["rule"] for finding in action["findings"] if finding["fired"]}
    assert set(row.fired) <= fired, fired
    assert set(row.says) <= set(call["fields"]), call["unread_fields"]
    assert [entry["effect"] for entry in told.writes] == ["done"] * row.acts
    if told.review is None:
        assert action["status"] in {"done", "handed_off"}
        return
    review = told.review
    assert row.queue in {None, review["queue"]}
    assert (review["status"], review["priority"]) == ("open", PRIORITIES[row.urgency])
    assert review["approval_role"] == row.approval_role
    assert review["approvals_needed"] == (row.approvals if row.verdict == "review" else 0)
    waits = datetime.fromisoformat(review["due_at"]) - datetime.fromisoformat(review["created_at"])
    assert abs(waits - timedelta(minutes=DUE_MINUTES[row.urgency])) < timedelta(minutes=1)
    assert [text for text in told.filled(row.shows) if text not in _shown(review)] == []


def _role(row: Row) -> str:
    return "unknown" if row.match == "unmatched" else row.by


def _shown(review: dict[str, Any]) -> str:
    """What a person reads of it before they decide, or do it by hand."""
    return "\n".join([*review["action"]["parameters"].values(), review["summary"] or ""])


def _has_a_team(row: Row) -> bool:
    """All but noise, and what was done at once: the caller hears of that from the shop, or has the link in the mail."""
    return row.kind != "none" and (row.verdict != "execute" or row.kind == "order_status")


@rows(when=_has_a_team)
def test_what_the_team_reads_of_a_row(row: Row, day: Day) -> None:
    """One handoff of at most a screen, delivered to the team that acts and to those that plan around it."""
    told = day.told[row.id]
    handoff = told.handoff
    lines = handoff["text"].splitlines()
    assert (handoff["team"], handoff["urgency"]) == (row.team, row.urgency)
    assert (handoff["body"]["owner"], handoff["body"]["due_minutes"]) == (OWNERS[row.team], DUE_MINUTES[row.urgency])
    assert len(lines) <= 22
    assert [text for text in told.filled(row.text) if text not in handoff["text"]] == [], handoff["text"]
    assert _labels(lines) >= {"Caller", "Record", "Reason", "Urgency", "Owner", "Next step", "Evidence"}
    assert {each["team"] for each in told.notifications} == {row.team, *row.also_told}
    assert {each["status"] for each in told.notifications} == {"delivered"}


def _labels(lines: list[str]) -> set[str]:
    return {line.partition(":")[0] for line in lines}


@rows(when=lambda row: not _has_a_team(row))
def test_a_row_that_asks_nothing_of_a_team_bothers_none(row: Row, day: Day) -> None:
    told = day.told[row.id]
    assert (told.call["handoffs"], told.notifications) == ([], [])


# --- what takes more than one call to see


def _events(day: Day, told: Told) -> list[str]:
    return [entry["event"] for entry in day.service.rows("/v1/audit", call_id=told.call_id)]


def test_h1_nothing_is_written_before_the_caller_was_matched(day: Day) -> None:
    events = _events(day, day.told["H1-matched_before_it_is_done"])
    steps = ["call.understood", "call.matched", "action.decided", "action.start", "action.succeed"]
    assert [event for event in events if event in steps] == steps


def test_h13_to_h15_and_h26_to_h27_nothing_was_written_anywhere_without_a_rule_or_a_person(day: Day) -> None:
    """Of all that was asked for today, webhooks and new orders among it, the shop saw only what rows say so of."""
    acting = [told for told in day.told.values() if told.row.acts or told.row.id == APPROVED_LATER]
    assert {entry["order_id"] for entry in day.twin.ledger()} <= {told.orders[0]["id"] for told in acting}


def test_h2_order_id_phone_email_product_and_recent_activity_are_compared(day: Day) -> None:
    evidence = day.told["H2-all_that_was_said_is_compared"].call["match"]["evidence"]
    exact = {line["field"] for line in evidence if line["agreement"] == "exact"}
    assert exact >= {"reference", "phone", "email", "name", "product", "recency"}
    assert all(line["says"] for line in evidence)


def test_h4_noise_is_kept_and_counted_and_can_be_sampled(day: Day) -> None:
    noise = {told.call_id for told in day.told.values() if told.row.kind == "none"}
    assert {row["call_id"] for row in day.service.rows("/v1/calls", kind="none")} == noise
    sample = day.service.get("/v1/calls", kind="none", sample=2)["data"]
    assert len(sample) == 2
    assert {row["call_id"] for row in sample} <= noise


def test_h8_links_of_a_mail_lead_to_the_call(day: Day) -> None:
    told = day.told["H8-links"]
    (mail,) = _mails(day, told)
    body = mail.get_body(("plain",))
    assert body is not None
    assert f"{PUBLIC_URL}/v1/calls/{told.call_id}" in body.get_content()


def test_h10_the_follow_up_is_in_the_team_s_calendar(day: Day) -> None:
    (event,) = _invite(day, day.told["H10-why_and_what_next"]).walk("VEVENT")
    assert event.decoded("dtstart").astimezone(NEW_YORK).isoformat()[:16] == f"{NEXT_WEEK}T15:00"


def _invite(day: Day, told: Told) -> Calendar:
    """The calendar file of the mail that the row's team got."""
    (mail,) = _mails(day, told)
    (attached,) = mail.iter_attachments()
    content = attached.get_payload(decode=True)
    assert isinstance(content, bytes)
    return Calendar.from_ical(content)


def _mails(day: Day, told: Told) -> list[EmailMessage]:
    own = [each["id"] for each in told.notifications if each["team"] == told.row.team]
    return [mail for mail in day.mail.mails if any(name in mail["Message-ID"] for name in own)]


def _answer(day: Day, told: Told, **heard: str) -> dict[str, Any]:
    body = {"call_id": new_call_id(), "caller_number": told.caller.phone, **heard}
    answer = day.service.admin.post("/v1/tools/order-lookup", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_h12_the_context_of_a_customer_is_at_hand_during_the_call(day: Day) -> None:
    """Customer and order are matched; fulfilment, payment, delivery promise and return eligibility are told."""
    shipped, delivered = day.told["H22-delivery_deadline"], day.told["H22-return_reason"]
    known = [
        _answer(day, told, order_id=told.orders[0]["reference_id"], customer_name=told.caller.name,
                customer_email=told.caller.email)
        for told in (shipped, delivered)
    ]  # fmt: skip
    assert [answer["level"] for answer in known] == ["clear", "clear"]
    assert [answer["order"]["status"] for answer in known] == ["on_its_way", "delivered"]
    assert known[0]["order"]["payment"] == "charged"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", known[0]["order"]["delivery_promise"])
    assert known[1]["order"]["eligibility"]["return_order"] == "ask_people"
    assert _answer(day, shipped, customer_name=shipped.caller.name)["level"] != "clear"


def test_h15_reason_confidence_and_owner_are_known_before_it_happens(day: Day) -> None:
    told = day.told[APPROVED_LATER]
    review = told.review
    assert review is not None
    assert told.writes == []
    assert review["action"]["parameters"]["return_reason"] == "the wedding is off"
    assert review["action"]["inputs"]["identity.confidence"] > 0.9
    assert review["approval_role"] == "reviewer"
    assert review["fingerprint"]
    answer = day.service.admin.post(
        f"/v1/reviews/{review['id']}/approval",
        headers={"if-match": f'"{review["version"]}"'},
        json={"reason_code": "caller_asked", "note": "The wedding is off."},
    )
    assert answer.status_code == 200, answer.text
    (action,) = day.service.with_action(told.call_id, "done")["actions"]
    assert [attempt["outcome"] for attempt in action["attempts"]] == ["succeeded"]
    (entry,) = day.twin.ledger(order_id=told.orders[0]["id"])
    assert (entry["effect"], entry["idempotency_key"]) == ("done", f"{told.call_id}:{action['id']}")
    events = _events(day, told)
    assert events.index("action.ask") < events.index("review.approved") < events.index("action.start")
    (approval,) = day.service.review(review["id"])["approvals"]
    assert (approval["reason_code"], approval["note"]) == ("caller_asked", "The wedding is off.")


def test_h17_a_call_told_three_times_acts_once_under_its_own_key(day: Day) -> None:
    told = day.told["H17-told_three_times"]
    call = day.service.call(told.call_id, lambda call: len(call["families"]) == 2, "both families told of it")
    (action,) = call["actions"]
    assert len(action["attempts"]) == 1
    (entry,) = day.twin.ledger(order_id=told.orders[0]["id"])
    assert entry["idempotency_key"] == f"{told.call_id}:{action['id']}" == action["attempts"][0]["idempotency_key"]
    listed = [row for row in day.service.rows("/v1/calls") if row["call_id"] == told.call_id]
    assert len(listed) == 1


def test_h18_the_summary_leads_to_transcript_and_recording(day: Day) -> None:
    told = day.told["H18-summary_for_the_shop"]
    review = told.review
    assert review is not None
    assert len(review["summary"].splitlines()) <= 12
    call = day.service.get(f"/v1/calls/{review['call_id']}")
    assert call["transcript"][0]["text"] == "Hello there."
    assert call["links"]["recording"] == f"/v1/calls/{told.call_id}/recording"
    done = day.service.admin.post(
        f"/v1/reviews/{review['id']}/assistance",
        headers={"if-match": f'"{review["version"]}"'},
        json={"reason_code": "asked_at_the_shop", "note": "Case 7 at Goody's support."},
    )
    assert done.status_code == 200, done.text
    day.service.with_action(told.call_id, "done", "awaiting_confirmation")


def test_h25_the_calendar_moves_with_the_booking(day: Day) -> None:
    (event,) = _invite(day, day.told["H25-moved"]).walk("VEVENT")
    assert event.decoded("dtstart").astimezone(BERLIN).isoformat()[:16] == f"{NEXT_WEEK}T10:00"


def test_h25_the_caller_gets_a_confirmation_at_the_address_on_file(day: Day) -> None:
    told = day.told["H25-moved"]
    (mail,) = [mail for mail in day.mail.mails if mail["To"] == told.caller.email]
    assert "Booking: B-41" in mail.get_content()
    everybody = {told.caller.email for told in day.told.values()}
    has_link = day.told["H14-the_link_again"].caller.email
    assert {mail["To"] for mail in day.mail.mails} & everybody == {told.caller.email, has_link}


def test_h14_the_link_goes_to_the_recipient_on_file(day: Day) -> None:
    told = day.told["H14-the_link_again"]
    (mail,) = [mail for mail in day.mail.mails if mail["To"] == told.caller.email]
    assert told.orders[0]["individual_gift_link"] in mail.get_content()


def test_h28_marketing_hears_safe_words_only(day: Day) -> None:
    """Of all calls of the day, and only of those without a risk: an interest, an outcome, a need, and nothing said."""
    signals = list(day.service.rows("/v1/signals"))
    kinds = Counter(told.row.kind for told in day.told.values() if not told.action["inputs"]["call.risk_flags"])
    outcomes = kinds["return_order"] + kinds["refund_order"] + kinds["substitute_item"]
    heard = Counter(signal["signal"] for signal in signals)
    assert heard == {
        "product_interest": kinds["route_buying_intent"], "follow_up_need": kinds["follow_up"],
        "return_outcome": outcomes,
    }  # fmt: skip
    assert {name for signal in signals for name in signal} <= {"signal", "day", "question", "outcome"}
    asked = {row.text[0] for row in ROWS if row.id.startswith("H23")}
    assert asked <= {question for signal in signals for question in signal.get("question", "").split(", ")}
    texts = json.dumps(signals)
    private = [text for told in day.told.values() for text in (told.caller.name, told.caller.email, told.call_id)]
    said = [value for row in ROWS for name, value in row.says.items() if isinstance(value, str) and name not in CODES]
    assert [text for text in (*private, *said) if text in texts] == []


def test_h29_what_the_mapping_leaves_out_is_named_and_nothing_starts(day: Day, tmp_path: Path) -> None:
    """Destination object, owner, status, next step and record URL of a kind; and the team that the policy names."""
    records = dict.fromkeys(("destination_object", "status", "next_step", "record_url"))
    teams = {name: {"channels": [{"mail": f"{name}@acme.example"}]} for name in OWNERS}
    gaps = {"teams": {**teams, "sales": {"owner": None}}, "records": {"cancel_order": records}}
    mapping = tmp_path / "mapping.json"
    mapping.write_text(json.dumps(gaps))
    wrong = {"HANDOFF_MAPPING_FILE": str(mapping), "HANDOFF_PORT": "1"}
    with ThreadPoolExecutor(2) as pool:
        checking = pool.submit(day.service.run, "check", "--json", **wrong)
        serving = pool.submit(day.service.run, "serve", **wrong)
    checked, refused = checking.result(), serving.result()
    assert (checked.returncode, refused.returncode) == (1, 1), checked.stderr
    checks = {each["subject"]: each for each in json.loads(checked.stdout)["checks"]}
    named = "\n".join(each["says"] for each in checks.values() if each["state"] == "missing")
    for name in (*(f"records.cancel_order.{name}" for name in records), "teams.sales.owner", "teams.sales.channels"):
        assert name in named
        assert name in refused.stderr
    assert "| escalations, Escalations lead | high |" in checks["kind escalate"]["says"]


# --- the table itself


def test_the_table_and_its_document_have_every_row() -> None:
    """docs/requirements.md has a line for each requirement, and names only rows and tests that are here."""
    tested = {name.split("_")[1].upper() for name in globals() if re.match(r"test_h\d+_", name)}
    asked = [f"H{number}" for number in range(1, 30)]
    assert {row.id.partition("-")[0] for row in ROWS} | tested == set(asked)
    lines = re.findall(r"^\| (H\d+) \|(.*)$", DOCUMENT.read_text(), re.MULTILINE)
    assert [number for number, _ in lines] == asked
    for number, line in lines:
        named = set(re.findall(r"`(H\d+-\w+|test_h\d+_\w+)`", line))
        assert named, number
        assert named <= {row.id for row in ROWS} | set(globals()), number
    everything = DOCUMENT.read_text()
    assert [row.id for row in ROWS if f"`{row.id}`" not in everything and not row.id.startswith("H23")] == []
