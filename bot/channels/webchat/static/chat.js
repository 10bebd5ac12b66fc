// The page without a reload: what is written leaves once, what comes is shown once. Without this script it all works
// by forms. No framework, nothing newer than 2017.
"use strict";
(() => {
  const body = document.body;
  const words = body.dataset;
  const lines = document.getElementById("lines");
  const thinking = document.getElementById("thinking");
  const notice = document.getElementById("notice");
  const writes = document.getElementById("writes");
  const write = document.getElementById("write");
  const text = document.getElementById("text");
  const menu = document.querySelector(".menu");
  const attach = document.getElementById("attach");
  const upload = document.getElementById("upload");
  const file = document.getElementById("file");
  const framed = "framed" in words;
  const SILENCE = 40000;
  const LONGEST = 30000;

  // ── What this tab remembers, and nothing else does ──
  const memory = {
    get(name) { try { return sessionStorage.getItem(name); } catch (e) { return null; } },
    set(name, value) { try { sessionStorage.setItem(name, value); } catch (e) { /* private mode: not kept */ } },
    clear() { try { sessionStorage.clear(); localStorage.removeItem("left"); } catch (e) { /* nothing there */ } },
  };
  let epoch = words.epoch;
  let source = words.source;
  let queue = JSON.parse(memory.get("queue") || "[]");
  let last = 0;

  const number = () => { last = Math.max(Date.now() * 1000, last + 1); return last; };
  const grow = (delay) => Math.min(LONGEST, delay * 2);

  // ── Lines ──
  const order = (line) => Number(line.dataset.order);
  const newest = () => {
    const all = lines.querySelectorAll(".line:not(.pending)");
    return all.length ? order(all[all.length - 1]) : 0;
  };
  const isLow = () => window.innerHeight + window.pageYOffset > document.documentElement.scrollHeight - 160;
  const toBottom = () => window.scrollTo(0, document.documentElement.scrollHeight);

  // The buttons to press are those of the last answer; those above still work.
  function markNow() {
    const before = lines.querySelector(".now");
    let now = lines.lastElementChild;
    while (now && !now.classList.contains("young") && !now.querySelector(".choices")) now = now.previousElementSibling;
    if (now && now.classList.contains("young")) now = null;
    if (before && before !== now) before.classList.remove("now");
    if (now) now.classList.add("now");
  }

  function place(line) {
    const low = isLow();
    const known = document.getElementById(line.id);
    if (known && !known.classList.contains("pending") && known.dataset.version === line.dataset.version) return;
    if (known) known.remove();
    // Lines keep the service's order; what has not left yet stays last.
    let next = null;
    for (let other = lines.lastElementChild; other; other = other.previousElementSibling) {
      if (!other.classList.contains("pending") && order(other) <= order(line)) break;
      next = other;
    }
    lines.insertBefore(line, next);
    offerListening(line);
    markNow();
    if (!line.classList.contains("young")) think(false);
    if (line.classList.contains("team")) showWriting("");
    if (low || line.classList.contains("young")) toBottom();
  }

  function showLine(html) {
    const box = document.createElement("template");
    box.innerHTML = html;
    place(box.content.querySelector(".line"));
    const welcome = document.querySelector(".welcome");
    if (welcome) welcome.remove();
  }

  function showPending(item) {
    if (!item.label || document.getElementById("y" + item.id)) return;
    const line = document.createElement("li");
    line.className = "line young pending";
    line.id = "y" + item.id;
    const bubble = line.appendChild(document.createElement("div"));
    bubble.className = "bubble";
    const said = bubble.appendChild(document.createElement("p"));
    said.className = "said";
    said.textContent = item.label;
    lines.appendChild(line);
    markNow();
    toBottom();
    setTimeout(() => sayWaiting(line), 1500);
  }

  function sayWaiting(line) {
    if (!line.isConnected || line.querySelector(".state")) return;
    const state = line.appendChild(document.createElement("p"));
    state.className = "state";
    state.textContent = words.waiting;
  }

  function clearLines() {
    lines.querySelectorAll(".line:not(.pending)").forEach((line) => line.remove());
    speechSynthesisOff();
  }

  let thinkingEnds = 0;
  function think(on) {
    clearTimeout(thinkingEnds);
    const low = isLow();
    thinking.hidden = !on;
    if (on) thinkingEnds = setTimeout(() => think(false), 6000);
    if (on && low) toBottom();
  }

  // Somebody of the team writes: shown for a moment, unless it is heard again.
  let writingEnds = 0;
  function showWriting(sentence) {
    clearTimeout(writingEnds);
    const low = isLow();
    writes.hidden = !sentence;
    if (writes.textContent !== sentence) writes.textContent = sentence;
    if (sentence) writingEnds = setTimeout(() => showWriting(""), 6000);
    if (sentence && low) toBottom();
  }

  let toldAt = 0;
  function sayWriting() {
    if (!lines.querySelector(".team") || !text.value || Date.now() - toldAt < 4000) return;
    toldAt = Date.now();
    post("/chat/typing", {}).catch(() => {});
  }

  function tell(sentence) {
    notice.textContent = "";
    if (sentence) notice.appendChild(document.createElement("p")).textContent = sentence;
  }

  // ── Out: one at a time, in order, until it is stored ──
  let sending = false;
  let retryAt = 0;
  let retryDelay = 1000;

  function keepQueue() { memory.set("queue", JSON.stringify(queue)); }

  function send(fields, label) {
    const item = { id: number(), fields, label };
    queue.push(item);
    keepQueue();
    showPending(item);
    flush();
  }

  async function post(address, fields) {
    const answer = await fetch(address, {
      method: "POST", credentials: "same-origin", keepalive: true, redirect: "error",
      headers: { Accept: "application/json" }, body: new URLSearchParams(fields),
    });
    return answer;
  }

  async function flush() {
    clearTimeout(retryAt);
    if (sending) return;
    sending = true;
    try {
      while (queue.length) {
        const item = queue[0];
        const fields = Object.assign({ id: item.id }, item.fields);
        if (framed) fields.frame = "1";
        if (source) fields.s = source;
        const answer = await post("/chat/messages", fields);
        if (answer.status === 429 || answer.status >= 500) {
          const said = answer.status === 429 ? await answer.json() : { say: "" };
          tell(said.say);
          retry(1000 * Number(answer.headers.get("Retry-After") || 2));
          return;
        }
        queue.shift();
        keepQueue();
        if (answer.ok) {
          stored(item, await answer.json());
        } else {
          refused(item, await answer.json().catch(() => ({ say: "" })));
        }
      }
      retryDelay = 1000;
    } catch (e) {
      tell(words.offline);
      lines.querySelectorAll(".pending").forEach(sayWaiting);
      retry(retryDelay);
      retryDelay = grow(retryDelay);
    } finally {
      sending = false;
    }
  }

  // A file leaves when it is asked to, and is not kept for later: the page says whether it left.
  async function sendFile() {
    const chosen = file.files[0];
    if (!chosen) { file.focus(); return; }
    if (chosen.size > Number(words.most) * 1024 * 1024) { tell(words.heavy); return; }
    const fields = new FormData(upload);
    fields.set("id", number());
    tell(words.sending);
    try {
      const answer = await fetch("/chat/files", {
        method: "POST", credentials: "same-origin", redirect: "error",
        headers: { Accept: "application/json" }, body: fields,
      });
      const said = await answer.json();
      if (!answer.ok) { tell(said.say); return; }
      upload.reset();
      attach.open = false;
      stored({ id: fields.get("id"), label: "file" }, said);
      text.focus();
    } catch (e) {
      tell(words.unsent);
    }
  }

  function retry(delay) {
    clearTimeout(retryAt);
    retryAt = setTimeout(flush, delay);
  }

  function stored(item, said) {
    source = "";
    tell(said.cookie ? "" : words.cookies);
    if (item.label || !epoch) think(true);
    const state = document.querySelector("#y" + item.id + " .state");
    if (state) state.remove();
    const line = document.getElementById("y" + item.id);
    if (line) line.classList.add("stored");
    if (said.cookie && (said.epoch !== epoch || !stream)) listen();
  }

  function refused(item, said) {
    const line = document.getElementById("y" + item.id);
    if (line) line.remove();
    if (item.fields.text && !text.value) text.value = item.fields.text;
    tell(said.say);
    fit();
  }

  // ── In: server-sent events ──
  let stream = null;
  let listenDelay = 1000;
  let listenAt = 0;
  let heardAt = 0;

  function listen() {
    clearTimeout(listenAt);
    if (stream) stream.close();
    heardAt = Date.now();
    const query = new URLSearchParams({ after: String(newest()), epoch });
    if (framed) query.set("frame", "1");
    stream = new EventSource("/chat/events?" + query);
    const on = (name, act) => stream.addEventListener(name, (event) => {
      heardAt = Date.now();
      listenDelay = 1000;
      act(event.data);
    });
    on("line", (data) => showLine(JSON.parse(data).html));
    on("typing", showWriting);
    on("gone", (id) => { const line = document.getElementById(id); if (line) { line.remove(); markNow(); } });
    on("clear", (data) => { if (epoch) clearLines(); epoch = data; });
    on("ping", () => {});
    on("end", (data) => { stream.close(); if (data === "quit") leave(); else location.replace("/chat"); });
    stream.onopen = () => { heardAt = Date.now(); if (!queue.length) tell(""); else flush(); };
    stream.onerror = () => {
      stream.close();
      clearTimeout(listenAt);
      listenAt = setTimeout(listen, listenDelay);
      listenDelay = grow(listenDelay);
    };
  }

  function wake() {
    if (queue.length) flush();
    if (stream && (stream.readyState === 2 || Date.now() - heardAt > SILENCE)) listen();
  }
  setInterval(() => { if (stream && Date.now() - heardAt > SILENCE) listen(); }, 10000);
  window.addEventListener("online", () => { retryDelay = 1000; listenDelay = 1000; if (stream) listen(); wake(); });
  window.addEventListener("offline", () => tell(words.offline));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) wake(); });

  // ── Writing ──
  function fit() {
    text.style.height = "auto";
    text.style.height = text.scrollHeight + 4 + "px";
  }

  text.addEventListener("input", () => { memory.set("draft", text.value); fit(); sayWriting(); });
  text.addEventListener("keydown", (event) => {
    const keyboard = window.matchMedia("(pointer: fine)").matches;
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || !keyboard) return;
    event.preventDefault();
    submitText();
  });

  function submitText() {
    const said = text.value.trim();
    if (!said) { text.focus(); return; }
    text.value = "";
    memory.set("draft", "");
    fit();
    send({ text: said }, said);
    text.focus();
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.className === "quit") { event.preventDefault(); leave(); return; }
    event.preventDefault();
    if (form === write) { submitText(); return; }
    if (form === upload) { sendFile(); return; }
    const button = pressed && form.contains(pressed) ? pressed : null;
    pressed = null;
    if (menu.open) { menu.open = false; text.focus(); }
    if (!button || button.getAttribute("aria-disabled")) return;
    // A double press is one press.
    button.setAttribute("aria-disabled", "true");
    setTimeout(() => button.removeAttribute("aria-disabled"), 1000);
    const line = form.elements.line ? form.elements.line.value : "";
    if (button.value) send({ payload: button.value, line }, button.textContent.trim());
    else send({}, "");
  });
  // Not every browser says which button sent a form.
  let pressed = null;
  document.addEventListener("click", (event) => {
    pressed = event.target.closest("button");
    for (const sheet of [menu, attach]) if (sheet.open && !sheet.contains(event.target)) sheet.open = false;
  });
  document.addEventListener("keydown", (event) => {
    const sheet = [menu, attach].find((one) => one.open);
    if (event.key !== "Escape" || !sheet) return;
    sheet.open = false;
    sheet.querySelector("summary").focus();
  });

  // ── Reading aloud ──
  const voice = window.speechSynthesis;

  function speechSynthesisOff() {
    if (voice) voice.cancel();
    lines.querySelectorAll(".listen[aria-pressed]").forEach((button) => button.removeAttribute("aria-pressed"));
  }

  function offerListening(line) {
    const button = line.querySelector(".listen");
    if (!button || !voice || !window.SpeechSynthesisUtterance) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      const was = button.getAttribute("aria-pressed");
      speechSynthesisOff();
      if (was) return;
      const said = new SpeechSynthesisUtterance(line.querySelector(".said").textContent);
      said.lang = "fr-FR";
      said.onend = () => button.removeAttribute("aria-pressed");
      button.setAttribute("aria-pressed", "true");
      voice.speak(said);
    });
  }

  // ── Leaving: at once, network or not ──
  function leave() {
    queue = [];
    if (stream) stream.close();
    speechSynthesisOff();
    document.title = "Messagerie";
    lines.textContent = "";
    body.hidden = true;
    memory.clear();
    // If the service cannot be told now, it is when this page is next opened, before anything is shown.
    try { localStorage.setItem("left", "1"); } catch (e) { /* private mode: nothing to keep */ }
    const go = () => {
      const window_ = framed ? window.top : window;
      try { window_.location.replace(words.quit); } catch (e) { location.replace(words.quit); }
    };
    const told = post("/chat/quit" + (framed ? "?frame=1" : ""), {}).then((answer) => { if (answer.ok) memory.clear(); });
    Promise.race([told.catch(() => {}), new Promise((done) => setTimeout(done, 1500))]).then(go);
  }

  // ── Opening ──
  function hasLeft() { try { return localStorage.getItem("left") !== null; } catch (e) { return false; } }

  window.addEventListener("pageshow", (event) => { if (event.persisted) { body.hidden = true; location.reload(); } });
  if (hasLeft()) {
    if (epoch) { leave(); return; }
    memory.clear();
  }
  lines.querySelectorAll(".line").forEach(offerListening);
  if (!text.value) text.value = memory.get("draft") || "";
  fit();
  markNow();
  queue.forEach(showPending);
  if (lines.children.length) toBottom();
  if (epoch) listen();
  if (queue.length) flush();
})();
