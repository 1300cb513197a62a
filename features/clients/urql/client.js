// urql: HTTP for what is asked once, graphql-ws for subscriptions. In React the same client goes to its Provider.
//
// ZIGGIE_URL and ZIGGIE_TOKEN say where and who; what it did goes to stdout, a JSON object a line. With ZIGGIE_AFTER it only subscribes.

import { Client, cacheExchange, fetchExchange, gql, subscriptionExchange } from "@urql/core";
import { createClient } from "graphql-ws";
import { setTimeout as sleep } from "node:timers/promises";
import { onEnd, pipe, subscribe, toPromise, take } from "wonka";
import WebSocket from "ws";

const { ZIGGIE_URL, ZIGGIE_TOKEN, ZIGGIE_AFTER } = process.env;
const say = (line) => console.log(JSON.stringify(line));
const headers = { "X-Agent-Token": ZIGGIE_TOKEN };

let closed;
const socket = createClient({
  url: `${ZIGGIE_URL.replace("http", "ws")}/graphql`,
  webSocketImpl: WebSocket, // not needed where there is one: in browsers, and from Node 22 on
  connectionParams: headers,
  retryAttempts: Infinity,
  retryWait: () => sleep(200),
  shouldRetry: () => true, // also when nobody answers; a token that is not good (4401) ends it all the same
  on: { connected: () => say({ did: "connect" }), closed: (event) => (closed = event.code) },
});

/** Sends a subscription over the socket; again, when that breaks, with its variables as they are then: after the last event. */
function forwardSubscription({ query, variables }) {
  const request = { query, variables: { ...variables } };
  const remember = (result) => {
    for (const event of Object.values(result.data ?? {})) request.variables.after = event.cursor;
    return result;
  };
  return {
    subscribe: (sink) => ({
      unsubscribe: socket.subscribe(request, { ...sink, next: (result) => sink.next(remember(result)) }),
    }),
  };
}

const client = new Client({
  url: `${ZIGGIE_URL}/graphql`,
  fetchOptions: { headers },
  exchanges: [cacheExchange, fetchExchange, subscriptionExchange({ forwardSubscription })],
});

const EVENTS = gql`subscription Events($after: Cursor) { taskUpdates(after: $after) { cursor action task { id } } }`;

/** Says how urql tells of an error that the server answered with. */
function refused(what, { error }) {
  say({ did: "refuse", what, error: error.name, extensions: error.graphQLErrors[0].extensions });
}

if (!ZIGGIE_AFTER) {
  const { data: { me } } = await client.query(gql`query Me { me { id tier } }`, {});
  say({ did: "query", agent: me.id, tier: me.tier });

  const MAKE = gql`mutation Make($input: CreateTaskInput!) { createTask(input: $input) { id status } }`;
  const { data: { createTask: task } } = await client.mutation(MAKE, { input: { type: "CLIENT", input: { by: "urql" } } });
  say({ did: "mutate", task: task.id, status: task.status });

  const TASK = gql`query Task($id: ID!) { task(id: $id) { id } }`;
  refused("query", await client.query(TASK, { id: "task_00000000000000000000000000" }));
  refused("document", await client.query(gql`query Wrong { me { nonsense } }`, {}));
  refused("subscription", await pipe(client.subscription(EVENTS, { after: "nowhere" }), take(1), toPromise));
}

pipe(
  client.subscription(EVENTS, { after: ZIGGIE_AFTER }),
  onEnd(() => say({ did: "end", code: closed })),
  subscribe(({ data, error }) => {
    // graphql-ws retries what closes with 4403 once, and is told then that the token is not good: 4401.
    if (error) return;
    const event = data.taskUpdates;
    say({ did: "event", cursor: event.cursor, action: event.action, task: event.task.id });
  }),
);
