// The page of gateway tokens: the first call of a fresh one is waited for.
import { refresh } from "./core.js";

// Its address asks about that token, so that looking again makes none.
const fresh = document.getElementById("fresh");
const page = location.pathname.startsWith("/admin/teams/") ? location.pathname : "/tokens";
if (fresh) history.replaceState(null, "", `${page}?made=${fresh.dataset.token}`);

// Events tell of calls; what else a token may do is seen by looking again.
setInterval(() => {
  if (!document.hidden && document.querySelector("#first-call[data-waiting]")) refresh();
}, 3_000);
