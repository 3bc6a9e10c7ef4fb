"""A handoff as a small mail document: nothing remote, no script, no form. Built as a tree, so that text stays text."""

from xml.etree.ElementTree import Element, SubElement, tostring

from app.core.handoff import Handoff, is_web_address
from app.core.handoff_lines import Line, due_of, evidence_of, lines_of, title_of
from app.core.handoff_text import subject_of
from app.core.policy import Urgency

# Inline, since mail programs drop style sheets. The colours keep a contrast of 4.5 to 1 on white and on their own.
_BODY = "margin:0;padding:16px;background:#ffffff;color:#1a1a1a;font:15px/1.45 Arial,Helvetica,sans-serif"
_BAND = "margin:0;padding:10px 14px;color:#ffffff;font-size:18px;font-weight:bold;background:"
_DUE = "margin:0 0 12px 0;padding:6px 14px;background:#f2f2f2"
_TABLE = "border-collapse:collapse;width:100%;max-width:640px"
_LABEL = "padding:5px 14px 5px 0;vertical-align:top;text-align:left;white-space:nowrap;font-weight:bold;color:#555555"
_VALUE = "padding:5px 0;vertical-align:top;overflow-wrap:anywhere"
_STEP = _VALUE + ";font-weight:bold"
_EVIDENCE = "margin:14px 0 0 0;padding-top:10px;border-top:1px solid #cccccc;max-width:640px;font-size:13px"
_COLOURS = {Urgency.NORMAL: "#3b5b7c", Urgency.HIGH: "#8a5300", Urgency.URGENT: "#a31515"}


def as_html(handoff: Handoff) -> str:
    """The whole document, in ASCII: other letters are written as references, so that no mail server can spoil them."""
    page = Element("html", lang="en")
    head = SubElement(page, "head")
    SubElement(head, "meta", charset="utf-8")
    SubElement(head, "title").text = subject_of(handoff)
    body = SubElement(page, "body", style=_BODY)
    frame = SubElement(body, "div", style="max-width:640px")
    SubElement(frame, "h1", style=_BAND + _COLOURS[handoff.urgency]).text = title_of(handoff)
    SubElement(frame, "p", style=_DUE).text = due_of(handoff).capitalize().replace(" utc", " UTC")
    table = SubElement(frame, "table", style=_TABLE)
    for line in lines_of(handoff):
        _add_row(table, line)
    _add_evidence(frame, evidence_of(handoff))
    written: bytes = tostring(page, encoding="us-ascii", method="html")
    return "<!DOCTYPE html>\n" + written.decode("ascii")


def _add_row(table: Element, line: Line) -> None:
    row = SubElement(table, "tr")
    SubElement(row, "th", scope="row", style=_LABEL).text = line.label
    cell = SubElement(row, "td", style=_STEP if line.label == "Next step" else _VALUE)
    cell.text = line.value
    if line.link:
        cell.text += " "
        _add_link(cell, "open", line.link)


def _add_evidence(frame: Element, evidence: tuple[Line, ...]) -> None:
    paragraph = SubElement(frame, "p", style=_EVIDENCE)
    paragraph.text = "Evidence: "
    for line in evidence:
        part = SubElement(paragraph, "span")
        if line.link:
            _add_link(part, line.label, line.link)
        else:
            part.text = f"{line.label} {line.value}"
        part.tail = " \u00b7 " if line is not evidence[-1] else None


def _add_link(parent: Element, words: str, link: str) -> None:
    """An address that a mail can be left by; a path of ours alone is only shown."""
    if is_web_address(link):
        SubElement(parent, "a", href=link, style="color:#1d4f91").text = words
    else:
        SubElement(parent, "span").text = f"{words} {link}"
