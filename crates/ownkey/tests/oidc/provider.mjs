// A real OpenID provider (npm's oidc-provider) for the tests of signing in, with
// its own pages. Says where it listens on its first line, then does what each line
// of its input says, and answers each with a line.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Provider } from "oidc-provider";

const say = (value) => console.log(JSON.stringify(value));
const people = new Map();
let redirect = "";
let turn = 0;
let handle = (_, response) => response.writeHead(503).end();

// A key of its own each time: a rotation leaves nothing of the former one.
function key() {
  turn += 1;
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), kid: `key-${turn}`, alg: "RS256", use: "sig" };
}

const server = createServer((request, response) => handle(request, response));
server.listen(0, "127.0.0.1", () => say({ issuer: issuer() }));
const issuer = () => `http://127.0.0.1:${server.address().port}`;

function begin() {
  const provider = new Provider(issuer(), {
    clients: [{ client_id: "ownkey", client_secret: "a-secret-of-tests-only", redirect_uris: [redirect], post_logout_redirect_uris: [new URL("/login", redirect).href], response_types: ["code"], grant_types: ["authorization_code"] }],
    jwks: { keys: [key()] },
    cookies: { keys: ["a-cookie-key-of-tests-only"] },
    scopes: ["openid", "email", "profile", "groups"],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true } },
    findAccount: (_, id) => people.has(id) && { accountId: id, claims: () => ({ sub: id, ...people.get(id) }) },
  });
  const callback = provider.callback();
  handle = (request, response) => callback(request, response);
}

const commands = {
  redirect: (to) => { redirect = to; begin(); },
  rotate: begin,
  person: ({ sub, ...claims }) => people.set(sub, claims),
};

for await (const line of createInterface({ input: process.stdin })) {
  for (const [name, value] of Object.entries(JSON.parse(line))) commands[name](value);
  say({ done: true });
}
server.close();
process.exit(0);
