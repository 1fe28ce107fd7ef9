// The map of points: colours, legend, zoom, and what is under the pointer or the arrow keys.
const VIRIDIS = [[68, 1, 84], [71, 44, 122], [59, 81, 139], [44, 113, 142], [33, 144, 141], [39, 173, 129],
  [92, 200, 99], [170, 220, 50], [237, 216, 36]];
const DISTINCT = ["#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#e69f00", "#7f7f7f"];
const UNKNOWN = "#8d979f";

function rampColour(share) {
  const at = Math.max(0, Math.min(1, share)) * (VIRIDIS.length - 1);
  const [low, part] = [Math.floor(at), at - Math.floor(at)];
  const [a, b] = [VIRIDIS[low], VIRIDIS[Math.min(low + 1, VIRIDIS.length - 1)]];
  return `rgb(${a.map((value, i) => Math.round(value + part * (b[i] - value))).join(" ")})`;
}

function classColour(at, total) {
  if (total <= DISTINCT.length) return DISTINCT[at];
  const light = [50, 62, 40][at % 3];
  return `hsl(${Math.round((360 * at) / total)} ${at % 2 ? 55 : 80}% ${light}%)`;
}

let maps = 0;

function pointMap(figure) {
  const data = JSON.parse(figure.querySelector("script").textContent);
  const total = data.names.length;
  const canvas = figure.querySelector("canvas");
  const context = canvas.getContext("2d");
  const tip = figure.querySelector(".tip");
  const key = figure.querySelector(".key-of-map");
  const choices = [...figure.querySelectorAll("input[type=radio]")];
  const [out, fit, into] = figure.querySelectorAll(".zoom button");
  const grid = 8191;
  // In a mixed order, always the same one: where dots lie upon each other no class hides all others.
  const mixed = Array.from(data.names, (_, at) => at)
    .sort((a, b) => Math.imul(a + 1, 0x9e3779b1) - Math.imul(b + 1, 0x9e3779b1));
  maps += 1;
  for (const choice of choices) choice.name = `colouring-${maps}`; // one group for each map
  choices[0].checked = true;
  let colouring = data.colourings[0];
  let view = { scale: 1, x: 0, y: 0 };
  let only = null; // the one class that is shown in colour
  let current = -1;
  let [spots, settled] = [[], ""];

  const tone = (name) => getComputedStyle(figure).getPropertyValue(`--${name}`).trim();
  function colours() {
    if (colouring.classes) {
      const made = colouring.classes.map(({ tone: known }, at) =>
        known ? tone(`tone-${known}`) : classColour(at, colouring.classes.length));
      return (value) => made[value];
    }
    const span = colouring.high - colouring.low || 1;
    return (value) => rampColour((value - colouring.low) / span);
  }

  function size() {
    const ratio = devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return [width, height];
  }

  // Places are fitted into the canvas without bending distances.
  function place(at, [width, height]) {
    const edge = 16;
    const wide = Math.min(width - 2 * edge, (height - 2 * edge) * data.aspect);
    const tall = wide / data.aspect;
    const x = (width - wide) / 2 + (data.x[at] / grid) * wide;
    const y = (height + tall) / 2 - (data.y[at] / grid) * tall;
    return [(x - width / 2) * view.scale + width / 2 + view.x, (y - height / 2) * view.scale + height / 2 + view.y];
  }

  const radius = () => (total > 2000 ? 2.1 : total > 400 ? 2.7 : 3.6) * Math.min(2.5, Math.sqrt(view.scale));

  // Where each dot is drawn: at its place, or as near to it as there is room, so that none hides another.
  function settle(box) {
    const step = 1.7 * radius();
    const [taken, tried] = [new Set(), new Map()];
    const spots = new Array(total);
    for (const at of mixed) {
      const [x, y] = place(at, box);
      const home = `${Math.round(x / step)},${Math.round(y / step)}`;
      let turn = tried.get(home) ?? 0;
      let [column, row, name] = [0, 0, ""];
      do { // outwards along a spiral
        const [away, angle] = [step * 0.5 * Math.sqrt(turn), 2.39996 * turn];
        column = Math.round((x + away * Math.cos(angle)) / step);
        row = Math.round((y + away * Math.sin(angle)) / step);
        name = `${column},${row}`;
        turn += 1;
      } while (taken.has(name));
      taken.add(name);
      tried.set(home, turn);
      spots[at] = name === home ? [x, y] : [column * step, row * step];
    }
    return spots;
  }

  function draw() {
    const box = size();
    const state = `${box} ${view.scale} ${view.x} ${view.y}`;
    if (state !== settled) [settled, spots] = [state, settle(box)];
    context.clearRect(0, 0, ...box);
    const colour = colours();
    const dim = (at) => only !== null && colouring.values[at] !== only;
    const behind = (at) => dim(at) || colouring.values[at] === null;
    context.lineWidth = 0.7;
    context.strokeStyle = tone("paper"); // a rim, so that dots upon dots can be told apart
    for (const back of [true, false]) {
      for (const at of mixed) {
        if (behind(at) !== back) continue;
        const value = colouring.values[at];
        context.globalAlpha = dim(at) ? 0.12 : 0.9;
        context.fillStyle = value === null ? UNKNOWN : colour(value);
        context.beginPath();
        context.arc(...spots[at], radius(), 0, 7);
        context.fill();
        if (!dim(at)) context.stroke();
      }
    }
    context.globalAlpha = 1;
    if (current >= 0) {
      const [x, y] = spots[current];
      context.lineWidth = 2;
      context.strokeStyle = tone("ink");
      context.beginPath();
      context.arc(x, y, radius() + 4, 0, 7);
      context.stroke();
    }
  }

  function valueText({ classes, values }, at) {
    return classes ? classes[values[at]].name : values[at].toFixed(2);
  }

  function show(at) {
    if (at === current) return;
    current = at;
    draw();
    tip.hidden = at < 0;
    if (at < 0) return;
    const parts = [];
    if (data.pictures[at]) {
      const image = new Image();
      image.src = data.pictures[at];
      image.alt = "";
      parts.push(image);
    }
    const name = document.createElement("b");
    name.textContent = data.names[at];
    parts.push(name);
    if (data.details[at]) {
      const line = document.createElement("span");
      line.textContent = data.details[at];
      parts.push(line);
    }
    for (const one of data.colourings) {
      if (one.values[at] === null) continue;
      const line = document.createElement("span");
      line.textContent = `${one.label}: ${valueText(one, at)}`;
      parts.push(line);
    }
    tip.replaceChildren(...parts);
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const [x, y] = spots[at];
    const [w, h] = [tip.offsetWidth, tip.offsetHeight];
    const left = x + 14 + w <= width ? x + 14 : x - 14 - w;
    tip.style.left = `${Math.max(0, Math.min(width - w, left))}px`;
    tip.style.top = `${Math.max(0, Math.min(height - h, y - h / 2))}px`;
  }

  function under(event) {
    const area = canvas.getBoundingClientRect();
    const [px, py] = [event.clientX - area.left, event.clientY - area.top];
    let [best, least] = [-1, event.pointerType === "touch" ? 24 : 14];
    for (let at = 0; at < total; at++) {
      if (only !== null && colouring.values[at] !== only) continue;
      const [x, y] = spots[at];
      const far = Math.hypot(x - px, y - py);
      if (far < least) [best, least] = [at, far];
    }
    return best;
  }

  // From the current point to the nearest one that lies more that way than aside.
  function step(dx, dy) {
    const [x0, y0] = current < 0 ? [canvas.clientWidth / 2, canvas.clientHeight / 2] : spots[current];
    let [best, least] = [-1, Infinity];
    for (let at = 0; at < total; at++) {
      if (at === current || (only !== null && colouring.values[at] !== only)) continue;
      const [x, y] = spots[at];
      const ahead = (x - x0) * dx + (y - y0) * dy;
      const aside = Math.abs((x - x0) * dy) + Math.abs((y - y0) * dx);
      if (current >= 0 && (ahead <= 0.5 || aside > ahead)) continue;
      const far = Math.hypot(x - x0, y - y0) + aside;
      if (far < least) [best, least] = [at, far];
    }
    if (best >= 0) show(best);
  }

  function zoom(factor, cx = 0, cy = 0) {
    const scale = Math.max(1, Math.min(40, view.scale * factor));
    const by = scale / view.scale;
    view = scale === 1 ? { scale, x: 0, y: 0 }
      : { scale, x: cx + (view.x - cx) * by, y: cy + (view.y - cy) * by };
    canvas.classList.toggle("zoomed", scale > 1);
    const kept = current;
    current = -1;
    show(kept);
    draw();
  }

  function legend() {
    key.replaceChildren();
    if (!colouring.classes) {
      const [low, bar, high] = ["span", "i", "span"].map((tag) => document.createElement(tag));
      low.textContent = colouring.low.toFixed(1);
      high.textContent = colouring.high.toFixed(1);
      bar.style.background = `linear-gradient(90deg, ${VIRIDIS.map((c) => `rgb(${c.join(" ")})`).join(", ")})`;
      key.append(low, bar, high);
      return;
    }
    const colour = colours();
    const counts = new Array(colouring.classes.length).fill(0);
    for (const value of colouring.values) if (value !== null) counts[value]++;
    if (colouring.classes.length > 40) {
      key.textContent = `${colouring.classes.length} colours, one for each; point at a dot to see which.`;
      return;
    }
    colouring.classes.forEach(({ name }, at) => {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-pressed", String(only === at));
      const swatch = document.createElement("i");
      swatch.style.background = colour(at);
      button.append(swatch, `${name} (${counts[at].toLocaleString("en-US")})`);
      button.addEventListener("click", () => {
        only = only === at ? null : at;
        for (const other of key.querySelectorAll("button")) other.setAttribute("aria-pressed", "false");
        button.setAttribute("aria-pressed", String(only === at));
        current = -1;
        tip.hidden = true;
        draw();
      });
      key.append(button);
    });
    const rest = colouring.values.filter((value) => value === null).length;
    if (rest) {
      const [line, swatch] = ["span", "i"].map((tag) => document.createElement(tag));
      line.className = "rest";
      swatch.style.background = UNKNOWN;
      line.append(swatch, `none of these (${rest.toLocaleString("en-US")})`);
      key.append(line);
    }
  }

  choices.forEach((choice, at) => choice.addEventListener("change", () => {
    colouring = data.colourings[at];
    only = null;
    legend();
    draw();
  }));
  out.addEventListener("click", () => zoom(1 / 1.6));
  into.addEventListener("click", () => zoom(1.6));
  fit.addEventListener("click", () => zoom(1 / 40));
  let dragged = null;
  canvas.addEventListener("pointerdown", (event) => {
    show(under(event));
    if (view.scale > 1) { dragged = [event.clientX - view.x, event.clientY - view.y]; canvas.setPointerCapture(event.pointerId); }
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!dragged) { show(under(event)); return; }
    show(-1);
    [view.x, view.y] = [event.clientX - dragged[0], event.clientY - dragged[1]];
    draw();
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { dragged = null; });
  canvas.addEventListener("pointerleave", (event) => { if (event.pointerType !== "touch") show(-1); });
  canvas.addEventListener("dblclick", (event) => {
    const area = canvas.getBoundingClientRect();
    zoom(1.6, event.clientX - area.left - area.width / 2, event.clientY - area.top - area.height / 2);
  });
  canvas.addEventListener("blur", () => show(-1));
  canvas.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (way) step(...way);
    else if (event.key === "+" || event.key === "=") zoom(1.6);
    else if (event.key === "-") zoom(1 / 1.6);
    else if (event.key === "0") zoom(1 / 40);
    else if (event.key === "Escape") show(-1);
    else return;
    event.preventDefault();
  });
  figure.querySelector(".controls").hidden = false;
  figure.querySelector(".board").hidden = false;
  new ResizeObserver(() => { current = -1; tip.hidden = true; draw(); }).observe(canvas);
  for (const query of ["(prefers-color-scheme: dark)", "print"]) {
    matchMedia(query).addEventListener("change", () => { legend(); draw(); });
  }
  legend();
  draw();
}
