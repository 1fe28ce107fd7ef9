// Everything starts here.
for (const figure of document.querySelectorAll("[data-table]")) liveTable(figure);
for (const plot of document.querySelectorAll("[data-cursor]")) chartCursor(plot);
for (const figure of document.querySelectorAll("[data-map]")) pointMap(figure);

// The section one is in is marked in the list of sections.
const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    for (const link of links.values()) link.removeAttribute("aria-current");
    links.get(entry.target.id).setAttribute("aria-current", "true");
  }
}, { rootMargin: "-15% 0px -75% 0px" });
for (const section of document.querySelectorAll("main > section")) seen.observe(section);

// Paper shows what the screen folds away.
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  for (const part of opened) part.open = true;
});
addEventListener("afterprint", () => { for (const part of opened) part.open = false; });
