"use strict";
(() => {
  const all = (query) => Array.from(document.querySelectorAll(query));
  const byId = (id) => document.getElementById(id);
  const search = byId("search");
  const show = byId("show");
  const opener = byId("open");
  const theme = byId("theme");
  const items = all("[data-kpi]");

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const kind = show.value;
    const found = new Set();
    for (const item of items) {
      const fits = words.every((word) => item.dataset.find.includes(word));
      const wanted = kind === "all" || item.dataset.kind.split(" ").includes(kind);
      item.hidden = !(fits && wanted);
      if (!item.hidden) found.add(item.dataset.kpi);
    }
    for (const group of all("table.board tbody")) {
      group.hidden = !group.querySelector("[data-kpi]:not([hidden])");
    }
    const narrowed = words.length > 0 || kind !== "all";
    const told = byId("found");
    const every = new Set(items.map((item) => item.dataset.kpi)).size;
    told.textContent = narrowed ? told.dataset.found.replace("{found}", found.size).replace("{all}", every) : "";
  };
  search.addEventListener("input", filter);
  show.addEventListener("change", filter);

  const openAll = (open) => all("details").forEach((part) => { part.open = open; });
  opener.addEventListener("click", () => {
    const open = opener.textContent === opener.dataset.open;
    openAll(open);
    opener.textContent = open ? opener.dataset.close : opener.dataset.open;
  });

  // A link to something inside a closed part opens that part.
  const reveal = () => {
    const target = location.hash && byId(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.hidden) { search.value = ""; show.value = "all"; filter(); }
    for (let part = target; part; part = part.parentElement) {
      if (part.tagName === "DETAILS") part.open = true;
    }
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();

  // On paper every objective is open, its values and SQL only if the reader opened them; afterwards all is as it was.
  let before = [];
  addEventListener("beforeprint", () => {
    before = all("details.kpi").filter((part) => !part.open);
    before.forEach((part) => { part.open = true; });
  });
  addEventListener("afterprint", () => before.forEach((part) => { part.open = false; }));

  // On a phone a row of a table is a card: each cell beside the name of its column, nothing to move sideways. Laid out
  // otherwise, a table would be none to a screen reader, so that it says what it is.
  const phone = matchMedia("screen and (max-width: 46rem)");
  const roles = { TABLE: "table", THEAD: "rowgroup", TBODY: "rowgroup", TFOOT: "rowgroup", TR: "row", TD: "cell" };
  const stack = () => {
    for (const table of phone.matches ? all(".scroll > table:not(.stack)") : []) {
      const heads = Array.from(table.querySelectorAll("thead th"), (cell) => cell.textContent.trim());
      if (!heads.length) continue;
      table.classList.add("stack");
      for (const row of table.rows) {
        let column = 0;
        for (const cell of row.cells) {
          const single = cell.tagName === "TD" && cell.colSpan === 1;
          if (single && (cell.textContent.trim() || cell.firstElementChild)) cell.dataset.head = heads[column];
          column += cell.colSpan;
        }
      }
      for (const part of [table, ...table.querySelectorAll("thead, tbody, tfoot, tr, td, th")]) {
        const ofColumn = part.scope === "col" ? "columnheader" : "rowheader";
        part.setAttribute("role", roles[part.tagName] || ofColumn);
      }
    }
  };
  phone.addEventListener("change", stack);
  stack();

  const dark = () => document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  const name = () => {
    theme.textContent = dark() ? theme.dataset.light : theme.dataset.dark;
    theme.setAttribute("aria-pressed", String(dark()));
  };
  theme.addEventListener("click", () => {
    document.documentElement.dataset.theme = dark() ? "light" : "dark";
    name();
  });
  name();

  addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
    if (event.key === "/" && !typing) { event.preventDefault(); search.focus(); }
    if (event.key === "Escape" && document.activeElement === search) { search.value = ""; filter(); }
  });
})();
