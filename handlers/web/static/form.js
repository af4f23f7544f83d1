// Saves each field while it is being filled in. Without this file the page works all the same: 提交 sends everything.
"use strict";

(function () {
  const form = document.querySelector("form[data-save]");
  if (!form) return;
  const PAUSE = 700; // ms without a key before what is typed is saved
  const waiting = new Map(); // field -> timer
  const state = { done: false, chain: Promise.resolve() };

  const box = (name) => form.querySelector(`[data-field="${CSS.escape(name)}"]`);
  const inputs = (name) => [...form.elements].filter((one) => one.name === name);
  const was = (name) => form.elements[`was.${name}`];

  function values(name) {
    const given = inputs(name);
    const ticked = given.filter((one) => one.type === "radio" || one.type === "checkbox");
    return ticked.length ? ticked.filter((one) => one.checked).map((one) => one.value) : given.map((one) => one.value);
  }

  function note(name, text, bad, choices) {
    const place = document.getElementById(`note-${name}`);
    if (!place) return;
    place.textContent = text;
    place.classList.toggle("bad", bad);
    inputs(name).forEach((one) => one.toggleAttribute("aria-invalid", bad));
    (choices || []).forEach((label, place0) => {
      const pick = document.createElement("button");
      pick.type = "button";
      pick.textContent = label;
      pick.addEventListener("click", () => save(name, place0 + 1));
      place.append(pick);
    });
  }

  function save(name, pick) {
    clearTimeout(waiting.get(name));
    waiting.delete(name);
    state.chain = state.chain.then(() => send(name, pick || 0)); // one after another: the last one typed is the last one kept
  }

  async function send(name, pick) {
    if (state.done) return;
    const clear = form.elements[`clear.${name}`];
    const given = values(name);
    const text = given.join("");
    const body = new URLSearchParams({ sign: form.elements.sign.value, name, was: was(name) ? was(name).value : "" });
    given.forEach((value) => body.append("value", value));
    if (pick) body.append("pick", pick);
    if (clear && clear.checked) body.append("clear", "1");
    note(name, form.dataset.saving, false);
    try {
      const answer = await fetch(form.dataset.save, { method: "POST", body, keepalive: true });
      const told = await answer.json();
      if (!answer.ok) throw new Error(told.problem);
      note(name, told.problem || told.shown, Boolean(told.problem), told.choices);
      if (!told.problem && was(name)) was(name).value = text;
    } catch {
      note(name, form.dataset.failed, true);
    }
  }

  function nameOf(target) {
    const place = target.closest("[data-field]");
    return place ? place.dataset.field : "";
  }

  form.addEventListener("input", (event) => {
    const name = nameOf(event.target);
    if (!name || event.target.type === "checkbox" || event.target.type === "radio") return;
    clearTimeout(waiting.get(name));
    waiting.set(name, setTimeout(save, PAUSE, name, 0));
  });
  form.addEventListener("change", (event) => {
    const name = nameOf(event.target);
    if (name) save(name);
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") [...waiting.keys()].forEach((name) => save(name));
  });
  form.addEventListener("submit", () => {
    state.done = true; // what is typed goes with the form; a late save would open the draft again
    waiting.forEach(clearTimeout);
    form.querySelector("button:not([type])").disabled = true;
  });
  window.addEventListener("pageshow", () => {
    form.querySelector("button:not([type])").disabled = false;
    state.done = false;
  });
  const why = document.getElementById("why");
  if (why) why.scrollIntoView({ block: "center" });
})();
