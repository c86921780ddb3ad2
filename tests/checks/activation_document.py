"""docs/activation.md and its picture against the code: one row for each row of kTransitions, in order; one arrow in
docs/activation.svg for each pair of states that a row joins, and a box for each state."""

import re

from check import main

TABLE = "src/core/activation/transitions.hpp"
DOCUMENT = "docs/activation.md"
PICTURE = "docs/activation.svg"
ROW = re.compile(r'Transition\{State::(\w+),\s*On::(\w+),\s*State::(\w+),\s*"([^"]*)"\}')
DOCUMENT_ROW = re.compile(r"^\| (\w+) \| (\w+) \| (\w+) \| (.*) \|$", re.MULTILINE)
ARROW = re.compile(r'data-from="(\w+)" data-to="(\w+)"')
BOX = re.compile(r'data-state="(\w+)"')


def read(root, name):
    path = root / name
    return path.read_text() if path.is_file() else ""


def findings(root):
    rows = ROW.findall(read(root, TABLE))
    if not rows:
        return [f"{TABLE}: no row of kTransitions could be read"]
    found = []
    shown = [row for row in DOCUMENT_ROW.findall(read(root, DOCUMENT)) if row[0] != "From"]
    for row in rows:
        if row not in shown:
            found.append(f"{DOCUMENT}: lacks | {' | '.join(row)} |")
    for row in shown:
        if row not in rows:
            found.append(f"{DOCUMENT}: has | {' | '.join(row)} |, kTransitions has not")
    if not found and shown != rows:
        found.append(f"{DOCUMENT}: its rows are in another order than those of kTransitions")
    picture = read(root, PICTURE)
    arrows, wanted = set(ARROW.findall(picture)), {(a, b) for a, _, b, _ in rows}
    for a, b in sorted(wanted - arrows):
        found.append(f"{PICTURE}: lacks the arrow from {a} to {b}")
    for a, b in sorted(arrows - wanted):
        found.append(f"{PICTURE}: has an arrow from {a} to {b}, kTransitions has not")
    for state in sorted({s for a, _, b, _ in rows for s in (a, b)} - set(BOX.findall(picture))):
        found.append(f"{PICTURE}: lacks the state {state}")
    return found


CODE = 'Transition{State::A, On::X, State::B, "why"},\nTransition{State::B, On::Y, State::A, "because"},\n'
TEXT = "| From | When | To | In words |\n| A | X | B | why |\n| B | Y | A | because |\n"
DRAWN = '<g data-state="A"/><g data-state="B"/><path data-from="A" data-to="B"/><path data-from="B" data-to="A"/>'


def tree(code=CODE, text=TEXT, drawn=DRAWN):
    return {TABLE: code, DOCUMENT: text, PICTURE: drawn}


SELF_TESTS = [
    (tree(), None),
    (tree(code=""), "no row"),
    (tree(text=TEXT.replace("| A | X | B | why |\n", "")), "lacks | A | X | B | why |"),
    (tree(text=TEXT.replace("why", "other")), "has | A | X | B | other |"),
    (tree(text=TEXT + "| B | Z | A | more |\n"), "has | B | Z | A | more |"),
    (tree(text="| B | Y | A | because |\n| A | X | B | why |\n"), "another order"),
    (tree(drawn=DRAWN.replace('data-to="A"', 'data-to="B"')), "lacks the arrow from B to A"),
    (tree(drawn=DRAWN + '<path data-from="A" data-to="A"/>'), "has an arrow from A to A"),
    (tree(drawn=DRAWN.replace('data-state="B"', "")), "lacks the state B"),
]

if __name__ == "__main__":
    main(__name__)
