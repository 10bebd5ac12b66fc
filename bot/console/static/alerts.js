// The alerts' own page. What is typed is never reloaded away: a change of the alerts is said, and the page is drawn
// again only when nothing was changed on it.
"use strict";
{
  const top = document.getElementById("alerts").parentElement;
  const sections = () => [...document.querySelectorAll(".open-alert")];
  const shown = () => [...top.querySelectorAll("[data-alert]")].map((one) => one.dataset.alert).sort().join();
  const before = shown();
  const typed = () => [...document.querySelectorAll(".first-word textarea")].some((one) => one.value !== one.defaultValue);

  new MutationObserver(() => {
    if (shown() === before) return;
    if (typed() || sections().some((one) => one.contains(document.activeElement))) document.getElementById("changed").hidden = false;
    else location.reload();
  }).observe(top, { childList: true, subtree: true });

  function count() {
    for (const one of document.querySelectorAll(".countdown")) {
      const seconds = Math.round((new Date(one.dataset.until) - Date.now() + skew) / 1000);
      const left = one.querySelector(".left");
      if (seconds > 3600) continue;
      left.textContent = seconds > 60 ? `dans ${Math.ceil(seconds / 60)} min` : "dans moins d'une minute";
    }
  }
  // The service's clock, not the screen's.
  const skew = Date.now() - new Date(document.body.dataset.now).getTime();
  count();
  setInterval(count, 10000);
}
