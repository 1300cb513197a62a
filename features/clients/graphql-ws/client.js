// graphql-ws alone: queries, mutations and subscriptions over one socket, which is opened again when it breaks.
//
// As every client here: ZIGGIE_URL and ZIGGIE_TOKEN say where and who; what it did goes to stdout, a JSON object a line, and is judged by
// who reads that. With ZIGGIE_AFTER it only subscribes, from there on. It ends when the server will not have it any more.

import { createClient } from "graphql-ws";
import { setTimeout as sleep } from "node:timers/promises";
import WebSocket from "ws";

const { ZIGGIE_URL, ZIGGIE_TOKEN, ZIGGIE_AFTER } = process.env;
const say = (line) => console.log(JSON.stringify(line));

const client = createClient({
  url: `${ZIGGIE_URL.replace("http", "ws")}/graphql`,
  webSocketImpl: WebSocket, // not needed where there is one: in browsers, and from Node 22 on
  connectionParams: { "X-Agent-Token": ZIGGIE_TOKEN },
  retryAttempts: Infinity,
  retryWait: () => sleep(200),
  shouldRetry: () => true, // also when nobody answers; a token that is not good (4401) ends it all the same
  on: { connected: () => say({ did: "connect" }) },
});

/** The first result of an operation. */
async function ask(query, variables) {
  for await (const result of client.iterate({ query, variables })) return result;
}

if (!ZIGGIE_AFTER) {
  const { data: { me } } = await ask("query { me { id tier } }");
  say({ did: "query", agent: me.id, tier: me.tier });

  const MAKE = "mutation($input: CreateTaskInput!) { createTask(input: $input) { id status } }";
  const { data: { createTask: task } } = await ask(MAKE, { input: { type: "CLIENT", input: { by: "graphql-ws" } } });
  say({ did: "mutate", task: task.id, status: task.status });

  const { errors: [missing] } = await ask("query($id: ID!) { task(id: $id) { id } }", { id: "task_00000000000000000000000000" });
  say({ did: "refuse", what: "query", error: "ExecutionResult", extensions: missing.extensions });
  // What does not become a result at all is thrown.
  const refused = (what) => ([error]) => say({ did: "refuse", what, error: error.constructor.name, extensions: error.extensions });
  await ask("query { me { nonsense } }").catch(refused("document"));
  await ask("subscription { taskUpdates(after: \"nowhere\") { cursor } }").catch(refused("subscription"));
}

// The variables are read again each time that the operation is sent: so it goes on after the last event, wherever it was cut off.
const variables = { after: ZIGGIE_AFTER };
const EVENTS = "subscription($after: Cursor) { taskUpdates(after: $after) { cursor action task { id } } }";
client.subscribe({ query: EVENTS, variables }, {
  next({ data: { taskUpdates: event } }) {
    variables.after = event.cursor;
    say({ did: "event", cursor: event.cursor, action: event.action, task: event.task.id });
  },
  // 4401: it retries what closes with 4403 once, and is told then that the token is not good.
  error: (end) => say({ did: "end", code: end.code, reason: end.reason }),
  complete: () => say({ did: "end" }),
});
