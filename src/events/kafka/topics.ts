/** The topics of the bridge, and what a topic may be called. */

/** Of names of handlers whose tasks are served over a topic: `kafka:<topic>`. */
export const TOPIC_HANDLER_PREFIX = "kafka:";

const TOPIC = /^[A-Za-z0-9._-]{1,249}$/;

export interface BridgeTopics {
  /** Every event, as a CloudEvent. */
  readonly events: string;
  readonly commands: string;
  /** What became of commands. */
  readonly results: string;
  /** Messages that are no commands. */
  readonly deadLetters: string;
}

export function bridgeTopics(prefix: string): BridgeTopics {
  return { events: `${prefix}.events`, commands: `${prefix}.commands`, results: `${prefix}.command-results`, deadLetters: `${prefix}.commands.dlq` };
}

/**
 * Why workflows may not write to a topic; undefined when they may. The bridge's own ones are closed to them: a command would
 * run with rights that the workflow's owner may not have, and an event would tell what did not happen.
 */
export function topicProblem(topic: string, own: BridgeTopics | undefined): string | undefined {
  if (!TOPIC.test(topic) || topic === "." || topic === "..") return "is no name for a topic: 1 to 249 letters, digits and . _ -";
  return own && Object.values(own).includes(topic) ? "is a topic of the bridge itself" : undefined;
}
