// What happens, told to every tab: one of them holds the stream and passes it on
// to the others. Without Web Locks each visible tab looks every five seconds.
const listeners = new Set();
const channel = "BroadcastChannel" in window ? new BroadcastChannel("ownkey-events") : null;

const NAMES = [
  "credential.created", "credential.updated", "credential.status_changed", "credential.deleted",
  "models.changed", "usage.recorded", "budget.threshold", "credential.unusual_use", "conversation.changed", "resync",
];

function tell(name, data) {
  for (const listener of listeners) listener(name, data);
}

/** Calls `listener(name, data)` for every event from now on; `missed` whenever some may have gone by unheard. */
export function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

// What happened before this page listened, or while its stream was broken off, was told to nobody here.
function missed() {
  tell("missed", {});
}

/** How long to wait, in ms, before a refused stream is asked for again; twice as long each time. */
const PAUSE = 10_000;
const LONGEST_PAUSE = 300_000;

function hear(pause = PAUSE) {
  const source = new EventSource("/v2/events");
  source.addEventListener("open", () => {
    pause = PAUSE;
    missed();
    channel?.postMessage({ name: "missed", data: {} });
  });
  // A browser comes back to a stream that broke off; one that was refused it leaves for good.
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(hear, pause, Math.min(2 * pause, LONGEST_PAUSE));
  });
  for (const name of NAMES) {
    source.addEventListener(name, (event) => {
      let data = {};
      try { data = JSON.parse(event.data); } catch { /* a name alone says enough */ }
      tell(name, data);
      channel?.postMessage({ name, data });
    });
  }
  addEventListener("pagehide", () => source.close(), { once: true });
}

const follow = () => new Promise(() => hear());

if (document.body?.dataset.signedIn !== undefined) {
  channel?.addEventListener("message", ({ data }) => tell(data.name, data.data));
  if (navigator.locks && channel) {
    navigator.locks.request("ownkey-events", { ifAvailable: true }, (lock) => (lock ? follow() : missed())).catch(() => {});
    navigator.locks.request("ownkey-events", follow).catch(() => {});
  }
  else setInterval(() => { if (!document.hidden) tell("resync", {}); }, 5_000);
}
