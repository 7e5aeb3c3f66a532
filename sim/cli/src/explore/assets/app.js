// The controls, and what the server says about them. The page computes nothing: every number shown is the server's.
"use strict";

const FIELDS = ["R", "lambda", "min_T", "slack", "reject_acc", "honest_acc", "kappa", "substitution", "backend", "extension", "checks", "network"];
const GOAL = FIELDS.slice(0, 8);
const WAIT_MS = 120;
// The security of the published choices.
const PUBLISHED_LAMBDA = 40;

const $ = (id) => document.getElementById(id);
let about = { backends: [], backend: "", extensions: [], extension: "", checks: "", network: "wan", model: null };
let latest = null;
// The last series, and what it was asked for: at another R it is the same.
let known = { key: "", answer: null };
let timer = 0;
let pending = new AbortController();

// What differs from the defaults is in the address.
function defaults() {
  const own = Object.fromEntries(GOAL.map((name) => [name, $(name).defaultValue]));
  return { ...own, backend: about.backend, extension: about.extension, checks: about.checks, network: about.network };
}

function settings() {
  return Object.fromEntries(FIELDS.map((name) => [name, $(name).value.trim()]));
}

function restore() {
  const given = new URLSearchParams(location.hash.slice(1));
  for (const [name, value] of Object.entries(defaults())) $(name).value = given.get(name) ?? value;
  if (!$("backend").value) $("backend").value = about.backend;
}

function remember(values) {
  const usual = defaults();
  const changed = FIELDS.filter((name) => name === "R" || name === "lambda" || values[name] !== usual[name]);
  history.replaceState(null, "", `#${new URLSearchParams(changed.map((name) => [name, values[name]]))}`);
}

function moveSliders(values) {
  const power = /^2\^(\d+)$/.exec(values.R);
  const exponent = power ? Number(power[1]) : Math.log2(Number(values.R));
  if (Number.isFinite(exponent)) $("R-slider").value = Math.round(exponent);
  $("R-slider").setAttribute("aria-valuetext", values.R);
  if (/^\d+$/.test(values.lambda)) $("lambda-slider").value = values.lambda;
}

function given(values, names) {
  return new URLSearchParams(names.filter((name) => values[name] !== "").map((name) => [name, values[name]]));
}

// The document, or an error in words.
async function ask(path, query, signal) {
  const response = await fetch(`/api/${path}?${query}`, { signal });
  const document = await response.json().catch(() => ({ error: `the server answered ${response.status}` }));
  if (!response.ok) throw document;
  return document;
}

function wording(problem) {
  if (problem instanceof TypeError) return "the server no longer answers: start sim explore again";
  return problem.command ? `${problem.error}: ${problem.command}` : problem.error || String(problem);
}

function changed() {
  const values = settings();
  remember(values);
  moveSliders(values);
  $("results").classList.add("stale");
  document.body.dataset.state = "waiting";
  clearTimeout(timer);
  pending.abort();
  timer = setTimeout(() => refresh(values), WAIT_MS);
}

async function refresh(values) {
  pending = new AbortController();
  const { signal } = pending;
  try {
    const answer = await ask("plan", given(values, FIELDS), signal);
    clearProblems();
    showPlan(answer);
    $("results").classList.remove("stale");
    await Promise.all([deal(answer, signal), curve(answer, signal), surface(values, answer, signal), series(values, answer, signal), map(values, answer, signal), cost(values, signal), families(values, signal)]);
  } catch (problem) {
    if (signal.aborted) return;
    clearProblems();
    showProblem(problem);
  }
  if (!signal.aborted) document.body.dataset.state = "settled";
}

function clearProblems() {
  for (const name of FIELDS) {
    $(`${name}-error`).textContent = "";
    $(name).removeAttribute("aria-invalid");
  }
  $("problem").textContent = "";
}

// Beside its control, or above the plan where it is about several. What was shown stays, and looks old.
function showProblem(problem) {
  const place = problem.key && $(`${problem.key}-error`);
  (place || $("problem")).textContent = wording(problem);
  if (!place) return;
  $(problem.key).setAttribute("aria-invalid", "true");
  $("problem").textContent = "No plan for these settings: see the control that is marked.";
}

function showPlan(answer) {
  latest = answer;
  const { plan, shown } = answer;
  for (const name of ["B", "T", "slack", "N", "cost"]) {
    $(`plan-${name}`).textContent = shown[name];
    $(`plan-${name}`).classList.toggle("long", shown[name].length > 8);
  }
  const slack = shown.slack === "0" ? "" : `, slack = ${shown.slack}`;
  $("bar").textContent = `B = ${shown.B}, T = ${shown.T}${slack}: ${shown.cost} inferences per query`;
  $("plan").dataset.cost = plan.cost;
  $("plan-binds").textContent = answer.binds;
  $("plan-substitution").textContent = answer.substitution;
  const bits = (value) => (value === null ? "-" : (Math.floor(value * 100) / 100).toFixed(2));
  const rows = answer.games.map((line) => [line.game, line.event, bits(line.bits), line.asked]);
  fillTable($("games"), ["Game", "What must not happen", "Bits", "Asked"], rows);
  const proof = plan.certificate ? plan.certificate.comparisons : [answer.uncertified];
  $("proof").replaceChildren(...proof.map((line) => Object.assign(document.createElement("li"), { textContent: line })));
  $("command").textContent = answer.command;
  $("yaml").textContent = answer.yaml;
}

// One chart; what goes wrong with it is said beside it, and no other suffers.
async function chart(name, query, signal, show) {
  try {
    const answer = await ask(name, query, signal);
    $(`${name}-problem`).textContent = "";
    show(answer);
  } catch (problem) {
    if (signal.aborted) return;
    $(name).replaceChildren();
    $(`${name}-note`).textContent = "";
    $(`${name}-problem`).textContent = wording(problem);
  }
}

function note(answer, what) {
  return answer.left_out ? `${answer.left_out} ${what} left out: too long to compute here.` : "";
}

function count(n) {
  return Number.isSafeInteger(n) ? String(n) : `about 2^${Math.log2(n).toFixed(2)}`;
}

function curve({ plan, shown }, signal) {
  const query = new URLSearchParams(["R", "B", "T", "slack"].map((name) => [name, shown[name]]));
  return chart("curve", query, signal, (answer) => {
    const wins = answer.points.filter((point) => point.bits !== null);
    const most = Math.max(...wins.map((point) => point.bits), plan.lambda);
    const log = most > 10 * plan.lambda;
    const low = log ? Math.max(1, Math.min(...wins.map((point) => point.bits), plan.lambda) / 2) : 0;
    const high = most * (log ? 1.5 : 1.1);
    const [N, wide] = [plan.N, plan.N > 20000];
    const bounds = answer.points.filter((point) => point.touch_bits !== null && point.touch_bits >= low);
    const worst = wins.filter((point) => point.worst);
    draw($("curve"), {
      title: `Bits against a server that touches k slots; the least is ${worst[0]?.bits.toFixed(2)} at k = ${worst[0] && count(worst[0].k)}`,
      x: { label: wide ? "touched slots k (logarithmic)" : "touched slots k", low: wide ? 1 : 0, high: N, log: wide,
        ticks: wide ? powers(1, N) : ticks(0, N, 7), format: wide ? (k) => `2^${Math.log2(k)}` : short },
      y: { label: log ? "bits (logarithmic)" : "bits", low, high, log, ticks: log ? powers(low, high) : ticks(low, high, 6) },
      marks: [
        { kind: "rule", class: "asked", y: plan.lambda, label: `λ = ${plan.lambda}` },
        { kind: "line", class: "second", points: bounds.map((point) => [point.k, point.touch_bits]) },
        { kind: "line", class: "first", points: wins.map((point) => [point.k, point.bits]) },
        { kind: "dots", class: "first", radius: 2.5, points: wins.map((point) => [point.k, point.bits]),
          titles: wins.map((point) => `k = ${count(point.k)}: ${point.bits.toFixed(2)} bits`) },
        { kind: "dots", class: "here", radius: 6, points: worst.map((point) => [point.k, point.bits]), titles: ["the worst k"] },
      ],
    });
    const touch = bounds.length ? " Thin: the touch bound, which holds whatever is done to the touched slots." : "";
    $("curve-note").textContent = `Dots: all touched slots answered wrongly; no dot, no way to win. Ringed: the worst.${touch} ${note(answer, "k")}`;
    const cell = (bits) => (bits === null ? "-" : bits.toFixed(2));
    const rows = answer.points.map((point) => [count(point.k), point.i ?? "-", point.bits === null ? "never" : cell(point.bits), cell(point.touch_bits)]);
    fillTable($("curve-table"), ["k", "whole queries", "bits", "touch bound, bits"], rows);
  });
}

function surface(values, { shown }, signal) {
  const query = given({ ...values, B: shown.B, T: shown.T }, [...GOAL, "B", "T"]);
  return chart("surface", query, signal, (answer) => {
    const table = document.createElement("table");
    const header = (text, scope) => Object.assign(document.createElement("th"), { textContent: text, scope });
    const top = document.createElement("tr");
    const column = (T) => {
      const made = header(`T = ${T}`, "col");
      const slack = answer.cells.find((one) => one.T === T)?.slack;
      if (slack) made.append(Object.assign(document.createElement("small"), { textContent: `slack ${slack}` }));
      return made;
    };
    top.append(header("", "col"), ...answer.T.map(column));
    table.append(top);
    for (const B of answer.B) {
      const row = document.createElement("tr");
      row.append(header(`B = ${B}`, "row"));
      for (const T of answer.T) row.append(cell(answer.cells.find((one) => one.B === B && one.T === T), shown));
      table.append(row);
    }
    $("surface").replaceChildren(table);
    const broken = [...new Set(answer.cells.map((one) => one.why).filter(Boolean))];
    const why = broken.length ? `Not met: ${broken.join("; ")}. ` : "";
    $("surface-note").textContent = `${why}${note(answer, "cells")}`;
  });
}

function cell(one, shown) {
  const made = document.createElement("td");
  if (!one) return made;
  made.className = one.safe ? "safe" : "broken";
  if (["B", "T", "slack"].every((name) => String(one[name]) === shown[name])) made.classList.add("plan");
  made.append(`${one.cost.toFixed(3)}${one.safe ? "" : " ✗"}`);
  made.title = one.why || "meets every requirement";
  made.append(Object.assign(document.createElement("small"), { textContent: `${one.bits.toFixed(1)} bits` }));
  return made;
}

function series(values, { plan }, signal) {
  const key = String(given(values, GOAL.slice(1)));
  const drawn = (answer) => (answer.left_out ? answer.points.some((point) => point.log2_R === Math.round(Math.log2(plan.R))) : true);
  if (known.key === key && drawn(known.answer)) return drawSeries(known.answer, plan);
  return chart("series", given(values, GOAL), signal, (answer) => {
    known = { key, answer };
    drawSeries(answer, plan);
  });
}

function drawSeries(answer, plan) {
  $("series-problem").textContent = "";
  const published = plan.lambda === PUBLISHED_LAMBDA ? answer.published : [];
  const all = [...answer.points, ...published];
  const high = Math.max(...all.map((point) => point.cost), plan.cost_decimal) * 1.3;
  const low = Math.min(...all.map((point) => point.cost), plan.cost_decimal) / 1.4;
  const place = (point) => [point.log2_R, point.cost];
  const title = (point) => `R = 2^${point.log2_R}: B = ${point.B}, T = ${point.T}, cost ${point.cost.toFixed(3)}`;
  const here = Math.log2(plan.R);
  draw($("series"), {
    title: `Inferences per query against R; here ${plan.cost_decimal.toFixed(3)}`,
    x: { label: "queries R", low: 0, high: Math.max(21, here + 1), ticks: ticks(0, Math.max(21, here + 1), 7), format: (e) => `2^${e}` },
    y: { label: "inferences per query", low, high, log: true, ticks: powers(low, high) },
    marks: [
      { kind: "line", class: "first", points: answer.points.map(place) },
      { kind: "dots", class: "first", points: answer.points.map(place), titles: answer.points.map(title) },
      { kind: "dots", class: "second", radius: 6, points: published.map(place), titles: published.map(title),
        labels: published.map((point) => `(${point.B},${point.T})`) },
      { kind: "dots", class: "here", radius: 9, points: [[here, plan.cost_decimal]], titles: ["the plan"] },
    ],
  });
  const why = answer.problem ? ` ${answer.problem}.` : "";
  $("series-note").textContent = `Large ring: the plan. ${note(answer, "R")}${why}`;
  const rows = (points, kind) => points.map((point) => [`2^${point.log2_R}`, point.B, point.T, point.cost.toFixed(4), kind]);
  fillTable($("series-table"), ["R", "B", "T", "cost", ""], [...rows(answer.points, "plan"), ...rows(published, "published")]);
}

const LEVELS = 8;

function map(values, { shown, plan }, signal) {
  return chart("map", given(values, GOAL), signal, (answer) => {
    const costs = answer.cells.flat().filter(Boolean).map((one) => Math.log(one.cost));
    const [low, high] = [Math.min(...costs), Math.max(...costs)];
    const level = (one) => Math.round(((Math.log(one.cost) - low) / (high - low || 1)) * LEVELS);
    const table = document.createElement("table");
    const header = (text, scope) => Object.assign(document.createElement("th"), { textContent: text, scope });
    const top = document.createElement("tr");
    top.append(header("", "col"), ...answer.R.map((R) => header(`R = ${power(R)}`, "col")));
    table.append(top);
    answer.lambda.forEach((lambda, row) => {
      const line = document.createElement("tr");
      line.append(header(`λ = ${lambda}`, "row"));
      answer.R.forEach((R, column) => {
        const made = document.createElement("td");
        const one = answer.cells[row][column];
        if (one) made.append(destination(one, R, lambda, level(one), R === shown.R && lambda === plan.lambda));
        line.append(made);
      });
      table.append(line);
    });
    const focused = $("map").contains(document.activeElement);
    $("map").replaceChildren(table);
    const here = $("map").querySelector("[aria-current]") ?? $("map").querySelector("button");
    here?.setAttribute("tabindex", "0");
    if (focused) here?.focus();
    $("map-note").textContent = `${note(answer, "cells")}${answer.problem ? ` ${answer.problem}.` : ""}`;
  });
}

function destination(one, R, lambda, level, here) {
  const made = Object.assign(document.createElement("button"), { type: "button", className: `level-${level}` });
  made.tabIndex = -1;
  if (here) made.setAttribute("aria-current", "true");
  made.append(`${one.cost.toFixed(3)}${one.published ? " ○" : ""}`);
  made.append(Object.assign(document.createElement("small"), { textContent: `${one.B}, ${one.T}` }));
  made.addEventListener("click", () => set({ ...settings(), R, lambda: String(lambda) }));
  return made;
}

// The map is one stop of the Tab key: arrows go on from there.
function walk(event) {
  const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  const from = event.target.closest("td");
  if (!step || !from) return;
  const row = $("map").querySelectorAll("tr")[from.parentElement.rowIndex + step[0]];
  const next = row?.cells[from.cellIndex + step[1]]?.querySelector("button");
  if (next) (event.preventDefault(), next.focus());
}

// 512 is 2^9, and 500 itself.
function power(R) {
  const exponent = Math.log2(Number(R));
  return Number.isInteger(exponent) && exponent > 6 ? `2^${exponent}` : R;
}

async function cost(values, signal) {
  if (!about.model) {
    $("per-query").textContent = "no model was named; start with sim explore --model FILE.onnx to see them.";
    return;
  }
  $("per-query").textContent = `measuring ${about.model}…`;
  try {
    const answer = await ask("cost", given(values, FIELDS), signal);
    $("per-query").textContent = `${answer.line} (${about.model}, a session of ${answer.batch})`;
  } catch (problem) {
    if (!signal.aborted) $("per-query").textContent = wording(problem);
  }
}

function families(values, signal) {
  $("families-part").hidden = !about.model;
  if (!about.model) return null;
  return chart("families", given(values, FIELDS), signal, ({ inferences, rows }) => {
    const table = document.createElement("table");
    const line = ({ family, chosen, predicted, problem }) => {
      const name = chosen ? `${family} (chosen)` : family;
      return predicted ? [name, predicted.sent, predicted.rounds_at_most, predicted.lan, predicted.wan] : [name, problem];
    };
    fillTable(table, ["Family", "Sent", "Rounds", "LAN", "WAN"], rows.map(line));
    for (const row of table.tBodies[0].rows) if (row.cells.length === 2) (row.cells[1].colSpan = 4, row.cells[1].className = "why");
    $("families").replaceChildren(table);
    $("families-note").textContent = `${inferences} inferences, each family with its usual options.`;
  });
}

async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    $("copied").textContent = `${what} copied`;
  } catch {
    $("copied").textContent = "the browser does not let this page copy: select the text below";
  }
}

function set(values) {
  for (const [name, value] of Object.entries({ ...defaults(), ...values })) $(name).value = value;
  changed();
}

function listen() {
  $("controls").addEventListener("submit", (event) => event.preventDefault());
  $("controls").addEventListener("reset", (event) => (event.preventDefault(), set({})));
  $("R-slider").addEventListener("input", (event) => {
    const exponent = Number(event.target.value);
    $("R").value = exponent <= 20 ? String(2 ** exponent) : `2^${exponent}`;
    changed();
  });
  $("lambda-slider").addEventListener("input", (event) => (($("lambda").value = event.target.value), changed()));
  for (const name of FIELDS) $(name).addEventListener("input", changed);
  $("map").addEventListener("keydown", walk);
  listenToSession();
  $("published").addEventListener("click", () => set({ R: "512", min_T: "100" }));
  $("small").addEventListener("click", () => set({ R: "4", lambda: "3" }));
  $("two-games").addEventListener("click", () => set({ R: "512", reject_acc: "0.8", honest_acc: "0.99", kappa: "20" }));
  $("copy-command").addEventListener("click", () => latest && copy(latest.command, "command"));
  $("copy-yaml").addEventListener("click", () => latest && copy(latest.yaml, "YAML"));
  $("copy-link").addEventListener("click", () => copy(location.href, "link"));
  addEventListener("hashchange", () => (restore(), changed()));
}

async function start() {
  about = await ask("about", "").catch(() => about);
  $("backend").replaceChildren(...about.backends.map((name) => new Option(name, name)));
  const extensions = about.extensions.map((name) => new Option(name, name));
  $("extension").replaceChildren(new Option("as usual", ""), ...extensions);
  restore();
  listen();
  changed();
}

start();
