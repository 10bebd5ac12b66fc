// Answers for the page of the encounters alone, when there is no network: the bare form, which holds nothing of anyone.
"use strict";
const KEPT = "encounters";
const PAGE = "/console/rencontres";
const OFFLINE = "/console/rencontres/hors-ligne";
const PATIENCE = 5000;
const files = new URL(location.href).searchParams.getAll("file");

addEventListener("install", (event) => event.waitUntil(keep().then(() => skipWaiting())));
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

async function keep() {
  const cache = await caches.open(KEPT);
  for (const path of [OFFLINE, ...files]) {
    const response = await fetch(path);
    // Sent to the log-in page: nobody's form is kept.
    if (!response.ok || response.redirected) throw new Error(path);
    await cache.put(path, response);
  }
}

addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate" && url.pathname === PAGE) event.respondWith(open(request));
  else if (files.includes(url.pathname + url.search)) event.respondWith(kept(request));
});

async function open(request) {
  try {
    return await fetch(request, { signal: AbortSignal.timeout(PATIENCE) });
  } catch {
    return (await caches.match(OFFLINE)) || Response.error();
  }
}

async function kept(request) {
  return (await caches.match(request)) || fetch(request);
}
