// Keeps the part marked data-live up to date, and the times counting. The stream says only that something changed.

const steps = [[60, 1, "s"], [3600, 60, "min"], [86400, 3600, "h"], [30 * 86400, 86400, "d"]];

function ago(seconds) {
  if (seconds < 5) return "just now";
  const step = steps.find(([limit]) => seconds < limit);
  return step ? `${Math.floor(seconds / step[1])} ${step[2]} ago` : null;
}

function count() {
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const text = ago(Math.max(0, (Date.now() - Date.parse(time.dateTime)) / 1000));
    if (text && text !== time.textContent) time.textContent = text;
  }
}

const retryAfter = 5000;
const answeredWithin = 15000;
const lookAfter = 30000;
let waiting = 0;
let askedAt = 0;
let again = false;

// One request for a burst of changes: a sweep of links must not load the page a hundred times.
function changed() {
  if (waiting) return;
  waiting = window.setTimeout(() => {
    waiting = 0;
    // A second request would wait on the part that the first one's answer replaces, and be lost with it.
    const asked = askedAt && Date.now() - askedAt < answeredWithin;
    again = Boolean(asked);
    const part = document.querySelector("[data-live]");
    if (part && !asked) window.htmx.trigger(part, "changed");
  }, 150);
}

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.matches("[data-live]")) askedAt = Date.now();
});
// What somebody opened to read stays open when the part is replaced.
let opened = [];
document.addEventListener("htmx:beforeSwap", (event) => {
  if (!event.target.matches("[data-live]")) return;
  opened = [...event.target.querySelectorAll("details")].map((each) => each.open);
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (!event.target.matches("[data-live]")) return;
  const now = event.target.querySelectorAll("details");
  if (now.length === opened.length) now.forEach((each, n) => { each.open = opened[n]; });
  askedAt = 0;
  if (again) changed();
});

function listen(path) {
  const source = new EventSource(path);
  source.addEventListener("ready", changed);
  source.addEventListener("changed", changed);
  // The browser goes on by itself when a stream breaks off, but not when it was refused.
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) window.setTimeout(() => listen(path), retryAfter);
  });
  window.addEventListener("pagehide", () => source.close());
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) listen(path);
  }, { once: true });
}

const part = document.querySelector("[data-live]");
if (part) listen(part.dataset.events);
// What was not answered is asked for again: the next change may be hours away.
for (const failure of ["htmx:sendError", "htmx:sendAbort", "htmx:responseError", "htmx:swapError", "htmx:timeout"]) {
  document.addEventListener(failure, (event) => {
    if (!event.target.matches("[data-live]")) return;
    askedAt = 0;
    window.setTimeout(changed, retryAfter);
  });
}
window.setInterval(count, 10000);
// A browser or a proxy may hold a stream that is dead for hours.
if (part) window.setInterval(() => document.hidden || changed(), lookAfter);
