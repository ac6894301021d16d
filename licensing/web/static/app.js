// What a page gains where scripts run; without them everything still works.
"use strict";

// Times in the viewer's zone; UTC stands in the title.
function tellLocalTimes(within) {
  for (const time of within.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    const format = time.dataset.only === "day" ? { dateStyle: "medium" } : { dateStyle: "medium", timeStyle: "short" };
    if (!isNaN(moment)) time.textContent = new Intl.DateTimeFormat(undefined, format).format(moment);
  }
}
tellLocalTimes(document);

// "/" leads to the search, unless somebody is typing.
document.addEventListener("keydown", (event) => {
  const search = document.getElementById("search");
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || typing || !search || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  search.focus();
  search.select();
});

// Copy what an element says.
for (const button of document.querySelectorAll("button[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    const label = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}

// A field says what is wrong with it when it is left, not while it is typed in.
for (const field of document.querySelectorAll("form[data-check] input, form[data-check] select, form[data-check] textarea")) {
  const told = field.closest(".field") && field.closest(".field").querySelector(".error");
  if (!told) continue;
  const tell = () => {
    const problem = field.validity.valid ? "" : field.dataset.problem || field.validationMessage;
    told.textContent = problem;
    told.hidden = !problem;
    field.setAttribute("aria-invalid", String(Boolean(problem)));
  };
  field.addEventListener("blur", () => { if (field.value) tell(); });
  field.addEventListener("input", () => { if (field.getAttribute("aria-invalid") === "true") tell(); });
  field.addEventListener("invalid", (event) => { event.preventDefault(); tell(); field.form.querySelector(":invalid").focus(); });
}

// What a form would do, while it is filled in: the server renders it.
for (const form of document.querySelectorAll("form[data-preview]")) {
  const shown = document.getElementById(form.dataset.shown);
  let waiting, asked = 0;
  const show = async () => {
    const number = ++asked;
    const response = await fetch(form.dataset.preview, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    const text = await response.text();
    if (number !== asked || !response.ok || response.redirected) return;
    shown.innerHTML = text;
    tellLocalTimes(shown);
  };
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(show, 250); });
}

// A form is sent once.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", () => setTimeout(() => {
    for (const button of form.querySelectorAll("button")) button.disabled = true;
  }));
}
window.addEventListener("pageshow", (event) => {
  if (event.persisted) for (const button of document.querySelectorAll("form button[disabled]")) button.disabled = false;
});
