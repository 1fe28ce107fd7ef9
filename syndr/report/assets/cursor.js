// Charts: the number behind the bar or point under the pointer, or under the arrow keys.
function chartCursor(plot) {
  const svg = plot.querySelector("svg");
  const stops = [...svg.querySelectorAll(".stop")];
  if (!stops.length) return;
  const bars = stops[0].querySelector("rect") !== null;
  const texts = stops.map((stop) => {
    const title = stop.querySelector("title");
    title.remove(); // the browser would show it a second time
    return title.textContent;
  });
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.setAttribute("role", "status");
  tip.hidden = true;
  plot.append(tip);
  svg.setAttribute("tabindex", "0");
  let current = -1;

  function show(at) {
    stops[current]?.classList.remove("current");
    current = at;
    if (at < 0) { tip.hidden = true; return; }
    stops[at].classList.add("current");
    tip.textContent = texts[at];
    tip.hidden = false;
    const [box, mark] = [plot.getBoundingClientRect(), stops[at].getBoundingClientRect()];
    const left = mark.left + mark.width / 2 - box.left - tip.offsetWidth / 2;
    tip.style.left = `${Math.max(0, Math.min(box.width - tip.offsetWidth, left))}px`;
    tip.style.top = `${Math.max(0, mark.top - box.top - tip.offsetHeight - 8)}px`;
  }

  function nearest(event) {
    let [best, least] = [-1, Infinity];
    stops.forEach((stop, at) => {
      const mark = stop.getBoundingClientRect();
      const x = event.clientX - mark.left - mark.width / 2;
      const y = bars ? 0 : event.clientY - mark.top - mark.height / 2;
      const far = Math.hypot(x, y);
      if (far < least) [best, least] = [at, far];
    });
    return least < (bars ? Math.max(12, stops[best].getBoundingClientRect().width) : 24) ? best : -1;
  }

  svg.addEventListener("pointermove", (event) => show(nearest(event)));
  svg.addEventListener("pointerleave", () => show(-1));
  svg.addEventListener("blur", () => show(-1));
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) show(Math.max(0, Math.min(stops.length - 1, current + step)));
    else if (event.key === "Home") show(0);
    else if (event.key === "End") show(stops.length - 1);
    else if (event.key === "Escape") show(-1);
    else return;
    event.preventDefault();
  });
}
