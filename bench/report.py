"""Results as a Markdown table, as JSON and as a bar chart."""
import datetime
import json
import os
import platform
import subprocess
from pathlib import Path
from xml.sax.saxutils import escape

COLOURS = ("#2f6fb5", "#d9822b", "#7a9a3c", "#9467a9", "#5f6b76")


def machine(load):
    """Where and when a result was made; figures from different machines do not compare."""
    cpu = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), "unknown")
    return {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"), "cpu": cpu,
            "cores": os.cpu_count(), "kernel": platform.release(), "revision": revision(),
            "load before": f"{load:.2f}"}


def revision():
    here = Path(__file__).resolve().parent
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=here, capture_output=True, text=True,
                          check=False)
    return done.stdout.strip() or "unknown"


def table(header, rows):
    """A Markdown table; the first column is text, the others are figures."""
    lines = ["| " + " | ".join(header) + " |", "| --- |" + " ---: |" * (len(header) - 1)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def without_root(text):
    """Paths in results are relative to the project's folder: where that lay is nobody's business."""
    return text.replace(f"{Path(__file__).resolve().parent.parent}/", "")


def write(folder, name, document, markdown, svg=None):
    """NAME.json, NAME.md and, where there is a chart, NAME.svg."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(without_root(json.dumps(document, indent=1)) + "\n")
    (folder / f"{name}.md").write_text(without_root(markdown))
    if svg:
        (folder / f"{name}.svg").write_text(svg)


def bar_chart(title, series, rows, unit=""):
    """A horizontal bar chart. `rows` is [(label, [value or None for each of series])]; None is drawn as a failure."""
    bar, gap, left, width, top = 13, 12, 130, 560, 58
    group = bar * len(series) + gap
    height = top + group * len(rows) + 16
    largest = max((value for _, values in rows for value in values if value is not None), default=1.0)
    scale = width / max(largest, 1.0)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 90} {height}" '
             'font-family="sans-serif" font-size="12">',
             "<style>text{fill:#222}@media(prefers-color-scheme:dark){text{fill:#ddd}}</style>",
             f'<text x="8" y="20" font-size="15">{escape(title)}</text>', *legend(series, left)]
    for index, (label, values) in enumerate(rows):
        y = top + index * group
        parts.append(f'<text x="{left - 8}" y="{y + group / 2 - 2:.1f}" text-anchor="end">{escape(label)}</text>')
        for place, value in enumerate(values):
            parts += one_bar(left, y + place * bar, bar, value, scale, COLOURS[place % len(COLOURS)], unit)
    if not unit:
        x = left + scale
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top - 6}" y2="{height - 12}" stroke="#888" '
                     'stroke-dasharray="3 3"/>')
    return "\n".join(parts) + "\n</svg>\n"


def legend(series, left):
    for place, name in enumerate(series):
        x = left + 130 * place
        yield f'<rect x="{x}" y="32" width="11" height="11" fill="{COLOURS[place % len(COLOURS)]}"/>'
        yield f'<text x="{x + 16}" y="42">{escape(name)}</text>'


def one_bar(left, y, thick, value, scale, colour, unit):
    if value is None:
        return [f'<text x="{left + 4}" y="{y + thick - 3}" fill-opacity="0.6">none</text>']
    length = max(value * scale, 1)
    return [f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{thick - 2}" fill="{colour}"/>',
            f'<text x="{left + length + 4:.1f}" y="{y + thick - 3}">{value:.2f}{unit}</text>']
