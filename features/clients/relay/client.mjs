// Relay's runtime with what its compiler made of documents.js: HTTP for what is asked once, graphql-ws for subscriptions.
//
// ZIGGIE_URL and ZIGGIE_TOKEN say where and who; what it did goes to stdout, a JSON object a line. With ZIGGIE_AFTER it only subscribes.

import { createClient } from "graphql-ws";
import { setTimeout as sleep } from "node:timers/promises";
import relay from "relay-runtime";
import WebSocket from "ws";
import Events from "./__generated__/documentsEventsSubscription.graphql.js";
import List from "./__generated__/documentsListQuery.graphql.js";
import Make from "./__generated__/documentsMakeMutation.graphql.js";
import Me from "./__generated__/documentsMeQuery.graphql.js";
import Task from "./__generated__/documentsTaskQuery.graphql.js";
import Tasks from "./__generated__/documents_tasks.graphql.js";

const { Environment, Network, Observable, RecordSource, Store, commitMutation, fetchQuery, getSingularSelector, requestSubscription } = relay;
const { ZIGGIE_URL, ZIGGIE_TOKEN, ZIGGIE_AFTER } = process.env;
const say = (line) => console.log(JSON.stringify(line));
const headers = { "X-Agent-Token": ZIGGIE_TOKEN };

const socket = createClient({
  url: `${ZIGGIE_URL.replace("http", "ws")}/graphql`,
  webSocketImpl: WebSocket, // not needed where there is one: in browsers, and from Node 22 on
  connectionParams: headers,
  retryAttempts: Infinity,
  retryWait: () => sleep(200),
  shouldRetry: () => true, // also when nobody answers; a token that is not good (4401) ends it all the same
  on: { connected: () => say({ did: "connect" }) },
});

/** What the server answers with errors instead of data. Relay leaves it to us what becomes of that. */
class Refused extends Error {
  constructor([error]) {
    super(error.message);
    this.extensions = error.extensions;
  }
}

async function ask({ text }, variables) {
  const body = JSON.stringify({ query: text, variables });
  const answer = await fetch(`${ZIGGIE_URL}/graphql`, { method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body });
  const result = await answer.json();
  if (result.errors) throw new Refused(result.errors);
  return result;
}

/** Sends a subscription over the socket; again, when that breaks, with its variables as they are then: after the last event. */
function listen({ text }, given) {
  const variables = { ...given };
  return Observable.create((sink) =>
    socket.subscribe({ query: text, variables }, {
      next(result) {
        for (const event of Object.values(result.data ?? {})) variables.after = event.cursor;
        sink.next(result);
      },
      error: (error) => sink.error(Array.isArray(error) ? new Refused(error) : error),
      complete: () => sink.complete(),
    }));
}

const environment = new Environment({ network: Network.create(ask, listen), store: new Store(new RecordSource()) });
const refused = (what) => (error) => say({ did: "refuse", what, error: error.constructor.name, extensions: error.extensions });
const mutate = (mutation, variables) =>
  new Promise((onCompleted, onError) => commitMutation(environment, { mutation, variables, onCompleted, onError }));

if (!ZIGGIE_AFTER) {
  const { me } = await fetchQuery(environment, Me, {}).toPromise();
  say({ did: "query", agent: me.id, tier: me.tier });

  const { createTask: made } = await mutate(Make, { input: { type: "CLIENT", input: { by: "relay" } } });
  // What is told of it is what the list has in Relay's store.
  const fetched = await fetchQuery(environment, List, { first: 2 }).toPromise();
  const { data: list } = environment.lookup(getSingularSelector(Tasks, fetched));
  const { node: task } = list.tasks.edges.find(({ node }) => node.id === made.id);
  say({ did: "mutate", task: task.id, status: task.status });

  await fetchQuery(environment, Task, { id: "task_00000000000000000000000000" }).toPromise().catch(refused("query"));
  await new Promise((done) =>
    requestSubscription(environment, {
      subscription: Events,
      variables: { after: "nowhere" },
      onError: (error) => done(refused("subscription")(error)),
    }));
}

requestSubscription(environment, {
  subscription: Events,
  variables: { after: ZIGGIE_AFTER },
  onNext: ({ taskUpdates: event }) => say({ did: "event", cursor: event.cursor, action: event.action, task: event.task.id }),
  // 4401: it retries what closes with 4403 once, and is told then that the token is not good.
  onError: (end) => say({ did: "end", code: end.code }),
});
