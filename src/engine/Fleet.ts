/** Who works and what waits: workers as they have registered themselves, and the state of the queues. */

export interface WorkerState {
  id: string;
  /** Names of the handlers it serves. */
  handlers: string[];
  queues: string[];
  /** Tasks and items it runs now. */
  running: number;
  /** How many it takes at once. */
  capacity: number;
  lastSeenMs: number;
}

export interface QueueState {
  name: string;
  /** Tasks and items that could run now. */
  ready: number;
  running: number;
  /** Those that wait for a time: retries and delays. */
  delayed: number;
  /** Since when the oldest ready one waits. */
  oldestReadyMs?: number;
}

export interface Fleet {
  /** Those heard of lately, by id. */
  workers(): Promise<WorkerState[]>;
  queues(): Promise<QueueState[]>;
  /** The queues of each shard that hold anything, and the default one. */
  queuesByShard(): Promise<QueueState[][]>;
}

/** What a worker says of itself. */
export interface WorkerNote {
  handlers: string[];
  running: number;
  capacity: number;
  /** Whether it also finds items and collects outputs. */
  plans: boolean;
  /** Whether its claims have tokens of their own, by which they can be counted. */
  remote: boolean;
  /** Queues whose tasks it runs. */
  queues: string[];
  /** Names of the expanders it has; absent: none. */
  expanders?: string[];
}

/** What the live workers serve, all together. */
export interface Served {
  handlers: ReadonlySet<string>;
  /** Whether one of them serves the handler in this queue. */
  serves(handler: string, queue: string): boolean;
  expanders: ReadonlySet<string>;
  /** Queues that somebody serves. */
  queues: ReadonlySet<string>;
  /** Whether one of them finds items and collects outputs. */
  plans: boolean;
}

/** Where workers are noted. */
export interface WorkerDirectory {
  /** @param forMs how long it counts as alive if it is not heard of again */
  register(worker: string, note: WorkerNote, forMs: number): Promise<void>;
  /** It has said goodbye. */
  remove(worker: string): Promise<void>;
  /** At most a second old. */
  served(): Promise<Served>;
}
