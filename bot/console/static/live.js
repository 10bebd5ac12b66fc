// The page works without this. With it, the server's pieces replace their elements as they change, a draft survives
// a lost network, and a new alert is heard.
"use strict";

const body = document.body;
const conversation = body.dataset.conversation || "";
const thread = document.getElementById("thread");
const answer = document.getElementById("answer");
const link = document.getElementById("link");
const newer = document.getElementById("newer");
let first = true;

// ── Pieces ───────────────────────────────────────────────────────────────────────────────────

const alerts = () => new Set([...document.querySelectorAll("#alerts [data-alert]")].map((one) => one.dataset.alert));
let knownAlerts = alerts();

// What else looks at the pieces (inbox.js) hears of each that changed.
const changed = (id, fresh, old) => document.dispatchEvent(new CustomEvent("piece", { detail: { id, fresh, old } }));

function swap(piece) {
  const template = document.createElement("template");
  template.innerHTML = piece.html;
  const fresh = template.content.firstElementChild;
  const old = document.getElementById(piece.id);
  if (!old) {
    if (thread && fresh.classList.contains("line")) insert(fresh);
    changed(piece.id, fresh, null);
    return;
  }
  if (old.isEqualNode(fresh)) return;
  const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
  const open = [...old.querySelectorAll("details[open]")].map((one) => one.id);
  old.replaceWith(fresh);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (focused) (document.getElementById(focused) || document.getElementById("main")).focus({ preventScroll: true });
  if (piece.id === "state") turned(fresh);
  if (piece.id === "typing") writes(fresh);
  if (piece.id === "alerts") hear();
  changed(piece.id, fresh, old);
  if (piece.id === "waiting" && Number(fresh.dataset.count) > Number(old.dataset.count)) say("Une nouvelle personne attend.");
}

function insert(line) {
  const low = atBottom();
  const order = Number(line.dataset.order);
  const after = [...thread.children].reverse().find((one) => Number(one.dataset.order) <= order);
  if (!first) line.classList.add("fresh");
  if (line.classList.contains("young")) document.getElementById("typing").hidden = true;
  if (after) after.after(line);
  else thread.prepend(line);
  if (low) toBottom();
  else if (!first) newer.hidden = false;
}

// Who holds the conversation changed: the answer box is for them alone. What was erased leaves the screen.
function turned(state) {
  if (state.dataset.erased) location.reload();
  if (!answer) return;
  const low = atBottom();
  answer.hidden = state.dataset.holder !== body.dataset.me;
  if (low) toBottom();
}

// They write: shown for a moment, unless it is heard again.
let stops;
function writes(mark) {
  clearTimeout(stops);
  stops = setTimeout(() => (mark.hidden = true), 6000);
}

// The alert of the conversation on the page is beside it already.
function hideOwnAlert() {
  for (const one of document.querySelectorAll("#alerts [data-about]")) one.hidden = one.dataset.about === conversation;
}

// ── Alerts are heard ─────────────────────────────────────────────────────────────────────────

function hear() {
  hideOwnAlert();
  const now = alerts();
  const fresh = [...now].filter((one) => !knownAlerts.has(one));
  knownAlerts = now;
  title();
  if (!fresh.length) return;
  say("Nouvelle alerte.");
  beep();
}

function title() {
  document.title = (knownAlerts.size ? `(${knownAlerts.size}) Alerte — ` : "") + body.dataset.title;
}

function say(words) {
  document.getElementById("heard").textContent = "";
  setTimeout(() => (document.getElementById("heard").textContent = words), 50);
}

function beep() {
  const sound = new AudioContext();
  for (const start of [0, 0.35, 0.7]) {
    const tone = sound.createOscillator();
    const volume = sound.createGain();
    tone.frequency.value = 740;
    volume.gain.setValueAtTime(0.15, sound.currentTime + start);
    volume.gain.exponentialRampToValueAtTime(0.001, sound.currentTime + start + 0.25);
    tone.connect(volume).connect(sound.destination);
    tone.start(sound.currentTime + start);
    tone.stop(sound.currentTime + start + 0.3);
  }
  setTimeout(() => sound.close(), 2000);
}

// ── The stream ───────────────────────────────────────────────────────────────────────────────

let cut;
function connect() {
  const source = new EventSource("/console/events" + (conversation ? `?conversation=${conversation}` : ""));
  source.addEventListener("piece", (event) => {
    connected();
    swap(JSON.parse(event.data));
  });
  source.addEventListener("end", () => {
    source.close();
    location.assign("/console/connexion");
  });
  source.onopen = connected;
  source.onerror = () => {
    cut ||= setTimeout(() => (link.hidden = false), 2500);
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 3000);
  };
}

function connected() {
  clearTimeout(cut);
  cut = undefined;
  link.hidden = true;
  setTimeout(() => (first = false), 500);
}

// ── The answer ───────────────────────────────────────────────────────────────────────────────

const atBottom = () => innerHeight + scrollY >= document.documentElement.scrollHeight - 160;
const toBottom = () => scrollTo(0, document.documentElement.scrollHeight);

function keepDraft(form) {
  const key = `draft:${conversation}`;
  const { text, once } = form.elements;
  const sent = new URLSearchParams(location.search).get("envoye");
  const kept = JSON.parse(sessionStorage.getItem(key) || "null");
  if (kept && kept.once === sent) sessionStorage.removeItem(key);
  else if (kept && !text.value) {
    // The same number: if it did leave before the network was lost, it is not written twice.
    text.value = kept.text;
    once.value = kept.once;
  }
  if (sent !== null) history.replaceState(null, "", location.pathname);
  text.addEventListener("input", () => {
    if (text.value) sessionStorage.setItem(key, JSON.stringify({ text: text.value, once: once.value }));
    else sessionStorage.removeItem(key);
  });
  let told = 0;
  text.addEventListener("input", () => {
    if (!text.value || Date.now() - told < 4000) return;
    told = Date.now();
    const csrf = form.elements.csrf.value;
    fetch(`/console/conversations/${conversation}/ecrit`, { method: "POST", body: new URLSearchParams({ csrf }) }).catch(() => {});
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
}

if (answer) {
  keepDraft(answer.querySelector("form"));
  toBottom();
  newer.addEventListener("click", () => {
    toBottom();
    newer.hidden = true;
  });
  addEventListener("scroll", () => atBottom() && (newer.hidden = true), { passive: true });
  if (!answer.hidden && !location.hash.startsWith("#note") && matchMedia("(min-width: 60rem)").matches) answer.querySelector("textarea").focus();
}

// A button pressed twice acts once.
addEventListener("submit", (event) => {
  const pressed = event.submitter;
  if (pressed) setTimeout(() => (pressed.disabled = true));
  if ("leaves" in event.target.dataset) sessionStorage.clear();
});
addEventListener("pageshow", () => document.querySelectorAll("button:disabled").forEach((one) => (one.disabled = false)));

document.querySelector("[data-print]")?.addEventListener("click", () => print());

hideOwnAlert();
title();
connect();
