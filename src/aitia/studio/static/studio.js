// What every page does: forms that change something, dropped tables, jobs that are watched, words that are copied.
"use strict";

const aitia = {
  token: document.querySelector('meta[name="aitia-token"]').content,

  tell(text) {
    const told = document.getElementById("told");
    told.textContent = text;
    told.hidden = !text;
  },

  async post(path, body, kind = "application/json") {
    const answer = await fetch(path, {
      method: "POST",
      headers: {"x-aitia-token": aitia.token, "content-type": kind},
      body: kind === "application/json" ? JSON.stringify(body) : body,
    });
    let told = {};
    const text = await answer.text();
    try { told = JSON.parse(text); } catch { told = {error: text}; }
    if (!answer.ok) throw new Error(told.error || `the studio answered ${answer.status}`);
    return told;
  },

  node(name, text, attributes = {}) {
    const made = document.createElement(name);
    made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  },
};

// -- forms ------------------------------------------------------------------------------------------------------------

function valuesOf(form) {
  const values = {};
  for (const field of form.elements) {
    if (!field.name || field.name === "use" || field.type === "submit" || (field.type === "radio" && !field.checked)) continue;
    if (field.hasAttribute("data-number")) {
      if (field.value !== "") values[field.name] = Number(field.value);
    } else if (field.hasAttribute("data-many")) {
      values[field.name] = [...(values[field.name] || []), ...(field.checked ? [field.value] : [])];
    } else values[field.name] = field.value;
  }
  const uses = [...form.querySelectorAll('input[name="use"]')];
  if (uses.length) values.drop = uses.filter((box) => !box.checked).map((box) => box.value);
  return values;
}

document.querySelectorAll("form[data-post]").forEach((form) => {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = event.submitter || form.querySelector('button[type="submit"]');
    button.disabled = true;
    aitia.tell("");
    try {
      const told = await aitia.post(button.dataset.post || form.dataset.post, {...valuesOf(form), ...(button.name ? {[button.name]: button.value} : {})});
      window.location.assign(told.go);
    } catch (error) {
      aitia.tell(error.message);
      button.disabled = false;
    }
  });
});

document.querySelectorAll("form[data-drop]").forEach((form) => {
  const input = form.querySelector('input[type="file"]');
  async function send(file) {
    if (!file) return;
    aitia.tell("");
    form.classList.add("over");
    try {
      const told = await aitia.post(`/tables/${encodeURIComponent(file.name)}`, file, "application/octet-stream");
      window.location.assign(form.dataset.then ? form.dataset.then + encodeURIComponent(told.name) : told.go);
    } catch (error) {
      form.classList.remove("over");
      aitia.tell(error.message);
    }
  }
  input.addEventListener("change", () => send(input.files[0]));
  send(input.files[0]); // what was chosen before this script was here
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const kind of ["dragover", "dragenter"]) form.addEventListener(kind, (event) => { event.preventDefault(); form.classList.add("over"); });
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => { event.preventDefault(); send(event.dataTransfer.files[0]); });
});

// -- jobs -------------------------------------------------------------------------------------------------------------

document.querySelectorAll("[data-job]").forEach((place) => {
  const part = (name) => place.querySelector(`[data-part="${name}"]`);
  const act = (name) => place.querySelector(`[data-act="${name}"]`);
  let last = place.dataset.state;

  function show(job) {
    const far = job.progress || {};
    part("state").replaceChildren(aitia.node("span", job.state, {class: `state ${job.state}`}));
    part("what").textContent = job.message || (job.state === "queued" ? "waits for its turn" : far.what || "");
    part("predicted").textContent = far.predicted || "";
    part("said").textContent = job.said;
    const bar = part("bar");
    if (job.state === "running" && far.total) { bar.max = far.total; bar.value = far.done; }
    else if (job.state === "running") bar.removeAttribute("value");
    else bar.value = 0;
    act("cancel").hidden = !["queued", "running"].includes(job.state);
    act("again").hidden = !["failed", "cancelled"].includes(job.state);
  }

  async function look() {
    try {
      const answer = await fetch(`/api/jobs/${place.dataset.job}`);
      const job = await answer.json();
      if (job.state === "finished") { window.location.reload(); return; }
      show(job);
      last = job.state;
    } catch { /* the studio is away: the next look tells */ }
    window.setTimeout(look, ["queued", "running"].includes(last) ? 600 : 3000);
  }
  for (const name of ["cancel", "again"]) {
    act(name).addEventListener("click", async () => {
      try { show(await aitia.post(`/api/jobs/${place.dataset.job}/${name}`, {})); } catch (error) { aitia.tell(error.message); }
    });
  }
  look();
});

// -- copying ----------------------------------------------------------------------------------------------------------

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  const before = button.textContent;
  button.textContent = "Copied";
  window.setTimeout(() => { button.textContent = before; }, 1200);
});
