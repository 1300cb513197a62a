// Documents typed by GraphQL Code Generator: graphql-request for what is asked once, graphql-ws for subscriptions.
//
// ZIGGIE_URL and ZIGGIE_TOKEN say where and who; what it did goes to stdout, a JSON object a line. With ZIGGIE_AFTER it only subscribes.

import { GraphQLError, print } from "graphql";
import { ClientError, GraphQLClient } from "graphql-request";
import { createClient } from "graphql-ws";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { graphql } from "./generated/index.js";
import type { EventsSubscription, EventsSubscriptionVariables } from "./generated/graphql.js";

const { ZIGGIE_URL = "http://127.0.0.1:7400", ZIGGIE_TOKEN = "", ZIGGIE_AFTER } = process.env;
const say = (line: object) => console.log(JSON.stringify(line));
const headers = { "X-Agent-Token": ZIGGIE_TOKEN };

const client = new GraphQLClient(`${ZIGGIE_URL}/graphql`, { headers });
const socket = createClient({
  url: `${ZIGGIE_URL.replace("http", "ws")}/graphql`,
  webSocketImpl: WebSocket, // not needed where there is one: in browsers, and from Node 22 on
  connectionParams: headers,
  retryAttempts: Infinity,
  retryWait: () => sleep(200),
  shouldRetry: () => true, // also when nobody answers; a token that is not good (4401) ends it all the same
  on: { connected: () => say({ did: "connect" }) },
});

const ME = graphql(`query Me { me { id tier } }`);
const MAKE = graphql(`mutation Make($input: CreateTaskInput!) { createTask(input: $input) { id status } }`);
const TASK = graphql(`query Task($id: ID!) { task(id: $id) { id } }`);
const EVENTS = graphql(`subscription Events($after: Cursor) { taskUpdates(after: $after) { cursor action task { id } } }`);

/** Gives each event to `next`, until the server will not have us any more: `end` hears why. */
function follow(variables: EventsSubscriptionVariables, next: (data: EventsSubscription) => void, end: (why: unknown) => void) {
  // The variables are read again each time that the operation is sent: so it goes on after the last event.
  socket.subscribe<EventsSubscription>({ query: print(EVENTS), variables }, {
    next({ data }) {
      if (!data) return;
      variables.after = data.taskUpdates.cursor;
      next(data);
    },
    error: end,
    complete: () => end(undefined),
  });
}

function refused(what: string, error: unknown) {
  if (error instanceof ClientError) {
    say({ did: "refuse", what, error: error.constructor.name, extensions: error.response.errors?.[0]?.extensions });
  } else {
    const [first] = error as GraphQLError[];
    say({ did: "refuse", what, error: "GraphQLError[]", extensions: first?.extensions });
  }
}

if (!ZIGGIE_AFTER) {
  const { me } = await client.request(ME);
  say({ did: "query", agent: me.id, tier: me.tier });
  const { createTask: task } = await client.request(MAKE, { input: { type: "CLIENT", input: { by: "codegen" } } });
  say({ did: "mutate", task: task.id, status: task.status });
  await client.request(TASK, { id: "task_00000000000000000000000000" }).catch((error) => refused("query", error));
  await new Promise<void>((done) => follow({ after: "nowhere" }, () => {}, (why) => done(refused("subscription", why))));
}

follow(
  { after: ZIGGIE_AFTER },
  ({ taskUpdates: event }) => say({ did: "event", cursor: event.cursor, action: event.action, task: event.task.id }),
  // 4401: it retries what closes with 4403 once, and is told then that the token is not good.
  (why) => say({ did: "end", code: (why as { code?: number } | undefined)?.code }),
);
