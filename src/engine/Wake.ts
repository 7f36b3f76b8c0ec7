/** New entries of event logs, by workflow: where each stands in its log, and its text. */
export type LogEntries = Readonly<Record<string, readonly [index: number, text: string]>>;

/** A doorbell: hints that something changed. Any of them may be lost; whoever listens also polls. */
export interface Wake {
  /** Units wait in lanes of the shard. */
  onReady(listener: (shard: number) => void): () => void;
  /** Lanes with a priority that were empty hold something; told before onReady is. */
  onLanes(listener: (shard: number, names: readonly string[]) => void): () => void;
  /** Workflows have new events. `entries` has those log entries that are short. */
  onEvents(listener: (workflowIds: readonly string[], entries: LogEntries) => void): () => void;
  onCancelled(listener: (workflowId: string) => void): () => void;
  /** Some claims on tasks of the workflow were taken back. */
  onRecalled(listener: (workflowId: string) => void): () => void;
  /** A timer of the shard was set that is due so soon. */
  onTimer(listener: (shard: number, delayMs: number) => void): () => void;
}
