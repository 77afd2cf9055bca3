// Controls of what may be set, rows that are picked, and the answer when it is there.
"use strict";

(function () {
  const form = document.getElementById("ask");
  if (!form) return;
  const field = (name) => form.elements.namedItem(name);
  const state = document.getElementById("state"), stop = document.getElementById("stop");
  let job = null;

  // -- what is shown of the form ---------------------------------------------------------------------------------------

  function fit() {
    const verb = form.querySelector('input[name="verb"]:checked').value;
    for (const part of form.querySelectorAll("[data-of]")) part.hidden = !part.dataset.of.split(" ").includes(verb);
    const pick = document.getElementById("pick");
    if (pick) pick.hidden = verb !== "do" || Boolean(field("data").value || field("place").value);
  }
  form.addEventListener("change", fit);
  fit();

  // -- controls -------------------------------------------------------------------------------------------------------

  for (const box of form.querySelectorAll("[data-target]")) {
    const use = box.querySelector("[data-use]");
    const show = () => box.classList.toggle("set", use.checked);
    use.addEventListener("change", show);
    for (const part of box.querySelectorAll("[data-part], [data-typed]")) {
      part.addEventListener("input", () => {
        const pair = part.parentElement;
        if (part.type === "range") pair.querySelector("[data-typed]").value = Number(Number(part.value).toPrecision(5));
        else if (part.hasAttribute("data-typed")) pair.querySelector("[data-part]").value = part.value;
        use.checked = true;
        show();
      });
    }
  }

  function values() {
    const found = {};
    for (const box of form.querySelectorAll("[data-target]")) {
      if (!box.querySelector("[data-use]").checked) continue;
      const typed = [...box.querySelectorAll("[data-typed]")];
      if (typed.length) found[box.dataset.target] = typed.length > 1 ? typed.map((one) => Number(one.value)) : Number(typed[0].value);
      else found[box.dataset.target] = box.querySelector("[data-part]").value;
    }
    return found;
  }

  form.addEventListener("change", (event) => {
    if (!event.target.hasAttribute("data-row")) return;
    field("rows").value = [...form.querySelectorAll("[data-row]:checked")].map((box) => box.dataset.row).join(",");
  });

  // -- the answer -----------------------------------------------------------------------------------------------------

  function ended(text) {
    state.textContent = text;
    stop.hidden = true;
    form.querySelector('button[type="submit"]').disabled = false;
  }

  async function look(told) {
    if (job !== told.job) return;
    try {
      const now = await (await fetch(`/api/jobs/${told.job}`)).json();
      if (now.state === "finished") {
        document.getElementById("answer").hidden = false;
        document.getElementById("said").textContent = told.do === "do()" ? "The answer" : told.do;
        document.getElementById("drawn").src = `/runs/${told.run}/report.html`;
        document.getElementById("kept").href = told.go;
        document.getElementById("copies").replaceChildren(...[[told.line, "Copy as command"], [told.python, "Copy as Python"]].map(([text, label]) => {
          const box = aitia.node("div", "", {class: "copied"});
          box.append(aitia.node("pre", text), aitia.node("button", label, {type: "button", class: "plain", "data-copy": text}));
          return box;
        }));
        ended("");
        document.getElementById("said").focus();
        return;
      }
      if (now.state === "failed" || now.state === "cancelled") {
        ended("");
        aitia.tell(now.state === "failed" ? now.message : "");
        return;
      }
      state.textContent = now.state === "queued" ? "waits for its turn" : (now.progress || {}).what || "is answered";
    } catch { /* the studio is away: the next look tells */ }
    window.setTimeout(() => look(told), 400);
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    aitia.tell("");
    const text = (name) => (field(name) ? field(name).value.trim() : "");
    const verb = form.querySelector('input[name="verb"]:checked').value;
    const asked = {verb, values: values(), do: text("do"), rows: text("rows"), data: text("place") || text("data"), draws: Number(text("draws") || 1), seed: Number(text("seed") || 0), target: text("target"), outcome: text("outcome")};
    form.querySelector('button[type="submit"]').disabled = true;
    try {
      const told = await aitia.post(`/api/runs/${form.dataset.run}/ask`, asked);
      job = told.job;
      stop.hidden = false;
      look(told);
    } catch (error) {
      ended("");
      aitia.tell(error.message);
    }
  });
  stop.addEventListener("click", async () => {
    try { await aitia.post(`/api/jobs/${job}/cancel`, {}); } catch (error) { aitia.tell(error.message); }
  });
})();
