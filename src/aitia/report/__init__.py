"""Reports that can be mailed: one HTML file that needs no network, reads on a screen and prints on paper."""

from aitia.report.blocks import Block, Callout, Code, GraphFigure, Multiples, Picture, Section, TableBlock, Text
from aitia.report.charts import Line, line_chart
from aitia.report.distributions import histogram, shaded_matrix
from aitia.report.images import ImageBlock, image_grid, narrow_grid
from aitia.report.page import render
from aitia.report.scatter import ScatterPanel, scatter_panels
from aitia.report.tracks import TrackPanel, tracks_figure

__all__ = [
    "Block",
    "Callout",
    "Code",
    "GraphFigure",
    "ImageBlock",
    "Line",
    "Multiples",
    "Picture",
    "ScatterPanel",
    "Section",
    "TableBlock",
    "Text",
    "TrackPanel",
    "histogram",
    "image_grid",
    "line_chart",
    "narrow_grid",
    "render",
    "scatter_panels",
    "shaded_matrix",
    "tracks_figure",
]
