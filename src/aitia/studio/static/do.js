// Sliders for what is set, and how everything is distributed then.
"use strict";

(function () {
  const place = document.getElementById("sliders");
  if (!place) return;
  const run = place.dataset.run, variables = JSON.parse(place.dataset.shown), values = {};
  const SVG = "http://www.w3.org/2000/svg";
  const parts = new Map();

  function bars(shares, kind, most) {
    const group = document.createElementNS(SVG, "g");
    const wide = 200 / shares.length;
    shares.forEach((share, number) => {
      const bar = document.createElementNS(SVG, "rect");
      const high = 78 * share / most;
      for (const [key, value] of Object.entries({x: number * wide + 0.5, y: 80 - high, width: Math.max(wide - 1, 0.5), height: high, class: kind})) bar.setAttribute(key, value);
      group.append(bar);
    });
    return group;
  }

  function draw(variable) {
    const {svg, mean} = parts.get(variable.name);
    const most = Math.max(...variable.before, ...(variable.after || []), 1e-9);
    svg.replaceChildren(bars(variable.before, "before", most), ...(variable.after ? [bars(variable.after, "after", most)] : []));
    if (variable.mean !== undefined) {
      const after = variable["mean after"];
      mean.textContent = after === undefined ? `mean ${variable.mean.toPrecision(4)}` : `mean ${variable.mean.toPrecision(4)} → ${after.toPrecision(4)}`;
    } else {
      const shares = variable.after || variable.before;
      mean.textContent = variable.labels.map((label, number) => `${label} ${Math.round(100 * shares[number])} %`).slice(0, 4).join(", ");
    }
    svg.setAttribute("aria-label", `${variable.name}: ${mean.textContent}`);
  }

  // -- lines that the data leave open -------------------------------------------------------------------------------

  let directed = [], known = [];
  const open = document.getElementById("chosen");
  function lines(chosen) {
    if (!open) return;
    known = chosen.filter((line) => line.said).map((line) => line.knowledge);
    const held = document.activeElement && open.contains(document.activeElement) ? document.activeElement.dataset.pair : null;
    open.replaceChildren(...chosen.map((line) => {
      const item = aitia.node("li", "", {class: "row"});
      const pair = [line.cause, line.effect].sort().join("\u0000");
      const turn = aitia.node("button", "Turn", {type: "button", class: "plain", "data-pair": pair, "aria-label": `Turn ${line.cause} → ${line.effect}`});
      turn.addEventListener("click", () => {
        const before = directed;
        directed = [...directed.filter((one) => [...one].sort().join("\u0000") !== pair), [line.effect, line.cause]];
        ask(() => { directed = before; });
      });
      item.append(aitia.node("span", `${line.cause} → ${line.effect}`), turn, aitia.node("span", line.said ? "said" : "drawn so", {class: line.said ? "state holds" : "small"}));
      return item;
    }));
    if (held) for (const button of open.querySelectorAll("button")) if (button.dataset.pair === held) button.focus();
    for (const name of ["asfound", "known"]) document.getElementById(name).hidden = !directed.length;
  }
  if (open) {
    lines(JSON.parse(open.dataset.chosen));
    document.getElementById("asfound").addEventListener("click", () => { directed = []; ask(); });
    document.getElementById("known").addEventListener("click", async () => {
      try { window.location.assign((await aitia.post(`/api/runs/${run}/again`, {knowledge: known.join("\n")})).go); } catch (error) { aitia.tell(error.message); }
    });
  }

  let asked = 0, waits = null;
  function ask(undo = () => {}) {
    window.clearTimeout(waits);
    waits = window.setTimeout(async () => {
      const number = ++asked;
      try {
        const told = await aitia.post(`/api/runs/${run}/do`, {values, directed});
        if (number !== asked) return;
        aitia.tell("");
        lines(told.chosen);
        for (const variable of told.variables) draw(told.do ? variable : {...variable, after: null, "mean after": undefined});
        document.getElementById("said").textContent = told.do;
        document.getElementById("dosaid").value = told.do;
        const python = document.getElementById("python");
        const button = aitia.node("button", "Copy as Python", {type: "button", class: "plain", "data-copy": told.python});
        python.replaceChildren(aitia.node("pre", told.python), button);
        python.hidden = false;
        python.className = "copied";
      } catch (error) { undo(); aitia.tell(error.message); }
    }, 40);
  }

  for (const variable of variables) {
    const box = aitia.node("section", "", {class: "variable", "data-variable": variable.name});
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 200 82");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("role", "img");
    const mean = aitia.node("p", "", {class: "small"});
    parts.set(variable.name, {svg, mean, box});
    const label = aitia.node("label", "");
    const use = aitia.node("input", "", {type: "checkbox", "aria-label": `set ${variable.name}`});
    let field;
    if (variable.labels) {
      field = aitia.node("select", "", {"aria-label": `value of ${variable.name}`});
      for (const one of variable.labels) field.append(aitia.node("option", one));
    } else {
      const step = variable.whole ? 1 : (variable.high - variable.low) / 200;
      field = aitia.node("input", "", {type: "range", min: variable.low, max: variable.high, step, "aria-label": `value of ${variable.name}`});
      field.value = variable.mean;
    }
    const said = aitia.node("output", "");
    function change() {
      if (use.checked) values[variable.name] = variable.labels ? field.value : Number(field.value);
      else delete values[variable.name];
      box.classList.toggle("set", use.checked);
      said.textContent = use.checked && !variable.labels ? Number(field.value).toPrecision(4) : "";
      ask();
    }
    use.addEventListener("change", change);
    field.addEventListener("input", () => { use.checked = true; change(); });
    label.append(use, field, said);
    box.append(aitia.node("h3", variable.name), svg);
    if (!variable.labels) {
      const ends = aitia.node("div", "", {class: "ends"});
      ends.append(aitia.node("span", variable.low.toPrecision(3)), aitia.node("span", variable.high.toPrecision(3)));
      box.append(ends);
    }
    box.append(mean, label);
    place.append(box);
    draw(variable);
  }
  document.getElementById("reset").addEventListener("click", () => {
    for (const box of place.querySelectorAll('input[type="checkbox"]')) if (box.checked) { box.checked = false; box.dispatchEvent(new Event("change")); }
  });
})();
