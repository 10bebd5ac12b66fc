// The page works without this. With it, an encounter is noted without a network: it stays on the phone until it is
// sent, each with its own mark, so that the same one sent twice is one. Logging out wipes them.
"use strict";
{
  const QUEUE = "encounters:queue";
  const PAGE = "/console/rencontres";
  const AGAIN = 15000;
  const me = document.body.dataset.me;
  const form = document.getElementById("encounter");
  const said = document.getElementById("queue");
  let sending = false;

  const all = () => JSON.parse(localStorage.getItem(QUEUE) || "[]");
  const mine = () => all().filter((one) => one.me === me);
  const put = (queue) => (queue.length ? localStorage.setItem(QUEUE, JSON.stringify(queue)) : localStorage.removeItem(QUEUE));
  const many = (count) => (count === 1 ? "1 rencontre à envoyer" : `${count} rencontres à envoyer`);

  function mark() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");
  }

  function say(words) {
    said.hidden = !words;
    if (said.textContent !== words) said.textContent = words;
  }

  async function send() {
    if (sending || !mine().length) return;
    sending = true;
    say(`${many(mine().length)}. Envoi en cours.`);
    let problem = "";
    try {
      problem = await sendAll();
    } catch {
      problem = "Pas de réseau. Ça repartira seul.";
    }
    sending = false;
    say(mine().length ? `${many(mine().length)}. ${problem}` : "Tout est envoyé.");
    if (!mine().length) await redraw();
  }

  async function sendAll() {
    const state = await fetch(`${PAGE}/etat`, { redirect: "manual", signal: AbortSignal.timeout(AGAIN) });
    if (!state.ok) return "Reconnecte-toi pour envoyer.";
    const { me: who, csrf } = await state.json();
    if (String(who) !== me) return "Reconnecte-toi pour envoyer.";
    for (const { me: _, ...fields } of mine()) {
      const body = new URLSearchParams({ ...fields, csrf });
      const response = await fetch(PAGE, {
        method: "POST",
        body,
        headers: { Accept: "application/json" },
        redirect: "manual",
        signal: AbortSignal.timeout(AGAIN),
      });
      if (!response.ok) return "Le service l'a refusée : préviens ta coordination.";
      put(all().filter((one) => one.uuid !== fields.uuid));
    }
    return "";
  }

  // The list under the form, without touching what is being typed.
  async function redraw() {
    const list = document.getElementById("mine");
    if (!list) return;
    const page = await fetch(PAGE).then((response) => response.text()).catch(() => "");
    const fresh = new DOMParser().parseFromString(page, "text/html").getElementById("mine");
    if (fresh) list.replaceWith(fresh);
  }

  function note(event) {
    const fields = Object.fromEntries(new FormData(form));
    delete fields.csrf;
    try {
      put([...all(), { ...fields, uuid: mark(), at: new Date().toISOString(), me }]);
    } catch {
      return; // nothing can be kept here: the form is sent as without this script
    }
    event.preventDefault();
    event.stopPropagation(); // the page stays: its button is for the next one
    const { place } = form.elements;
    const where = place.value;
    form.reset();
    place.value = where;
    place.defaultValue = where;
    say(`C'est noté. ${many(mine().length)}.`);
    said.scrollIntoView({ block: "nearest" });
    send();
  }

  function step(by) {
    const { people } = form.elements;
    people.value = Math.min(99, Math.max(1, (Number(people.value) || 1) + by));
  }

  async function keepPage() {
    if (!("serviceWorker" in navigator) || !document.getElementById("mine")) return;
    const files = [...document.querySelectorAll("link[rel=stylesheet], script[src*=encounters]")].map((one) => {
      const url = new URL(one.href || one.src);
      return `file=${encodeURIComponent(url.pathname + url.search)}`;
    });
    try {
      await navigator.serviceWorker.register(`${PAGE}/travailleur.js?${files.join("&")}`, { scope: PAGE });
      // The places change with each encounter.
      await (await caches.open("encounters")).add(`${PAGE}/hors-ligne`);
    } catch {
      // No network, or a browser that keeps nothing: the page still works.
    }
  }

  if (form) {
    form.addEventListener("submit", note);
    for (const [name, by] of [["less", -1], ["more", 1]]) {
      const button = form.querySelector(`[data-${name}]`);
      button.hidden = false;
      button.addEventListener("click", () => step(by));
    }
    if (mine().length) say(`${many(mine().length)}.`);
    addEventListener("online", send);
    document.addEventListener("visibilitychange", () => document.hidden || send());
    setInterval(send, AGAIN);
    send();
    keepPage();
  }

  // Logging out leaves nothing on the phone: what is not sent is lost, so it is asked first.
  for (const leaving of document.querySelectorAll("form[data-leaves]")) {
    leaving.addEventListener("submit", (event) => {
      const waiting = all().length;
      if (waiting && !confirm(`${many(waiting)}. Se déconnecter maintenant les efface.`)) {
        event.preventDefault();
        event.stopImmediatePropagation();
        return;
      }
      localStorage.removeItem(QUEUE);
      navigator.serviceWorker?.getRegistrations().then((ours) => ours.forEach((one) => one.unregister()));
      globalThis.caches?.delete("encounters");
    });
  }
}
