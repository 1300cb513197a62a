// A worker on one page: looks at the files of VALIDATE_FORMAT tasks and says whether they are of the format that they are said to be of.
//
// ZIGGIE_URL, ZIGGIE_AGENT and ZIGGIE_SECRET say where the server is and who we are; one process an agent. It goes on when the server is
// restarted and when a lease is lost. SIGTERM and SIGINT end it: what it is at work on fails and is tried again by whoever claims it.
// Only `check` and what stands beneath it know of files: the rest suits any worker.

import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { ClientError, GraphQLClient } from "graphql-request";

const { ZIGGIE_URL: URL = "http://127.0.0.1:7400", ZIGGIE_AGENT: AGENT, ZIGGIE_SECRET: SECRET } = process.env;
const TYPES = ["VALIDATE_FORMAT"];
const WAIT = 5; // seconds that a claim waits; what is handed to us by name meanwhile is seen after that
const PATIENCE = WAIT + 5; // seconds until a call without an answer is sent again

const TASK = "id status attempt input type { leaseSeconds }";
const AUTHENTICATE = "mutation($agent: ID!, $secret: String!) { authenticate(agentId: $agent, secret: $secret) { token } }";
const MINE = `query($types: [String!]) { me {
  tasks(first: 1, filter: {status: [ASSIGNED, IN_PROGRESS], type: $types}) { nodes { ${TASK} } } } }`;
const START = `mutation($id: ID!) { task: startTask(taskId: $id) { ${TASK} } }`;
const CLAIM = `mutation($types: [String!], $wait: Int) { task: claimTask(types: $types, waitSeconds: $wait) { ${TASK} } }`;
const BEAT = `mutation($id: ID!, $attempt: Int, $progress: Int) {
  heartbeatTask(taskId: $id, attempt: $attempt, progress: $progress) { id } }`;
const COMPLETE = `mutation($id: ID!, $attempt: Int, $output: JSON) {
  task: completeTask(taskId: $id, attempt: $attempt, output: $output) { status } }`;
const FAIL = `mutation($id: ID!, $attempt: Int, $error: String!) {
  task: failTask(taskId: $id, attempt: $attempt, error: $error) { status } }`;

type Asset = { id: string; uri: string; mediaType: string; sha256?: string | null };
type Task = { id: string; status: string; attempt: number; input: { assets?: Asset[] }; type: { leaseSeconds: number } };

/** The server refused a call. `why` has the code and what else a program needs to react. */
class Refused extends Error {
  constructor(message: string, readonly why: Record<string, unknown>) {
    super(message);
  }
}

/** The API as our agent sees it. */
class Ziggie {
  readonly #client = new GraphQLClient(`${URL}/graphql`);
  token = "";

  /** Sends a call until it is answered. An answer may be sent again: the same one for the same attempt gets the same reply. */
  async ask<Data>(signal: AbortSignal, document: string, variables: object): Promise<Data> {
    for (let trial = 0, loggedIn = document === AUTHENTICATE; ; trial++) {
      let trouble = "no answer";
      // Not AbortSignal.timeout: where nothing but AbortSignal.any holds it, it is collected as garbage and never fires (Node.js 20).
      signal.throwIfAborted();
      const patience = new AbortController();
      const giveUp = () => patience.abort();
      const timer = setTimeout(giveUp, PATIENCE * 1000);
      signal.addEventListener("abort", giveUp);
      try {
        const requestHeaders: Record<string, string> = this.token ? { authorization: `Bearer ${this.token}` } : {};
        return await this.#client.request<Data>({ document, variables, requestHeaders, signal: patience.signal });
      } catch (error) {
        signal.throwIfAborted();
        // The message of the library's error holds the request, and so our secret: it is not to be shown.
        const refusal = error instanceof ClientError ? error.response.errors?.[0] : undefined;
        if (refusal) {
          trouble = refusal.message;
          if (refusal.extensions["code"] === "UNAUTHENTICATED" && !loggedIn) {
            this.token = "";
            const proof = { agent: AGENT, secret: SECRET };
            this.token = (await this.ask<{ authenticate: { token: string } }>(signal, AUTHENTICATE, proof)).authenticate.token;
            console.log(`logged in as ${AGENT}`);
            loggedIn = true;
            continue;
          }
          if (!refusal.extensions["retryable"]) throw new Refused(trouble, refusal.extensions);
        }
      } finally {
        clearTimeout(timer);
        signal.removeEventListener("abort", giveUp);
      }
      const pause = Math.random() * Math.min(5, 0.2 * 2 ** trial);
      console.log(`${trouble}; again in ${pause.toFixed(1)} s`);
      await sleep(pause * 1000, undefined, { signal });
    }
  }

  /** The bytes of an asset. The server's own come by a path and want our token; those elsewhere must not have it. */
  async fetch(signal: AbortSignal, { uri }: Asset): Promise<Buffer> {
    const own = uri.startsWith("/");
    const headers: Record<string, string> = own ? { authorization: `Bearer ${this.token}` } : {};
    const response = await fetch(own ? URL + uri : uri, { headers, signal });
    if (!response.ok) throw new Error(`${uri}: ${response.status} ${response.statusText}`);
    return Buffer.from(await response.arrayBuffer());
  }
}

/** The work: the output of a task. */
async function check(ziggie: Ziggie, signal: AbortSignal, task: Task) {
  const findings: object[] = [];
  for (const [index, asset] of (task.input.assets ?? []).entries()) {
    const bytes = await ziggie.fetch(signal, asset);
    const find = (message: string) =>
      findings.push({ message, rule: "format", severity: "ERROR", pointer: `/assets/${index}`, assetId: asset.id });
    if (!isOf(asset.mediaType, bytes)) find(`it does not begin as ${asset.mediaType} does`);
    if (asset.sha256 && asset.sha256 !== createHash("sha256").update(bytes).digest("hex")) find("it has another SHA-256");
  }
  return { valid: findings.length === 0, findings };
}

/** Whether a file begins as its format does; of a format that is not known here, none does. */
function isOf(mediaType: string, bytes: Buffer): boolean {
  const beginnings: Record<string, string> = {
    "image/png": "\x89PNG\r\n\x1a\n", "image/jpeg": "\xff\xd8\xff", "image/gif": "GIF8", "audio/flac": "fLaC", "model/gltf-binary": "glTF",
  };
  const beginning = beginnings[mediaType];
  return beginning !== undefined && bytes.toString("latin1", 0, beginning.length) === beginning;
}

/** What we hold already (we died, or a claim's answer was lost), else what was handed to us by name, else what anybody may claim. */
async function nextTask(ziggie: Ziggie, signal: AbortSignal): Promise<Task | null> {
  const { me } = await ziggie.ask<{ me: { tasks: { nodes: Task[] } } }>(signal, MINE, { types: TYPES });
  for (const task of me.tasks.nodes) {
    if (task.status === "IN_PROGRESS") return task;
    try {
      return (await ziggie.ask<{ task: Task }>(signal, START, { id: task.id })).task;
    } catch (error) {
      if (!(error instanceof Refused)) throw error; // else it was handed to another since, or may not begin yet
    }
  }
  return (await ziggie.ask<{ task: Task | null }>(signal, CLAIM, { types: TYPES, wait: WAIT })).task;
}

/** Says at every third of the lease that we are at work. Ends only by hearing that the task is not ours any more. */
async function keepAlive(ziggie: Ziggie, signal: AbortSignal, { id, attempt, type }: Task): Promise<never> {
  for (;;) {
    await sleep(((type.leaseSeconds || 60) / 3) * 1000, undefined, { signal });
    await ziggie.ask(signal, BEAT, { id, attempt, progress: 50 });
  }
}

/** Does a task and answers for it. Where it is not ours any more, what was done for it is dropped. */
async function workOn(ziggie: Ziggie, stop: AbortSignal, task: Task): Promise<void> {
  const { id, attempt } = task;
  console.log(`at work on attempt ${attempt} of ${id}`);
  const over = new AbortController();
  const signal = AbortSignal.any([stop, over.signal]);
  try {
    const output = await Promise.race([check(ziggie, signal, task), keepAlive(ziggie, signal, task)]);
    const answer = await ziggie.ask<{ task: { status: string } }>(stop, COMPLETE, { id, attempt, output });
    console.log(`${id} is ${answer.task.status}`);
  } catch (error) {
    if (error instanceof Refused && ["CONFLICT", "INVALID_TRANSITION", "NOT_FOUND"].includes(String(error.why["code"]))) {
      return console.log(`dropped ${id} (lease lost: ${error.why["leaseLost"] ?? false}): ${error.message}`);
    }
    const reason = stop.aborted ? "its worker was stopped" : String(error).slice(0, 500);
    console.log(`${id} fails: ${reason}`);
    // Where the server does not hear it in time, the lease will tell.
    const patience = AbortSignal.timeout(stop.aborted ? 5_000 : 60_000);
    await ziggie.ask(patience, FAIL, { id, attempt, error: reason }).catch((why: unknown) => console.log(`dropped ${id}: ${why}`));
  } finally {
    over.abort();
  }
}

const ziggie = new Ziggie();
const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());
try {
  while (!stop.signal.aborted) {
    console.log("waiting for work");
    const task = await nextTask(ziggie, stop.signal);
    if (task) await workOn(ziggie, stop.signal, task);
  }
} catch (error) {
  if (!stop.signal.aborted) throw error;
}
console.log("stopped");
