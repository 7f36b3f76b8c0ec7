/** What every resolver gets: on whose behalf it runs, the engine and the events, and what this operation has already read. */

import type { Caller, Engine } from "../engine/Engine.js";
import type { Fleet } from "../engine/Fleet.js";
import type { WorkerProtocol } from "../engine/WorkerProtocol.js";
import type { EventSource } from "../events/EventSource.js";
import { WorkflowReads } from "./WorkflowReads.js";

/** What the server can say about itself. */
export interface ServerFacts {
  version: string;
  /** Epoch milliseconds. */
  startedMs: number;
  redisStatus(): Promise<string>;
  kafkaStatus(): Promise<string>;
}

export interface ApiContext {
  readonly caller: Caller;
  readonly engine: Engine;
  readonly events: EventSource;
  readonly reads: WorkflowReads;
  readonly server: ServerFacts;
  readonly fleet: Fleet;
  readonly workers: WorkerProtocol;
  /** Fires when the client has gone: what waits for it need not wait any longer. */
  readonly signal?: AbortSignal;
  /** The same caller's, with nothing read yet, and bound to no client. */
  renewed(): ApiContext;
}

export interface ContextSources {
  engine: Engine;
  events: EventSource;
  server: ServerFacts;
  fleet: Fleet;
  workers: WorkerProtocol;
}

/** The one place that says who calls. Without authentication everyone is the one tenant. */
function identifyCaller(): Caller {
  return { tenant: "default" };
}

/** One per operation; of a subscription, one per batch of values. */
export function createContext(sources: ContextSources, signal?: AbortSignal, caller = identifyCaller()): ApiContext {
  const { engine, events, server, fleet, workers } = sources;
  return {
    caller, engine, events, reads: new WorkflowReads(engine, caller), server, fleet, workers, ...(signal ? { signal } : {}),
    renewed: () => createContext(sources, undefined, caller),
  };
}
