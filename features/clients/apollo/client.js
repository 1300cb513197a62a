// Apollo Client: HTTP for what is asked once, graphql-ws for subscriptions.
//
// ZIGGIE_URL and ZIGGIE_TOKEN say where and who; what it did goes to stdout, a JSON object a line. With ZIGGIE_AFTER it only subscribes.

import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { OperationTypeNode } from "graphql";
import { createClient } from "graphql-ws";
import { setTimeout as sleep } from "node:timers/promises";
import { tap } from "rxjs";
import WebSocket from "ws";

const { ZIGGIE_URL, ZIGGIE_TOKEN, ZIGGIE_AFTER } = process.env;
const say = (line) => console.log(JSON.stringify(line));
const headers = { "X-Agent-Token": ZIGGIE_TOKEN };

globalThis.WebSocket ??= WebSocket; // Apollo wants one to be there, as in browsers and from Node 22 on
let closed;
const socket = createClient({
  url: `${ZIGGIE_URL.replace("http", "ws")}/graphql`,
  connectionParams: headers,
  retryAttempts: Infinity,
  retryWait: () => sleep(200),
  shouldRetry: () => true, // also when nobody answers; a token that is not good (4401) ends it all the same
  on: { connected: () => say({ did: "connect" }), closed: (event) => (closed = event.code) },
});

// graphql-ws sends an operation again with its variables as they are then: after the last event.
const resume = new ApolloLink((operation, forward) =>
  forward(operation).pipe(tap(({ data }) => {
    for (const event of Object.values(data ?? {})) operation.variables.after = event.cursor;
  })));

const client = new ApolloClient({
  cache: new InMemoryCache(),
  link: ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    ApolloLink.from([resume, new GraphQLWsLink(socket)]),
    new HttpLink({ uri: `${ZIGGIE_URL}/graphql`, headers }),
  ),
});

const EVENTS = gql`subscription Events($after: Cursor) { taskUpdates(after: $after) { cursor action task { id } } }`;

/** Says how Apollo tells of an error that the server answered with. */
function refused(what, error) {
  if (!CombinedGraphQLErrors.is(error)) throw error;
  say({ did: "refuse", what, error: error.name, extensions: error.errors[0].extensions });
}

if (!ZIGGIE_AFTER) {
  const { data: { me } } = await client.query({ query: gql`query Me { me { id tier } }` });
  say({ did: "query", agent: me.id, tier: me.tier });

  const { data: { createTask: task } } = await client.mutate({
    mutation: gql`mutation Make($input: CreateTaskInput!) { createTask(input: $input) { id status } }`,
    variables: { input: { type: "CLIENT", input: { by: "apollo" } } },
  });
  say({ did: "mutate", task: task.id, status: task.status });

  const TASK = gql`query Task($id: ID!) { task(id: $id) { id } }`;
  await client.query({ query: TASK, variables: { id: "task_00000000000000000000000000" } }).catch((error) => refused("query", error));
  await client.query({ query: gql`query Wrong { me { nonsense } }` }).catch((error) => refused("document", error));
  await new Promise((done) =>
    client.subscribe({ query: EVENTS, variables: { after: "nowhere" } }).subscribe({
      next: ({ error }) => refused("subscription", error),
      complete: done,
    }));
}

client.subscribe({ query: EVENTS, variables: { after: ZIGGIE_AFTER } }).subscribe({
  next({ data, error }) {
    if (error) return;
    const event = data.taskUpdates;
    say({ did: "event", cursor: event.cursor, action: event.action, task: event.task.id });
  },
  // graphql-ws retries what closes with 4403 once, and is told then that the token is not good: 4401.
  complete: () => say({ did: "end", code: closed }),
});
