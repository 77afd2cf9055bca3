// The graph of a discovery: seen, changed by hand, asked.
"use strict";

(async function () {
  const place = document.getElementById("graph");
  const run = place.dataset.run;
  const told = await (await fetch(`/api/runs/${run}/graph`)).json();
  const marks = {"-": "none", "<": "triangle", ">": "triangle", "o": "circle"};
  let edges = told.edges.map((edge, number) => ({...edge, id: `e${number}`}));
  const history = [];
  let chosen = null;

  const shareOf = (edge) => (edge.shares ? edge.shares.adjacent : null);

  const cy = window.cytoscape({
    container: document.getElementById("canvas"),
    elements: told.nodes.map((node) => ({data: {id: `n:${node.name}`, label: node.name, width: node.width}, position: {x: node.x, y: node.y}})),
    layout: {name: "preset", padding: 24},
    maxZoom: 1.6,
    style: [
      {selector: "node", style: {shape: "round-rectangle", width: "data(width)", height: 34, "background-color": "#fff", "border-width": 1.5, "border-color": "#4d5f71", label: "data(label)", "text-valign": "center", "font-size": 14, color: "#1c2733"}},
      {selector: "node.exposure", style: {"border-color": "#1f5fa8", "border-width": 3}},
      {selector: "node.outcome", style: {"border-color": "#9a5b0c", "border-width": 3}},
      {selector: "node.hidden", style: {"border-style": "dashed", "background-color": "#eef1f4"}},
      {selector: "edge", style: {"curve-style": "bezier", width: "data(width)", "line-color": "#4d5f71", "target-arrow-color": "#4d5f71", "source-arrow-color": "#4d5f71", "arrow-scale": 1.2, opacity: "data(opacity)"}},
      {selector: "edge.doubt", style: {"line-style": "dashed"}},
      {selector: "edge.hand", style: {"line-color": "#1f5fa8", "target-arrow-color": "#1f5fa8", "source-arrow-color": "#1f5fa8"}},
      {selector: "edge.on", style: {"line-color": "#9a5b0c", "target-arrow-color": "#9a5b0c", "source-arrow-color": "#9a5b0c"}},
    ],
  });

  function drawn(edge) {
    const share = shareOf(edge);
    return {
      group: "edges",
      data: {id: edge.id, source: `n:${edge.left}`, target: `n:${edge.right}`, width: share === null ? 2 : 1 + 2.5 * share, opacity: share === null ? 1 : 0.35 + 0.65 * share},
      classes: [edge.doubt ? "doubt" : "", edge.hand ? "hand" : ""].join(" "),
    };
  }

  function refresh() {
    cy.edges().remove();
    const least = Number((document.getElementById("threshold") || {value: 0}).value) / 100;
    for (const edge of edges) {
      const share = shareOf(edge);
      if (share !== null && share < least && !edge.hand) continue;
      cy.add(drawn(edge)).style({
        "source-arrow-shape": marks[edge.symbol[0]], "target-arrow-shape": marks[edge.symbol[2]],
        "source-arrow-fill": edge.symbol[0] === "o" ? "hollow" : "filled", "target-arrow-fill": edge.symbol[2] === "o" ? "hollow" : "filled",
      });
    }
    const body = document.querySelector("#edges tbody");
    body.replaceChildren(...edges.map((edge) => {
      const share = shareOf(edge);
      const row = aitia.node("tr", "", {});
      const button = aitia.node("button", `${edge.left} ${edge.symbol} ${edge.right}`, {type: "button", class: "plain"});
      button.addEventListener("click", () => choose(edge));
      const first = aitia.node("td", "");
      first.append(button);
      row.append(first, aitia.node("td", share === null ? "" : `${Math.round(100 * share)} %`, {class: "number"}), aitia.node("td", edge.doubt || "", {class: "small"}));
      row.classList.toggle("on", edge === chosen);
      return row;
    }));
    shown();
    ask();
  }

  function choose(edge) {
    chosen = edge;
    cy.edges().removeClass("on");
    cy.getElementById(edge.id).addClass("on");
    const box = document.getElementById("edge");
    const list = aitia.node("ul", "");
    for (const line of edge.evidence || []) list.append(aitia.node("li", line));
    const buttons = aitia.node("p", "", {class: "row"});
    const ways = edge.symbol === "-->" ? [["turn", "Turn"]] : [["orient", `${edge.left} → ${edge.right}`], ["turn", `${edge.right} → ${edge.left}`]];
    for (const [what, label] of [...ways, ["remove", "Remove"]]) {
      const button = aitia.node("button", label, {type: "button", class: "plain"});
      button.addEventListener("click", () => edit(what, edge));
      buttons.append(button);
    }
    box.replaceChildren(aitia.node("p", `${edge.left} ${edge.symbol} ${edge.right}`), list, buttons);
    document.querySelectorAll("#edges tbody tr").forEach((row, number) => row.classList.toggle("on", edges[number] === edge));
  }
  cy.on("tap", "edge", (event) => { const edge = edges.find((one) => one.id === event.target.id()); if (edge) choose(edge); });

  // -- changes by hand, which become knowledge ---------------------------------------------------------------------

  const quoted = (name) => (/^[\w.]+$/.test(name) ? name : `"${name.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`);
  const required = (a, b) => `required: ${quoted(a)} -> ${quoted(b)}`;
  const forbidden = (a, b) => `forbidden: ${quoted(a)} -> ${quoted(b)}`;

  function edit(what, edge, from, to) {
    const before = edges;
    let said;
    if (what === "remove") {
      edges = edges.filter((one) => one !== edge);
      said = {pair: [edge.left, edge.right], lines: [forbidden(edge.left, edge.right), forbidden(edge.right, edge.left)]};
    } else {
      const [a, b] = what === "add" ? [from, to] : what === "turn" ? [edge.right, edge.left] : [edge.left, edge.right];
      if (a === b) { aitia.tell("an arrow leads from one variable to another"); return; }
      const made = {left: a, right: b, symbol: "-->", evidence: ["Drawn by hand."], shares: null, doubt: null, hand: true, id: `h${history.length}`};
      edges = [...edges.filter((one) => !([one.left, one.right].includes(a) && [one.left, one.right].includes(b))), made];
      said = {pair: [a, b], lines: [required(a, b)]};
    }
    history.push({before, said});
    chosen = null;
    document.getElementById("edge").replaceChildren(aitia.node("p", "Changed. Choose an edge to see why it is there.", {class: "small"}));
    refresh();
  }

  function knowledge() {
    const byPair = new Map();
    for (const {said} of history) byPair.set([...said.pair].sort().join("\u0000"), said.lines);
    return [...byPair.values()].flat();
  }

  function shown() {
    const lines = knowledge();
    document.getElementById("changes").replaceChildren(...(lines.length ? lines : ["Nothing yet. What you change becomes knowledge for the next search."]).map((line) => aitia.node("li", line, {class: "small"})));
    document.getElementById("undo").hidden = !lines.length;
    document.getElementById("research").hidden = !lines.length;
  }
  document.getElementById("undo").addEventListener("click", () => { edges = history.pop().before; refresh(); });
  document.getElementById("research").addEventListener("click", async () => {
    try { window.location.assign((await aitia.post(`/api/runs/${run}/again`, {knowledge: knowledge().join("\n")})).go); } catch (error) { aitia.tell(error.message); }
  });
  document.querySelector('[data-edit="add"]').addEventListener("click", () => edit("add", null, document.getElementById("from").value, document.getElementById("to").value));

  // -- the question -------------------------------------------------------------------------------------------------

  const exposure = document.getElementById("exposure"), outcome = document.getElementById("outcome"), hidden = document.getElementById("hidden");
  let asked = 0;
  async function ask() {
    const out = [...hidden.selectedOptions].map((option) => option.value);
    cy.nodes().forEach((node) => {
      node.toggleClass("exposure", node.data("label") === exposure.value);
      node.toggleClass("outcome", node.data("label") === outcome.value);
      node.toggleClass("hidden", out.includes(node.data("label")));
    });
    const box = document.getElementById("answer");
    const number = ++asked;
    if (!exposure.value || !outcome.value) { box.replaceChildren(); return; }
    try {
      const answer = await aitia.post(`/api/runs/${run}/question`, {edges: edges.map((edge) => [edge.left, edge.symbol, edge.right]), exposure: exposure.value, outcome: outcome.value, hidden: out});
      if (number !== asked) return;
      const parts = [aitia.node("p", answer.identified ? "The effect can be told." : "The effect cannot be told.", {class: answer.identified ? "state holds" : "state fails"}), aitia.node("p", answer.reason, {class: "small"})];
      if (answer.estimand) parts.push(aitia.node("pre", answer.estimand));
      if (answer.sets.length) parts.push(aitia.node("p", `Adjust for one of: ${answer.sets.map((set) => `{${set.join(", ")}}`).join("  ")}${answer.more ? " ..." : ""}`));
      if (answer.instruments.length) parts.push(aitia.node("p", `Instruments: ${answer.instruments.join("; ")}`));
      box.replaceChildren(...parts);
    } catch (error) {
      if (number === asked) box.replaceChildren(aitia.node("p", error.message, {class: "fault"}));
    }
  }
  for (const field of [exposure, outcome, hidden]) field.addEventListener("change", ask);

  const threshold = document.getElementById("threshold");
  if (threshold) threshold.addEventListener("input", () => { document.getElementById("least").textContent = threshold.value; refresh(); });
  refresh();
  cy.fit(undefined, 24);
  place.dataset.ready = "yes";
})();
