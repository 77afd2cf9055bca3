// Heat maps that a keyboard walks through, cells that are patched, files that fill a field.
"use strict";

(function () {
  const SVG = "http://www.w3.org/2000/svg";
  const place = document.getElementById("inside");

  // -- walking ---------------------------------------------------------------------------------------------------------

  for (const grid of document.querySelectorAll('[role="grid"]')) {
    const rows = [...grid.tBodies[0].rows].map((row) => [...row.querySelectorAll('[role="gridcell"]')]);
    let at = [0, 0];
    function go(row, column) {
      row = Math.min(Math.max(row, 0), rows.length - 1);
      column = Math.min(Math.max(column, 0), rows[row].length - 1);
      rows[at[0]][at[1]].tabIndex = -1;
      at = [row, column];
      const cell = rows[row][column];
      cell.tabIndex = 0;
      cell.focus();
      cell.scrollIntoView({block: "nearest", inline: "nearest"});
    }
    rows[0][0].tabIndex = 0;
    grid.addEventListener("focusin", (event) => {
      rows.forEach((row, r) => { const c = row.indexOf(event.target); if (c >= 0) at = [r, c]; });
    });
    grid.addEventListener("keydown", (event) => {
      const last = rows[at[0]].length - 1;
      const moves = {
        ArrowUp: [at[0] - 1, at[1]], ArrowDown: [at[0] + 1, at[1]], ArrowLeft: [at[0], at[1] - 1],
        ArrowRight: [at[0], at[1] + 1], PageUp: [0, at[1]], PageDown: [rows.length - 1, at[1]],
        Home: [event.ctrlKey ? 0 : at[0], 0], End: [event.ctrlKey ? rows.length - 1 : at[0], last],
      };
      if (moves[event.key]) { event.preventDefault(); go(...moves[event.key]); }
      else if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(rows[at[0]][at[1]], grid); }
    });
    grid.addEventListener("click", (event) => {
      const cell = event.target.closest('[role="gridcell"]');
      if (!cell) return;
      rows.forEach((row, r) => { const c = row.indexOf(cell); if (c >= 0) go(r, c); });
      choose(cell, grid);
    });
  }

  // -- one cell --------------------------------------------------------------------------------------------------------

  let asked = 0, chosen = null;
  async function choose(cell, grid) {
    for (const one of grid.querySelectorAll('[aria-selected="true"]')) one.removeAttribute("aria-selected");
    cell.setAttribute("aria-selected", "true");
    const below = cell.closest(".grid-of");
    if (below) { below.querySelector('[data-part="cell"]').textContent = cell.getAttribute("aria-label"); return; }
    const box = document.getElementById("cell");
    const head = aitia.node("h2", "Cell");
    const told = aitia.node("p", cell.getAttribute("aria-label"));
    box.replaceChildren(head, told);
    if (!place.dataset.patched || !cell.dataset.place) { chosen = null; return; }
    chosen = [cell, grid];
    box.append(aitia.node("p", "The model is asked …", {class: "small"}));
    const number = ++asked, pair = document.getElementById("pair");
    try {
      const answer = await aitia.post(`/api/runs/${place.dataset.run}/patch`, {place: cell.dataset.place, pair: pair ? Number(pair.value) : 0});
      if (number !== asked) return;
      box.replaceChildren(head, told, ...shown(answer));
    } catch (error) {
      if (number === asked) box.replaceChildren(head, told, aitia.node("p", error.message, {class: "fault"}));
    }
  }
  const pair = document.getElementById("pair");
  if (pair) pair.addEventListener("change", () => { if (chosen) choose(...chosen); });

  function bar(answer, most) {
    const svg = document.createElementNS(SVG, "svg");
    const wide = (share) => Math.max(100 * share / most, 0.4);
    const parts = [["said-before", 2, answer.corrupted], ["said-after", 16, answer.patched]];
    for (const [kind, y, share] of parts) svg.append(rect(kind, y, wide(share)));
    svg.append(rect("said-clean", 2, wide(answer.clean), 26));
    svg.setAttribute("viewBox", "0 0 100 30");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    return svg;
  }
  function rect(kind, y, width, height = 12) {
    const made = document.createElementNS(SVG, "rect");
    for (const [key, value] of Object.entries({x: 0, y, width, height, class: kind})) made.setAttribute(key, value);
    return made;
  }

  function shown(answer) {
    const table = aitia.node("table", "", {class: "answers"});
    const head = aitia.node("tr", "");
    for (const [name, kind] of [["says", ""], ["corrupted", "number"], ["patched", "number"], ["clean", "number"], ["", ""]]) {
      head.append(name ? aitia.node("th", name, {scope: "col", class: kind}) : aitia.node("td", ""));
    }
    const top = aitia.node("thead", ""), body = aitia.node("tbody", "");
    top.append(head);
    const most = Math.max(...answer.answers.flatMap((one) => [one.clean, one.corrupted, one.patched]), 1e-9);
    for (const one of answer.answers) {
      const row = aitia.node("tr", "");
      row.append(aitia.node("th", JSON.stringify(one.token), {scope: "row"}));
      for (const run of ["corrupted", "patched", "clean"]) row.append(aitia.node("td", one[run].toFixed(3), {class: "number"}));
      const drawn = aitia.node("td", "");
      drawn.append(bar(one, most));
      row.append(drawn);
      body.append(row);
    }
    table.append(top, body);
    const metric = answer.metric;
    return [
      aitia.node("p", `${answer.effect >= 0 ? "+" : ""}${answer.effect.toFixed(3)} of the way is restored: the ${answer.measured} goes from ${metric.corrupted.toFixed(3)} to ${metric.patched.toFixed(3)}; it is ${metric.clean.toFixed(3)} after the prompt.`),
      table,
      aitia.node("p", "Probability of the next token: grey corrupted, blue patched, the outline after the prompt itself.", {class: "small"}),
      copies(["Copy as command", answer.command], ["Copy as Python", answer.python]),
    ];
  }
  function copies(...both) {
    const box = aitia.node("p", "", {class: "row"});
    for (const [label, text] of both) box.append(aitia.node("button", label, {type: "button", class: "plain", "data-copy": text, title: text}));
    return box;
  }

  // -- files -----------------------------------------------------------------------------------------------------------

  for (const input of document.querySelectorAll("input[data-into]")) {
    input.addEventListener("change", async () => {
      if (input.files[0]) input.form.elements[input.dataset.into].value = await input.files[0].text();
    });
  }
})();
