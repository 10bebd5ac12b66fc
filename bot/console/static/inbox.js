// What makes the inbox quick: what is read, the ready replies, the keyboard, and being told when someone waits. Each
// has its page without scripts; what is wanted here (sound, notification, keys) is kept by this browser alone.
"use strict";

const talking = document.body.dataset.conversation || "";
const here = location.pathname;
const wants = (what, unless = "no") => (localStorage.getItem(`wants-${what}`) || unless) === "yes";
const box = document.getElementById("text");

// ── Where I am in the list, and what is read ─────────────────────────────────────────────────

function markHere() {
  for (const one of document.querySelectorAll(".list a.open")) {
    if (one.getAttribute("href") === `/console/conversations/${talking}`) one.setAttribute("aria-current", "page");
  }
}

// The card stays under the head, whatever the head holds: an alert, a promise.
const head = document.querySelector(".talk .head");
if (head) {
  new ResizeObserver(() => document.documentElement.style.setProperty("--head", `${head.offsetHeight}px`)).observe(head);
}

let read = Number(document.body.dataset.read || 0);
let telling;

function lastSeen() {
  const ids = [...document.querySelectorAll("#thread .line.young")].map((line) => Number(line.id.slice(2)));
  return Math.max(0, ...ids);
}

// Only what is on a screen that somebody looks at is read.
function tellRead() {
  clearTimeout(telling);
  if (!talking || document.hidden || lastSeen() <= read) return;
  telling = setTimeout(() => {
    const last = lastSeen();
    const form = new URLSearchParams({ csrf: document.querySelector("[name=csrf]").value, last });
    fetch(`/console/conversations/${talking}/lu`, { method: "POST", body: form })
      .then((answer) => answer.ok && (read = Math.max(read, last)))
      .catch(() => {});
  }, 700);
}
document.addEventListener("visibilitychange", tellRead);

// ── Being told ───────────────────────────────────────────────────────────────────────────────

// Nothing rings for who is not there to answer: the team's own piece says so.
let present = false;
let known = new Map();
let began = false;

function look({ id, fresh }) {
  if (id === "team") present = fresh.querySelector(`[data-adviser="${document.body.dataset.me}"]`)?.dataset.here === "yes";
  if (id !== "waiting" && id !== `held-${document.body.dataset.me}`) return;
  const now = Number(fresh.dataset.count) || fresh.querySelectorAll(".unanswered").length;
  const more = now > (known.get(id) || 0);
  known.set(id, now);
  if (more && began && present) tell();
}

function tell() {
  if (wants("sound")) chime();
  if (wants("notice") && document.hidden) notice();
}

function notice() {
  try {
    new Notification("Promeneurs", { body: "Quelqu'un attend une réponse", tag: "waiting", lang: "fr" });
    return true;
  } catch {
    return false; // some phones only show those of a service worker
  }
}

function chime() {
  const sound = new AudioContext();
  const tone = sound.createOscillator();
  const volume = sound.createGain();
  tone.frequency.value = 520;
  volume.gain.setValueAtTime(0.1, sound.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, sound.currentTime + 0.4);
  tone.connect(volume).connect(sound.destination);
  tone.start();
  tone.stop(sound.currentTime + 0.45);
  setTimeout(() => sound.close(), 1000);
}

document.addEventListener("piece", ({ detail }) => {
  look(detail);
  markHere();
  if (detail.fresh.classList.contains("line")) tellRead();
});
// The first pieces only say how things are.
setTimeout(() => (began = true), 3000);

// ── Settings of this browser ─────────────────────────────────────────────────────────────────

const settings = document.getElementById("browser");
if (settings) {
  settings.hidden = false;
  for (const [what, unless] of [["sound", "no"], ["notice", "no"], ["keys", "yes"]]) {
    const wanted = document.getElementById(`wants-${what}`);
    wanted.checked = wants(what, unless) && (what !== "notice" || Notification?.permission === "granted");
    wanted.addEventListener("change", async () => {
      if (what === "notice" && wanted.checked) {
        wanted.checked = "Notification" in window && (await Notification.requestPermission()) === "granted" && notice();
        document.getElementById("notice-refused").hidden = wanted.checked;
      }
      localStorage.setItem(`wants-${what}`, wanted.checked ? "yes" : "no");
    });
  }
}

// ── Ready replies ────────────────────────────────────────────────────────────────────────────

const canned = document.getElementById("canned");
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

if (canned && box) {
  const search = document.getElementById("canned-search");
  const all = [...canned.querySelectorAll("#canned-list button")];
  const shown = () => all.filter((one) => !one.parentElement.hidden);

  const open = () => {
    search.value = "";
    filter();
    canned.showModal();
    search.focus();
  };
  const filter = () => {
    const words = plain(search.value).split(/\s+/).filter(Boolean);
    for (const one of all) one.parentElement.hidden = !words.every((word) => plain(one.textContent).includes(word));
    document.getElementById("canned-none").hidden = shown().length > 0;
  };
  const use = (one) => {
    canned.close();
    box.setRangeText(one.dataset.text, box.selectionStart, box.selectionEnd, "end");
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.focus();
  };

  document.getElementById("canned-open").addEventListener("click", (event) => {
    event.preventDefault();
    open();
  });
  box.addEventListener("keydown", (event) => {
    // At the start of a line only: "et/ou" is written as it is.
    const before = box.value.slice(0, box.selectionStart);
    if (event.key !== "/" || event.ctrlKey || event.metaKey || !/(^|\n)$/.test(before)) return;
    event.preventDefault();
    open();
  });
  search.addEventListener("input", filter);
  canned.addEventListener("keydown", (event) => {
    const those = shown();
    if (event.key === "Enter" && event.target === search && those.length) {
      event.preventDefault();
      use(those[0]);
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const place = those.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    (those[place] || search).focus();
  });
  for (const one of all) one.addEventListener("click", () => use(one));
}

// ── The keyboard ─────────────────────────────────────────────────────────────────────────────

const help = document.getElementById("help");

function next(step) {
  const all = [...document.querySelectorAll(".list a.open, .first a.open")].filter((one) => one.offsetParent);
  if (!all.length) return;
  const now = all.findIndex((one) => one === document.activeElement || one.getAttribute("aria-current"));
  const one = all[Math.min(all.length - 1, Math.max(0, now < 0 ? 0 : now + step))];
  one.focus();
  if (talking) one.click();
}

const KEYS = {
  j: () => next(1),
  k: () => next(-1),
  r: () => box && !document.getElementById("answer").hidden && box.focus(),
  n: () => {
    const note = document.getElementById("note");
    if (!note) return;
    note.open = true;
    document.getElementById("note-text").focus();
  },
  p: () => document.querySelector("#take")?.click(),
  "/": () => document.getElementById("search")?.click(),
  "?": () => help.showModal(),
};

addEventListener("keydown", (event) => {
  const does = KEYS[event.key];
  if (!does || !wants("keys", "yes") || event.defaultPrevented || event.repeat) return;
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  event.preventDefault();
  does();
});

markHere();
tellRead();
