"""Render an executed notebook as one HTML file that needs nothing else.

The page shows the answer first, says what data it rests on, and is the same to the byte whenever its notebook computes
the same.
"""

from __future__ import annotations

import re
from copy import deepcopy
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from healthops.files import atomic_file
from healthops.report.context import RenderContext
from healthops.report.tidy import plain, quiet

if TYPE_CHECKING:
    from nbconvert import HTMLExporter
    from nbformat import NotebookNode

TEMPLATE = Path(__file__).with_name("template")

#: A larger report says so on its page, in bytes.
SIZE_LIMIT = 2_000_000

#: Which format of an output a page shows, best first. Scripts and widgets need a network, so they are not among them.
FORMATS = [
    "text/html",
    "text/markdown",
    "image/svg+xml",
    "image/png",
    "image/jpeg",
    "text/latex",
    "text/plain",
]


def render(executed: str | Path | NotebookNode, *, context: RenderContext, out: str | Path) -> int:
    """Write the report of an executed notebook.

    Parameters
    ----------
    executed : path or notebook node
        With its outputs; of a failed notebook, with those that it had.
    context : RenderContext
        What the page says about the run.
    out : path
        The HTML file, replaced in one step.

    Returns
    -------
    int
        Size of the report in bytes; above :data:`SIZE_LIMIT` the page carries a note.

    Raises
    ------
    ReportError
        If an output would load something over the network.
    """
    html = to_html(executed, context=context)
    size = len(html.encode("utf-8"))
    if size > SIZE_LIMIT:
        note = f"This report has {size / 1e6:.1f} MB; previewers may not show more than {SIZE_LIMIT / 1e6:.0f} MB."
        html = html.replace('<div class="notes">', f'<div class="notes"><p class="notice" role="note">{note}</p>', 1)
    with atomic_file(Path(out)) as path:
        path.write_text(html, encoding="utf-8")
    return size


def to_html(executed: str | Path | NotebookNode, *, context: RenderContext) -> str:
    """Return the report of an executed notebook as text."""
    from healthops.report.page import finish

    notebook, title, lead = _prepare(_read(executed), context)
    page = {
        "context": context,
        "title": title,
        "lead": lead,
        "failure": plain(context.failure) if context.failure else None,
        "css": _template("style.css"),
        "js": _template("behaviour.js"),
    }
    html, _ = _exporter().from_notebook_node(notebook, resources={"report": page})
    return finish(html)


def _read(executed: str | Path | NotebookNode) -> NotebookNode:
    import nbformat

    if isinstance(executed, (str, Path)):
        return nbformat.read(executed, as_version=4)
    return deepcopy(executed)


def _prepare(notebook: NotebookNode, context: RenderContext) -> tuple[NotebookNode, str, str]:
    """Return the notebook as the template wants it, its title, and the sentences that follow the title."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata.setdefault("language_info", {"name": "python", "pygments_lexer": "ipython3"})
    title, lead = context.title, ""
    if notebook.cells and notebook.cells[0].cell_type == "markdown":
        heading = re.match(r"\s*#[ \t]+(.+?)\s*(?:\n|$)", notebook.cells[0].source)
        if heading:
            title, lead = heading.group(1), notebook.cells[0].source[heading.end() :].strip()
            notebook.cells = notebook.cells[1:]
    notebook.cells = [cell for cell in notebook.cells if not _is_unwanted(cell)]
    stopped = False
    for number, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), start=1):
        cell.metadata["report"] = {"number": number, "not_run": stopped}
        cell["outputs"] = [] if stopped else _stable_outputs(cell.outputs)
        stopped = stopped or any(output.output_type == "error" for output in cell.outputs)
    return notebook, title, lead


def _is_unwanted(cell: NotebookNode) -> bool:
    """Whether to leave out a cell: an empty one, or the values that the runner put in, which the page shows itself."""
    return not cell.source.strip() or "injected-parameters" in cell.metadata.get("tags", [])


def _stable_outputs(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Strip the outputs of a cell of what differs between runs.

    How a stream falls into pieces, and where these fall among the other outputs, is chance: messages come first, in one
    piece, then what was printed, then what is shown.
    """
    from nbformat.v4 import new_output

    streams = []
    for name in ("stderr", "stdout"):
        text = quiet("".join(_joined(o.text) for o in outputs if o.output_type == "stream" and o.name == name))
        if text.strip():
            streams.append(new_output("stream", name=name, text=text))
    return streams + [_stable(output) for output in outputs if output.output_type != "stream"]


def _stable(output: NotebookNode) -> NotebookNode:
    if output.output_type == "error":
        output["traceback"] = [plain(line) for line in output.traceback]
        output["evalue"] = plain(output.evalue)
    elif "text/plain" in output.get("data", {}):
        output.data["text/plain"] = plain(_joined(output.data["text/plain"]))
    return output


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def _exporter() -> HTMLExporter:
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    from healthops.report import markdown

    config = Config({"NbConvertBase": {"display_data_priority": FORMATS}})
    exporter = HTMLExporter(config=config, extra_template_basedirs=[str(TEMPLATE.parent)], template_name=TEMPLATE.name)
    exporter.register_filter("to_html", markdown.to_html)
    exporter.register_filter("inline_html", _inline)
    exporter.register_filter("literal", _literal)
    return exporter


def _inline(source: str) -> str:
    """Convert one line of markdown, without a paragraph around it."""
    from healthops.report import markdown

    return re.sub(r"^<p>(.*)</p>\s*$", r"\1", markdown.to_html(source), flags=re.DOTALL)


def _literal(value: Any) -> str:
    """Write a parameter's value as code, escaped."""
    return escape(plain(repr(value)))


@cache
def _template(name: str) -> str:
    return (TEMPLATE / name).read_text(encoding="utf-8").strip()
