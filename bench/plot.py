"""Pictures of the tables in docs/benchmarks.md: a bar for each median, a line from the least to the most.

    plot.py FILE    writes FILE's pictures beside it, bench-NAME.svg for the table between `<!-- NAME -->` and its end

They are made of the tables, not of the measurements, so that a picture can't say something else than the text: the test
checks.benchmark_pictures makes them again."""

import html
import pathlib
import re
import sys

# Table, column of its value, what the bars are, columns of further marks: (column, what it is).
PICTURES = [
    ("handshake", 1, "Server's CPU time of one handshake, microseconds: less is better", []),
    ("connections", 1, "Server's CPU time of one connection, microseconds: less is better", []),
    ("storm", 3, "Seconds until 99 of 100 devices were in: less is better", []),
    ("assignments", 1, "Assignments a second: more is better", []),
    ("memory", 1, "One thread in memory, MB/s: more is better", []),
    ("throughput", 1, "Whole paths, MB/s: more is better", []),
    ("stall", 1, "Longest pause around a switch, ms: less is better", [(2, "goal")]),
]
OWN = ("psk13", "cpns-server", "direct mode", "gateway mode", "session", "planned", "unplanned", "the Server")
WIDTH, LEFT, RIGHT, ROW, TOP = 860, 300, 150, 30, 44


def rows_of(text, name):
    """The cells of the table with this mark, without its head."""
    begin = f"<!-- {name} -->\n"
    if begin not in text:
        return []
    lines = text.split(begin, 1)[1].split("<!-- end -->", 1)[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:] if line.startswith("|")]


def numbers(cell):
    """`median (min-max)` or one number, as three numbers."""
    found = re.fullmatch(r"([\d.,]+)(?: \(([\d.,]+)-([\d.,]+)\))?", cell)
    if not found:
        return None
    median, least, most = (part and float(part.replace(",", "")) for part in found.groups())
    return (median, median if least is None else least, median if most is None else most)


def limit(bars, marks):
    """The right end of the axis: a whisker of many times all medians would hide them, and is cut."""
    most = min(max(value[2] for _, value in bars), 2 * max(value[0] for _, value in bars))
    return max([most] + [value for some in marks for value, _ in some])


def bar(y, name, value, scale, end):
    median, least, most = (min(v, end) for v in value)
    x, middle = LEFT, y + ROW / 2
    color = "#2a6fb0" if name.startswith(OWN) else "#9aa5b1"
    cut = " ›" if value[2] > end else ""
    shown = f"{value[0]:g}"
    return (f'<text x="{x - 8}" y="{middle + 4:.0f}" text-anchor="end">{html.escape(name)}</text>'
            f'<rect x="{x}" y="{y + 6}" width="{median * scale:.1f}" height="{ROW - 12}" fill="{color}"/>'
            f'<path d="M{x + least * scale:.1f} {middle:.0f}H{x + most * scale:.1f}" stroke="#222"/>'
            f'<text x="{x + most * scale + 8:.1f}" y="{middle + 4:.0f}">{shown}{cut}</text>')


def picture(title, bars, marks):
    end = limit(bars, marks)
    scale = (WIDTH - LEFT - RIGHT) / end
    height = TOP + ROW * len(bars) + 12
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
             f'font-size="13">', f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
             f'<text x="12" y="26" font-size="15" font-weight="bold">{html.escape(title)}</text>']
    for index, (name, value) in enumerate(bars):
        y = TOP + ROW * index
        parts.append(bar(y, name, value, scale, end))
        for number, what in marks[index]:
            x = LEFT + number * scale
            parts.append(f'<path d="M{x:.1f} {y + 3}V{y + ROW - 3}" stroke="#b03a2a" stroke-width="2">'
                         f'<title>{what} {number:g}</title></path>')
    return "\n".join(parts + ["</svg>", ""])


def pictures(text):
    """{name: SVG}"""
    made = {}
    for name, column, title, mark_columns in PICTURES:
        rows = [row for row in rows_of(text, name) if numbers(row[column])]
        if not rows:
            continue
        bars = [(row[0], numbers(row[column])) for row in rows]
        marks = [[(numbers(row[at])[0], what) for at, what in mark_columns if numbers(row[at])] for row in rows]
        if any(marks):
            title += " (red: " + ", ".join(what for _, what in mark_columns) + ")"
        made[name] = picture(title, bars, marks)
    return made


def findings(document, text, read):
    """What is wrong with the pictures of `text`; `read(name)` is one of them, None where it is not there."""
    found = []
    for name, svg in pictures(text).items():
        file = f"bench-{name}.svg"
        if read(file) != svg:
            found.append(f"{file} does not show the table of {document}: run `python3 bench/plot.py {document}`")
        if f"({file})" not in text:
            found.append(f"{document} does not show {file}")
    return found


def main():
    document = pathlib.Path(sys.argv[1])
    for name, svg in pictures(document.read_text()).items():
        document.with_name(f"bench-{name}.svg").write_text(svg)


if __name__ == "__main__":
    main()
