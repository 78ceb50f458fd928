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

/** Calls `listener(name, data)` for every event from now on; `missed` once, for those before. */
export function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

// What happened after this page was made and before it listened was told to nobody here.
function missed() {
  tell("missed", {});
}

function follow() {
  return new Promise(() => {
    const source = new EventSource("/v2/events");
    source.addEventListener("open", missed, { once: true });
    for (const name of NAMES) {
      source.addEventListener(name, (event) => {
        let data = {};
        try { data = JSON.parse(event.data); } catch { /* a name alone says enough */ }
        tell(name, data);
        channel?.postMessage({ name, data });
      });
    }
    addEventListener("pagehide", () => source.close(), { once: true });
  });
}

if (document.body?.dataset.signedIn !== undefined) {
  channel?.addEventListener("message", ({ data }) => tell(data.name, data.data));
  if (navigator.locks && channel) {
    navigator.locks.request("ownkey-events", { ifAvailable: true }, (lock) => (lock ? follow() : missed())).catch(() => {});
    navigator.locks.request("ownkey-events", follow).catch(() => {});
  }
  else setInterval(() => { if (!document.hidden) tell("resync", {}); }, 5_000);
}
