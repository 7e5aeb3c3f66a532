// A session of mix-and-check on both sides: what the client knows of its slots, and what the server sees. The server played it; nothing is
// decided here.
"use strict";

const HUES = 6;
const SHUFFLE_MS = 700;
const REVEAL_MS = 300;

// The plan whose sessions are played, and the numbers of the trials that the two buttons ask for.
let dealt = { shown: null, next: null, later: null };
let playing = new AbortController();

function sessionQuery(trial) {
  const [choice, shown] = [$("touch").value, dealt.shown];
  const touch = choice === "number" ? $("touch-number").value.trim() : choice;
  const values = { R: shown.R, B: shown.B, T: shown.T, slack: shown.slack, touch, seed: $("seed").value.trim() };
  return new URLSearchParams(trial === null ? values : { ...values, trial });
}

// The batch of a plan, before any session of it is played.
function deal({ shown }, signal) {
  dealt = { shown, next: null, later: null };
  const dealing = play(null);
  const own = playing;
  signal.addEventListener("abort", () => own.abort());
  return dealing;
}

// A trial; `null`: only the batch.
function play(trial) {
  playing.abort();
  playing = new AbortController();
  return askSession(trial, playing.signal);
}

async function askSession(trial, signal) {
  await chart("session", sessionQuery(trial), signal, (answer) => showSession(answer, trial !== null));
  if (!signal.aborted && !$("session").hasChildNodes()) showNone();
}

// What is wrong is said above.
function showNone() {
  offer({ next: null, later: null });
  for (const id of ["verdict", "tally", "session-yaml", "session-command"]) $(id).textContent = "";
  fillTable($("session-table"), [], []);
}

function offer({ next, later }) {
  dealt = { ...dealt, next, later };
  $("cheat").setAttribute("aria-disabled", String(next === null));
  $("many").setAttribute("aria-disabled", String(later === null));
}

// Other moves and other seeds have trials of their own, from the first one on.
function redeal() {
  $("touch-number").hidden = $("touch").value !== "number";
  if (dealt.shown) play(null);
}

function showSession(answer, moves) {
  offer(answer);
  $("cheat").textContent = answer.trial === null ? "Cheat" : "Again";
  $("verdict").textContent = answer.why ?? "No session is played yet.";
  $("verdict").dataset.outcome = answer.outcome ?? "";
  $("tally").textContent = answer.tally;
  const wrong = answer.slots.filter((slot) => slot.wrong).length;
  const played = answer.trial !== null;
  const told = played ? `${wrong} of those drawn answered wrongly` : "not answered yet";
  const client = side("What the client knows", answer.slots, (slot) => clientCell(slot, played), `${answer.drawn}, ${told}`);
  const server = side("What the server sees", answer.slots, serverCell, `the same slots without marks, ${told}`);
  $("session").replaceChildren(client, server);
  $("session-note").textContent = `Drawn in the order of their numbers: ${answer.drawn}.`;
  const rows = answer.slots.map((slot) => [slot.slot, holds(slot), slot.touched ? "touched" : "-", answerOf(slot, played)]);
  fillTable($("session-table"), ["slot", "holds", "server", "answer"], rows);
  $("session-yaml").textContent = answer.yaml;
  $("session-command").textContent = answer.command;
  if (moves && !matchMedia("(prefers-reduced-motion: reduce)").matches) shuffle(client, server, answer.slots);
}

function holds(slot) {
  return slot.public === null ? `copy ${slot.copy} of query ${slot.query}` : `public ${slot.public}`;
}

function answerOf(slot, played) {
  if (!played) return "-";
  return slot.wrong ? "wrong" : "right";
}

function side(caption, slots, cell, label) {
  const made = document.createElement("figure");
  const grid = Object.assign(document.createElement("div"), { className: "slots", role: "img", ariaLabel: `${caption}: ${label}` });
  grid.append(...slots.map(cell));
  made.append(Object.assign(document.createElement("figcaption"), { textContent: caption }), grid);
  return made;
}

function clientCell(slot, played) {
  const kind = slot.public === null ? `hue-${slot.query % HUES}` : "public";
  const made = Object.assign(document.createElement("span"), { className: `slot ${kind}` });
  made.textContent = slot.public === null ? slot.query : `★${slot.public}`;
  made.title = `slot ${slot.slot}: ${holds(slot)}, answer: ${answerOf(slot, played)}`;
  if (made.textContent.length > 3) made.classList.add("long");
  if (slot.wrong) made.classList.add("wrong");
  return made;
}

function serverCell(slot) {
  const made = Object.assign(document.createElement("span"), { className: "slot blank", textContent: slot.touched ? "✗" : "" });
  made.title = `slot ${slot.slot}${slot.touched ? ": answered wrongly" : ""}`;
  if (slot.touched) made.classList.add("touched");
  return made;
}

// From the order of queries to that of slots; then what the server does, and then what the client concludes.
function shuffle(client, server, slots) {
  const cells = [...client.querySelectorAll(".slot")];
  const places = cells.map((cell) => cell.getBoundingClientRect());
  const rank = (slot) => (slot.public === null ? [0, slot.query, slot.copy] : [1, slot.public, 0]);
  const before = (a, b) => rank(slots[a]).map((part, n) => part - rank(slots[b])[n]).find((part) => part !== 0) ?? 0;
  const sorted = cells.map((_, n) => n).sort(before);
  sorted.forEach((at, place) => {
    const [from, to] = [places[place], places[at]];
    const start = `translate(${from.left - to.left}px, ${from.top - to.top}px)`;
    cells[at].animate([{ transform: start }, { transform: "none" }], { duration: SHUFFLE_MS, easing: "ease-in-out" });
  });
  const appear = (one, hidden, delay) => one.animate([hidden, {}], { duration: REVEAL_MS, delay, fill: "backwards" });
  const untouched = { color: "transparent", borderColor: "var(--line)" };
  for (const cell of server.querySelectorAll(".touched")) appear(cell, untouched, SHUFFLE_MS);
  for (const cell of client.querySelectorAll(".wrong")) appear(cell, { outlineColor: "transparent", color: "var(--ink)" }, SHUFFLE_MS);
  appear($("verdict"), { opacity: 0 }, SHUFFLE_MS + REVEAL_MS);
}

function listenToSession() {
  $("cheat").addEventListener("click", () => dealt.next !== null && play(dealt.next));
  $("many").addEventListener("click", () => dealt.later !== null && play(dealt.later));
  $("touch").addEventListener("change", redeal);
  for (const id of ["touch-number", "seed"]) $(id).addEventListener("input", redeal);
}
