"""docs/life.md and its picture against the code: one row for each row of kLife, in order; one arrow in docs/life.svg
for each pair of states that a row joins, and a box for each state."""

import re

from check import main

TABLE = "src/core/life/life.hpp"
DOCUMENT = "docs/life.md"
PICTURE = "docs/life.svg"
ROW = re.compile(r'Change\{State::(\w+),\s*On::(\w+),\s*State::(\w+),\s*"([^"]*)",\s*"([^"]*)"\}')
DOCUMENT_ROW = re.compile(r"^\| (\w+) \| (\w+) \| (\w+) \| ([A-Z0-9 ]+) \| (.*) \|$", re.MULTILINE)
ARROW = re.compile(r'data-from="(\w+)" data-to="(\w+)"')
BOX = re.compile(r'data-state="(\w+)"')


def read(root, name):
    path = root / name
    return path.read_text() if path.is_file() else ""


def findings(root):
    rows = ROW.findall(read(root, TABLE))
    if not rows:
        return [f"{TABLE}: no row of kLife could be read"]
    found = []
    shown = DOCUMENT_ROW.findall(read(root, DOCUMENT))
    for row in rows:
        if row not in shown:
            found.append(f"{DOCUMENT}: lacks | {' | '.join(row)} |")
    for row in shown:
        if row not in rows:
            found.append(f"{DOCUMENT}: has | {' | '.join(row)} |, kLife has not")
    if not found and shown != rows:
        found.append(f"{DOCUMENT}: its rows are in another order than those of kLife")
    picture = read(root, PICTURE)
    arrows, wanted = set(ARROW.findall(picture)), {(a, b) for a, _, b, _, _ in rows}
    for a, b in sorted(wanted - arrows):
        found.append(f"{PICTURE}: lacks the arrow from {a} to {b}")
    for a, b in sorted(arrows - wanted):
        found.append(f"{PICTURE}: has an arrow from {a} to {b}, kLife has not")
    for state in sorted({s for a, _, b, _, _ in rows for s in (a, b)} - set(BOX.findall(picture))):
        found.append(f"{PICTURE}: lacks the state {state}")
    return found


CODE = 'Change{State::A, On::X, State::B, "R1", "why"},\nChange{State::B, On::Y, State::A, "V1", "because"},\n'
TEXT = "| A | X | B | R1 | why |\n| B | Y | A | V1 | because |\n"
DRAWN = '<g data-state="A"/><g data-state="B"/><path data-from="A" data-to="B"/><path data-from="B" data-to="A"/>'


def tree(code=CODE, text=TEXT, drawn=DRAWN):
    return {TABLE: code, DOCUMENT: text, PICTURE: drawn}


SELF_TESTS = [
    (tree(), None),
    (tree(code=""), "no row"),
    (tree(text=TEXT.replace("| A | X | B | R1 | why |\n", "")), "lacks | A | X | B | R1 | why |"),
    (tree(text=TEXT.replace("why", "other")), "has | A | X | B | R1 | other |"),
    (tree(drawn=DRAWN.replace('<path data-from="A" data-to="B"/>', "")), "lacks the arrow from A to B"),
    (tree(drawn=DRAWN + '<path data-from="A" data-to="A"/>'), "has an arrow from A to A"),
    (tree(drawn=DRAWN.replace('<g data-state="B"/>', "")), "lacks the state B"),
]

if __name__ == "__main__":
    main(__name__)
