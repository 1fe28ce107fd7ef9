// Tables: search, sort, pages. The first rows stand in the page already; the rest come from the JSON beside them.
const PAGE_ROWS = 25;
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

function numberText(value, decimals) {
  if (value === null) return "–";
  if (value === 0) return "0";
  if (Math.abs(value) >= 10) decimals = Math.max(0, Math.min(decimals, 5 - String(Math.trunc(Math.abs(value))).length));
  const options = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  let text = value.toLocaleString("en-US", options);
  if (!/[1-9]/.test(text)) {
    text = (value > 0 ? "<" : ">-") + (10 ** -decimals).toFixed(decimals);
  }
  return text.replace("-", "−");
}

function liveTable(figure) {
  const { rows, columns, marked } = JSON.parse(figure.querySelector("script").textContent);
  const body = figure.querySelector("tbody");
  const heads = [...figure.querySelectorAll("th")];
  const [controls, pager] = [figure.querySelector(".controls"), figure.querySelector(".pager")];
  const search = controls.querySelector("input");
  const [found, place] = [controls.querySelector("output"), pager.querySelector("output")];
  const [previous, next] = pager.querySelectorAll("button");
  const isMarked = new Set(marked);
  const text = (column, row) => (column.texts ? column.texts[row] : numberText(column.numbers[row], column.decimals));
  let haystack = null;
  let order = Array.from({ length: rows }, (_, row) => row);
  let shown = order;
  let page = 0;
  let sorted = { column: -1, down: false };

  function compare(column, down) {
    const sign = down ? -1 : 1;
    if (!column.numbers) return (a, b) => sign * collator.compare(column.texts[a], column.texts[b]) || a - b;
    const values = column.numbers;
    return (a, b) => {
      if (values[a] === null || values[b] === null) return (values[a] === null) - (values[b] === null) || a - b;
      return sign * (values[a] - values[b]) || a - b;
    };
  }

  function sortBy(at) {
    if (sorted.column !== at) sorted = { column: at, down: Boolean(columns[at].numbers) };
    else if (sorted.down === Boolean(columns[at].numbers)) sorted = { column: at, down: !sorted.down };
    else sorted = { column: -1, down: false };
    order = Array.from({ length: rows }, (_, row) => row);
    if (sorted.column >= 0) order.sort(compare(columns[sorted.column], sorted.down));
    heads.forEach((head, at) => {
      if (at === sorted.column) head.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    filter();
  }

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length) {
      haystack ??= Array.from({ length: rows }, (_, row) =>
        columns.map((column) => text(column, row)).join("\n").toLowerCase());
      shown = order.filter((row) => words.every((word) => haystack[row].includes(word)));
    } else shown = order;
    page = 0;
    draw();
  }

  function draw() {
    const pages = Math.max(1, Math.ceil(shown.length / PAGE_ROWS));
    const from = page * PAGE_ROWS;
    body.replaceChildren(...shown.slice(from, from + PAGE_ROWS).map((row) => {
      const line = document.createElement("tr");
      if (isMarked.has(row)) line.className = "marked";
      for (const column of columns) {
        const cell = line.insertCell();
        cell.textContent = text(column, row);
        if (column.numbers) cell.className = "number";
      }
      return line;
    }));
    if (!shown.length) {
      const cell = body.insertRow().insertCell();
      cell.colSpan = columns.length;
      cell.textContent = "No row matches.";
    }
    const count = (n) => n.toLocaleString("en-US");
    found.textContent = search.value.trim() ? `${count(shown.length)} of ${count(rows)} rows` : "";
    place.textContent = shown.length
      ? `${count(from + 1)}–${count(Math.min(from + PAGE_ROWS, shown.length))} of ${count(shown.length)}` : "";
    previous.disabled = page === 0;
    next.disabled = page + 1 >= pages;
    pager.hidden = rows <= PAGE_ROWS;
  }

  heads.forEach((head, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", () => sortBy(at));
    head.replaceChildren(button);
  });
  search.addEventListener("input", filter);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { search.value = ""; filter(); }
  });
  const turn = (by) => { page += by; draw(); };
  previous.addEventListener("click", () => turn(-1));
  next.addEventListener("click", () => turn(1));
  controls.hidden = false;
  figure.classList.add("live");
  draw();
}
