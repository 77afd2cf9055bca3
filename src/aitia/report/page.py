"""The page around the sections: style, the script of the graph, and nothing from outside the file."""

from collections.abc import Sequence
from html import escape

from aitia.report.blocks import Callout, Section

__all__ = ["render"]

_STYLE = """
:root{--ink:#1c2733;--soft:#55677a;--line:#d8dfe6;--back:#fff;--tint:#f5f7f9}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:900px;margin:0 auto;padding:32px 24px 64px}
h1{font-size:28px;line-height:1.2;margin:0 0 4px}
h2{font-size:19px;margin:36px 0 10px;border-bottom:1px solid var(--line);padding-bottom:4px}
p,li{overflow-wrap:break-word}
p{margin:8px 0}.lead{color:var(--soft);margin-bottom:20px}.small{font-size:13.5px;color:var(--soft)}
mark{background:#fdf0c8;color:inherit}mark sup{color:var(--soft)}
figure{margin:14px 0;text-align:center}figure svg,figure img{max-width:100%;height:auto}
figcaption,caption{font-size:13.5px;color:var(--soft);margin-top:6px;caption-side:bottom;text-align:left}
.chart{width:100%;max-width:680px}.chart .grid{stroke:var(--line);fill:none}
.chart .tick{font-size:12px;fill:var(--soft)}.chart .axis{font-size:13px;fill:var(--ink)}
.chart .mark{paint-order:stroke;stroke:#fff;stroke-width:4px}
.multiples{display:flex;flex-wrap:wrap;gap:6px 24px}.multiples figure{flex:0 1 auto;margin:8px 0}
.multiples figure:not(:only-child){max-width:calc(50% - 12px)}.multiples figcaption{width:0;min-width:max(100%,160px)}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14.5px;margin:10px 0}
th{text-align:left;font-weight:600;border-bottom:2px solid var(--line);padding:5px 10px 5px 0}
td{border-bottom:1px solid var(--line);padding:5px 10px 5px 0;vertical-align:top;overflow-wrap:break-word}
.number{text-align:right;font-variant-numeric:tabular-nums;padding-right:18px}
pre{background:var(--tint);
border:1px solid var(--line);border-radius:6px;padding:10px 12px;white-space:pre-wrap;overflow-wrap:anywhere;
font-size:13.5px}
.callout{border-left:4px solid #7d93a8;background:var(--tint);padding:8px 14px;margin:12px 0;border-radius:0 6px 6px 0}
.callout.warning{border-color:#c77d1a;background:#fdf6ea}.callout.alarm{border-color:#b3261e;background:#fcefee}
.callout ul{margin:2px 0;padding-left:20px}
.panel{min-height:76px;text-align:left;background:var(--tint);border:1px solid var(--line);border-radius:6px;
padding:8px 14px;font-size:14.5px;margin-top:10px;color:var(--soft)}
.panel b{color:var(--ink)}.panel ul{margin:2px 0;padding-left:20px;color:var(--ink)}
.graph .edge{cursor:pointer;outline:none}.graph .edge.on .line{stroke:#b8741a;stroke-width:3}
.graph .edge.on .head{fill:#b8741a;stroke:#b8741a}
footer{margin-top:48px;font-size:13px;color:var(--soft);border-top:1px solid var(--line);padding-top:10px}
.phone{display:none}
@media (max-width:640px){.desk{display:none}.phone{display:block}main{padding:20px 16px 40px}h1{font-size:24px}
.multiples figure:not(:only-child){max-width:100%}.chart.wide .tick{font-size:15px}.chart.wide .axis{font-size:16px}
table.stack thead{display:none}table.stack tr{display:block;padding:6px 0;border-bottom:2px solid var(--line)}
table.stack,table.stack tbody,table.stack caption{display:block}
table.stack td{display:flex;gap:12px;justify-content:space-between;border:0;padding:1px 0;text-align:right}
table.stack td:empty{display:none}
table.stack td::before{content:attr(data-head);flex:0 0 auto;max-width:45%;text-align:left;color:var(--soft)}}
@media print{main{max-width:none;padding:0}body{font-size:11pt}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
.panel{display:none}figure,tr,.callout,pre{break-inside:avoid}h2,thead{break-after:avoid}
figure svg,figure img{max-height:21cm}.chart{max-height:9cm}thead{display:table-header-group}.scroll{overflow:visible}}
"""

_SCRIPT = """
document.querySelectorAll("figure.graph").forEach(function(figure){
  var panel=figure.querySelector(".panel"),rows=JSON.parse(figure.querySelector("script").textContent);
  function show(edge){
    figure.querySelectorAll(".edge.on").forEach(function(e){e.classList.remove("on")});
    edge.classList.add("on");
    var a=edge.dataset.from,b=edge.dataset.to;
    var row=rows.find(function(r){return r[0]===a&&r[1]===b})||[a,b,[]];
    var head=document.createElement("b"),list=document.createElement("ul");
    head.textContent=edge.querySelector("title").textContent;
    row[2].forEach(function(line){var item=document.createElement("li");item.textContent=line;list.appendChild(item)});
    panel.replaceChildren(head,list);
  }
  figure.querySelectorAll(".edge").forEach(function(edge){
    ["mouseenter","focus","click"].forEach(function(kind){edge.addEventListener(kind,function(){show(edge)})});
  });
});
"""


def render(title: str, lead: str, sections: Sequence[Section], footer: str, alarms: Sequence[str] = ()) -> str:
    """A whole HTML page that loads nothing.

    Args:
        title: The heading.
        lead: One sentence below it.
        sections: In order.
        footer: Versions and origin.
        alarms: Why what follows is worth little; they stand before everything else.
    """
    first = Callout([f"{told[:1].upper()}{told[1:]}." for told in alarms], "alarm", "Alarm").html() if alarms else ""
    body = first + "".join(section.html() for section in sections)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>"
        f'<p class="lead">{escape(lead)}</p>{body}<footer>{escape(footer)}</footer></main>'
        f"<script>{_SCRIPT}</script></body></html>\n"
    )
