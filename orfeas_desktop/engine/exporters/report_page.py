"""The report as a page that every browser shows, light or dark, narrow or wide, and that prints."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orfeas_desktop.engine.exporters.report_facts import Picture, Report

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ --ground: #f7f8fa; --card: #fff; --line: #d5dae1; --text: #1b1f24; --soft: #58616d;
  --good: #17703f; --bad: #b3261e; --note: #8a5a00 }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ground: #16181c; --card: #1e2126; --line: #363c45; --text: #e7eaee; --soft: #a3abb6;
    --good: #4cc38a; --bad: #ff8a80; --note: #f0b14a }}
}}
* {{ box-sizing: border-box }}
body {{ margin: 0; padding: 2rem 1rem 4rem; background: var(--ground); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }}
main {{ max-width: 62rem; margin: 0 auto; display: grid; grid-template-columns: minmax(0, 1fr); gap: 1rem }}
h1 {{ font-size: 1.6rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere }}
h2 {{ font-size: 1rem; margin: 0 0 .6rem }}
p {{ margin: 0 0 .5rem; overflow-wrap: anywhere }}
.soft {{ color: var(--soft) }}
section {{ background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.1rem 1.25rem; min-width: 0 }}
.top {{ display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); gap: 1.5rem; align-items: center }}
.top img {{ width: 100%; height: auto; display: block }}
figure {{ margin: 0 }}
figcaption {{ font-size: .87rem; color: var(--soft); margin-top: .4rem }}
dl {{ display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .25rem 1.25rem; margin: 0 }}
dt {{ color: var(--soft) }}
dd {{ margin: 0; overflow-wrap: anywhere }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; vertical-align: top; padding: .35rem 1rem .35rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere }}
tr:first-child > * {{ border-top: 0 }}
th {{ font-weight: 600 }}
.readers th, .readers td:nth-child(2) {{ min-width: 9rem }}
td.number {{ text-align: right; white-space: nowrap; padding-right: 0; font-variant-numeric: tabular-nums }}
.verdict {{ font-weight: 600 }}
td.verdict {{ white-space: nowrap }}
.fine {{ color: var(--good) }}
.fault {{ color: var(--bad) }}
.none {{ color: var(--soft); font-weight: 400 }}
.note {{ color: var(--note) }}
ul {{ margin: 0; padding-left: 1.2rem; overflow-wrap: anywhere }}
footer {{ color: var(--soft); font-size: .87rem }}
@media (max-width: 40rem) {{
  .top {{ grid-template-columns: minmax(0, 1fr) }}
  section {{ padding: 1rem }}
  dl {{ grid-template-columns: minmax(0, 1fr); gap: 0 }}
  dd {{ margin-bottom: .5rem }}
  .readers tr {{ display: block; border-top: 1px solid var(--line); padding: .45rem 0 }}
  .readers tr:first-child {{ border-top: 0 }}
  .readers th, .readers td {{ display: block; border: 0; padding: 0 }}
}}
@media print {{
  :root {{ --ground: #fff; --card: #fff; --line: #bbb; --text: #000; --soft: #444; --good: #060; --bad: #900; --note: #640 }}
  body {{ padding: 0 }}
  section {{ break-inside: avoid; border-radius: 0; border-width: 1px 0 0; padding: .8rem 0 }}
}}
</style>
</head>
<body>
<main>
<section class="top">
{picture}
<div>
<h1>{name}</h1>
<p class="soft">{format}</p>
<p class="verdict {state}">{verdict}</p>
<dl>{summary}</dl>
</div>
</section>
{notes}
<section><h2>Who looked at it</h2><table class="readers">{readers}</table>{unjudged}</section>
<section><h2>Files</h2><table>{files}</table></section>
{textures}
<section><h2>Settings</h2><dl>{settings}</dl></section>
<footer>{written}</footer>
</main>
</body>
</html>
"""
_OUTLINE, _COLOR = 0.98, 0.05
"""From where on a picture counts as the same."""


def page_of(report: Report, picture: str, settings: Iterable[tuple[str, str]]) -> str:
    """Return the page; `picture` is a PNG in base64, or empty, `settings` are named as people know them. Whatever names hold, nothing in it runs."""
    state, verdict = _overall(report)
    name = report.files[0][0]
    return _PAGE.format(
        title=_safe(f"{report.format}: {name}"),
        name=_safe(name),
        format=_safe(f"Exported as {report.format}"),
        state=state,
        verdict=_safe(verdict),
        picture=_figure(report, picture),
        summary=_terms(_summary(report)),
        notes=_section("Worth knowing", f"<ul>{_items(report.notes)}</ul>", "note") if report.notes else "",
        readers=_readers(report),
        unjudged=f'<p class="soft" style="margin-top:.8rem">{_safe(report.unjudged)}</p>'
        if report.unjudged
        else "",
        files="".join(_file(each, size) for each, size in report.files),
        textures=_textures(report),
        settings=_terms(settings),
        written=_safe(f"Written by {report.program}, {report.exporter}."),
    )


def _overall(report: Report) -> tuple[str, str]:
    """Return the state of the whole and the sentence for it."""
    faults = [each for each in report.readers if each.fine is False]
    agreed = len({each.reader for each in report.readers if each.fine})
    if faults:
        return (
            "fault",
            f"Read back whole, but {_count(len(faults), 'reader finds a fault', 'readers find faults')}",
        )
    others = f", and {_count(agreed, 'other reader agrees', 'other readers agree')}" if agreed else ""
    if not is_same(report.picture):
        return "fault", f"Read back whole{others}, but it does not look the same"
    same = " It looks the same." if report.picture.likeness else ""
    return "fine", f"Read back and found whole{others}.{same}"


def is_same(picture: Picture) -> bool:
    """Whether what was read back looks as what was handed in, as far as it could be looked at."""
    alike = picture.likeness
    if alike is None:
        return True
    return alike.outline >= _OUTLINE and (not picture.colors or alike.color <= _COLOR)


def _figure(report: Report, picture: str) -> str:
    said = _said(report.picture)
    image = f'<img alt="{_safe(said)}" src="data:image/png;base64,{picture}">' if picture else ""
    return f"<figure>{image}<figcaption>{_safe(said)}</figcaption></figure>"


def _said(picture: Picture) -> str:
    if not picture.reader:
        return "What was handed to the exporter: nothing here draws this format."
    if picture.likeness is None:
        return f"Read back by {picture.reader}; it could not be drawn on this machine."
    outline = f"its outline covers {100 * picture.likeness.outline:.1f} % of the same places"
    colors = f", its colours differ by {100 * picture.likeness.color:.1f} %" if picture.colors else ""
    return f"What {picture.reader} read back. Beside what was handed to the exporter, {outline}{colors}."


def _summary(report: Report) -> list[tuple[str, str]]:
    rows = [
        ("Size", " × ".join(f"{side:.4g}" for side in report.size_m) + " m (width, height, depth)"),
        ("Axes and unit", report.space),
        ("Faces", _faces(report.faces_per_level)),
    ]
    if report.collision_pieces:
        rows.append(("Collision pieces", str(report.collision_pieces)))
    if report.left_out:
        rows.append(("Left out of the surfaces", ", ".join(report.left_out)))
    others = [
        _count(number, one, more)
        for number, one, more in (
            (report.nodes, "node", "nodes"),
            (report.cameras, "camera", "cameras"),
            (report.lights, "light", "lights"),
        )
        if number
    ]
    rows.append(("Scene", ", ".join(others)))
    if report.origin:
        rows.append(("Went through", report.origin))
    made = [str(report.made[key]) for key in ("entry", "version") if report.made.get(key)]
    if made:
        rows.append(("Made by", f"{' '.join(made)}, seed {report.made.get('seed', 0)}"))
    return rows


def _faces(levels: tuple[int, ...]) -> str:
    if len(levels) == 1:
        return f"{levels[0]:,}"
    first = max(levels[0], 1)
    told = [f"level {number}: {faces:,} ({100 * faces / first:.0f} %)" for number, faces in enumerate(levels)]
    return ", ".join(told)


def _readers(report: Report) -> str:
    own = _reader(
        report.read_back_by,
        report.files[0][0],
        True,
        "the exporter's own check: faces, size, places and textures are as written",
    )
    return own + "".join(_reader(each.reader, each.file, each.fine, each.words) for each in report.readers)


def _reader(name: str, file: str, fine: bool | None, words: str) -> str:
    state, sign = {True: ("fine", "✓ fine"), False: ("fault", "✗ fault"), None: ("none", "– not asked")}[fine]
    return (
        f'<tr><th scope="row">{_safe(name)}</th><td>{_safe(file)}</td>'
        f'<td class="verdict {state}">{sign}</td><td>{_safe(words)}</td></tr>'
    )


def _file(name: str, size: int) -> str:
    return f'<tr><td>{_safe(name)}</td><td class="number">{_bytes(size)}</td></tr>'


def _bytes(size: int) -> str:
    for unit, step in (("MB", 10**6), ("kB", 10**3)):
        if size >= step:
            return f"{size / step:,.1f} {unit}"
    return f"{size} bytes"


def _textures(report: Report) -> str:
    rows = "".join(
        f"<tr><td>{_safe(each.use.replace('_', ' '))}</td><td>{each.width} × {each.height}</td>"
        f"<td>{_safe(each.media_type.removeprefix('image/').upper())}</td></tr>"
        for each in report.textures
    )
    return _section("Textures handed in", f"<table>{rows}</table>") if rows else ""


def _section(title: str, content: str, kind: str = "") -> str:
    return f'<section class="{kind}"><h2>{_safe(title)}</h2>{content}</section>'


def _terms(rows: Iterable[tuple[str, str]]) -> str:
    return "".join(f"<dt>{_safe(term)}</dt><dd>{_safe(words)}</dd>" for term, words in rows)


def _items(sentences: Iterable[str]) -> str:
    return "".join(f"<li>{_safe(sentence)}</li>" for sentence in sentences)


def _count(number: int, one: str, more: str) -> str:
    return f"{number:,} {one if number == 1 else more}"


def _safe(words: str) -> str:
    return html.escape(
        "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in words)
    )
