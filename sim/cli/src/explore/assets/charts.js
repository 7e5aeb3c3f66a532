// Line charts as SVG, from numbers that the server computed. Nothing here knows what they mean.
"use strict";

const SVG = "http://www.w3.org/2000/svg";

function element(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// Text in which a power such as 2^9 is set as one.
function text(attributes, written) {
  const power = /^(\d+)\^(\d+)$/.exec(written);
  if (!power) return element("text", attributes, written);
  const made = element("text", attributes, power[1]);
  made.append(element("tspan", { dy: -5, class: "raised" }, power[2]));
  return made;
}

// About `count` round numbers from `low` to `high`.
function ticks(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough);
  const found = [];
  for (let n = Math.ceil(low / step); n * step <= high * (1 + 1e-12); n++) found.push(n * step);
  return found;
}

// Powers of two, or of more where there would be many.
function powers(low, high) {
  const [first, last] = [Math.ceil(Math.log2(low)), Math.floor(Math.log2(high))];
  const step = Math.max(1, Math.ceil((last - first) / 7));
  const found = [];
  for (let e = first; e <= last; e += step) found.push(2 ** e);
  return found;
}

function short(value) {
  if (value >= 8192 && Number.isInteger(Math.log2(value))) return `2^${Math.log2(value)}`;
  if (value >= 1e6) return value.toExponential(1).replace("e+", "e");
  return String(+value.toPrecision(4));
}

// `chart` has title, x and y ({label, low, high, log, ticks, format}), and marks: {kind: line|dots|rule, class, points|y, label, labels}.
function draw(holder, chart) {
  // As wide as its place, so that text has its own size.
  const [width, height] = [Math.min(Math.max(holder.clientWidth, 320), 900), 330];
  const edge = { left: 62, right: 22, top: 14, bottom: 46 };
  const scale = (axis, from, to) => {
    const place = axis.log ? Math.log : (value) => value;
    const [low, high] = [place(axis.low), place(axis.high)];
    return (value) => from + ((place(value) - low) / (high - low || 1)) * (to - from);
  };
  const x = scale(chart.x, edge.left, width - edge.right);
  const y = scale(chart.y, height - edge.bottom, edge.top);
  const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": chart.title });
  drawAxes(svg, chart, x, y, { width, height, edge });
  for (const mark of chart.marks) drawMark(svg, mark, x, y, { width, edge });
  holder.replaceChildren(svg);
}

function drawAxes(svg, chart, x, y, { width, height, edge }) {
  const [bottom, right] = [height - edge.bottom, width - edge.right];
  const shown = (axis) => axis.format || short;
  for (const value of chart.y.ticks) {
    svg.append(element("line", { class: "grid", x1: edge.left, x2: right, y1: y(value), y2: y(value) }));
    svg.append(text({ x: edge.left - 6, y: y(value) + 4, "text-anchor": "end" }, shown(chart.y)(value)));
  }
  for (const value of chart.x.ticks) {
    svg.append(element("line", { class: "axis", x1: x(value), x2: x(value), y1: bottom, y2: bottom + 5 }));
    svg.append(text({ x: x(value), y: bottom + 20, "text-anchor": "middle" }, shown(chart.x)(value)));
  }
  svg.append(element("path", { class: "axis", d: `M${edge.left} ${edge.top}V${bottom}H${right}` }));
  svg.append(element("text", { class: "soft", x: (edge.left + right) / 2, y: height - 6, "text-anchor": "middle" }, chart.x.label));
  const middle = (edge.top + bottom) / 2;
  const turned = { class: "soft", x: 14, y: middle, "text-anchor": "middle", transform: `rotate(-90 14 ${middle})` };
  svg.append(element("text", turned, chart.y.label));
}

function drawMark(svg, mark, x, y, { width, edge }) {
  if (mark.kind === "rule") {
    svg.append(element("line", { class: mark.class, x1: edge.left, x2: width - edge.right, y1: y(mark.y), y2: y(mark.y) }));
    svg.append(element("text", { x: width - edge.right - 4, y: y(mark.y) - 5, "text-anchor": "end" }, mark.label));
    return;
  }
  if (mark.kind === "line") {
    const path = mark.points.map(([a, b], n) => `${n ? "L" : "M"}${x(a).toFixed(1)} ${y(b).toFixed(1)}`).join("");
    svg.append(element("path", { class: mark.class, d: path }));
    return;
  }
  mark.points.forEach(([a, b], n) => {
    const dot = element("circle", { class: mark.class, cx: x(a), cy: y(b), r: mark.radius || 3 });
    dot.append(element("title", {}, mark.titles ? mark.titles[n] : `${a}, ${b}`));
    svg.append(dot);
    if (mark.labels) {
      const end = x(a) > width - 90;
      const place = { x: x(a) + (end ? -9 : 9), y: y(b) - 7, "text-anchor": end ? "end" : "start" };
      svg.append(element("text", place, mark.labels[n]));
    }
  });
}

function fillTable(table, headings, rows) {
  const row = (cells, name) => {
    const made = document.createElement("tr");
    for (const cell of cells) {
      const part = document.createElement(name);
      if (name === "th") part.scope = "col";
      part.textContent = cell;
      made.append(part);
    }
    return made;
  };
  const [head, body] = [document.createElement("thead"), document.createElement("tbody")];
  head.append(row(headings, "th"));
  body.append(...rows.map((cells) => row(cells, "td")));
  table.replaceChildren(head, body);
}
