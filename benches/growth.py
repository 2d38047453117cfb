#!/usr/bin/env python3
"""Makes a chart of what a growing store takes: benches/growth.py FILE.csv > FILE.svg

The file is what `cargo bench --bench record -- --growth 1000000 --csv FILE.csv` wrote.
"""

import csv
import sys

WIDTH, HEIGHT, LEFT, TOP, BETWEEN = 760, 150, 70, 30, 60


def panel(number, title, unit, declarations, lines):
    """One chart: a title, an axis from 0, and a line for each name."""
    top = TOP + number * (HEIGHT + BETWEEN)
    most = max(max(values) for _, _, values in lines) * 1.1 or 1
    right = max(declarations)
    yield f'<text x="{LEFT}" y="{top - 10}" font-weight="bold">{title}</text>'
    for part in range(5):
        y = top + HEIGHT - HEIGHT * part / 4
        yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{LEFT + WIDTH}" y2="{y:.1f}" stroke="#ddd"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{most * part / 4:,.0f} {unit}</text>'
    for part in range(5):
        x = LEFT + WIDTH * part / 4
        yield f'<text x="{x:.1f}" y="{top + HEIGHT + 16}" text-anchor="middle">{right * part / 4:,.0f}</text>'
    for at, (name, colour, values) in enumerate(lines):
        points = (
            f"{LEFT + WIDTH * x / right:.1f},{top + HEIGHT - HEIGHT * y / most:.1f}"
            for x, y in zip(declarations, values)
        )
        yield f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        yield f'<text x="{LEFT + WIDTH - 140 * at}" y="{top - 10}" text-anchor="end" fill="{colour}">{name}</text>'


def chart(rows):
    """All charts of one file."""
    columns = {name: [float(row[name]) for row in rows] for name in rows[0]}
    declarations = columns["declarations"]
    each = lambda name: [taken / count for taken, count in zip(columns[name], declarations)]
    panels = [
        ("Resident size", "MB", [("process", "#06c", [size / 1e6 for size in columns["resident_bytes"]])]),
        (
            "Bytes on the disk for each declaration",
            "B",
            [("journal", "#06c", each("journal_bytes")), ("state", "#c60", each("state_bytes"))],
        ),
        ("Entries that the state does not hold yet", "", [("lag", "#06c", columns["lag"])]),
    ]
    height = TOP + len(panels) * (HEIGHT + BETWEEN)
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 30} {height}" font-family="sans-serif" font-size="11">'
    yield f'<rect width="{LEFT + WIDTH + 30}" height="{height}" fill="white"/>'
    for number, (title, unit, lines) in enumerate(panels):
        yield from panel(number, title, unit, declarations, lines)
    yield "</svg>"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], newline="") as file:
        print("\n".join(chart(list(csv.DictReader(file)))))
