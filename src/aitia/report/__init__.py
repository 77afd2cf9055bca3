"""Reports that can be mailed: one HTML file that needs no network, reads on a screen and prints on paper."""

from aitia.report.blocks import Block, Callout, Code, GraphFigure, Picture, Section, TableBlock, Text
from aitia.report.charts import Line, line_chart
from aitia.report.page import render

__all__ = [
    "Block",
    "Callout",
    "Code",
    "GraphFigure",
    "Line",
    "Picture",
    "Section",
    "TableBlock",
    "Text",
    "line_chart",
    "render",
]
