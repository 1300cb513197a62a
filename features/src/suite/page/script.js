"use strict";
(() => {
  const form = document.querySelector("form");
  const scenarios = [...document.querySelectorAll(".scenario")];
  const text = new Map(scenarios.map((one) => [one, one.textContent.toLowerCase()]));
  const above = [...document.querySelectorAll(".gherkin-rule, .feature, .area")].reverse();
  const show = () => {
    const { words, status, tag, rule } = Object.fromEntries(new FormData(form));
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const one of scenarios) {
      const tags = one.dataset.tags.split(" ");
      const fits = wanted.every((word) => text.get(one).includes(word))
        && (!status || (status === "not passed" ? one.dataset.status !== "passed" : one.dataset.status === status))
        && (!tag || tags.includes(tag)) && (!rule || tags.includes(rule));
      one.hidden = !fits;
      shown += fits;
    }
    for (const one of above) one.hidden = !one.querySelector(".scenario:not([hidden])");
    const chosen = wanted.length || status || tag || rule;
    for (const one of document.querySelectorAll("details.feature")) one.open = chosen ? !one.hidden : one.dataset.open === "yes";
    document.querySelector("output").value = chosen ? `${shown} of ${scenarios.length} scenarios` : "";
  };
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  const open = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let one = target; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", open);
  document.querySelectorAll("[data-rule]").forEach((one) => one.addEventListener("click", () => {
    form.reset();
    show();
  }));
  open();
})();
