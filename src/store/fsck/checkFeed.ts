/** Checks that the feed tells of every entry of every log once and in order, as far back as it is kept. */

import type { ShardView } from "./checkShard.js";

export async function checkFeed({ keys, found, workflows, reads, findings }: ShardView): Promise<void> {
  if (!found.has("feed")) return;
  /** By workflow, the entry that it told of last. */
  const told = new Map<string, number>();
  for await (const text of reads.steps(keys.feed)) {
    for (const line of text.split("\n")) {
      const [, id = "", digits] = /^(\S+) (\d+)$/.exec(line) ?? [];
      const entry = Number(digits);
      if (digits === undefined) findings.add("FEED_WRONG", keys.feed, `It has the line ${JSON.stringify(line)}`);
      // Of a workflow whose first entries it keeps no more, the first one told of may be any.
      else if (told.has(id) && entry !== (told.get(id) as number) + 1) findings.add("FEED_WRONG", keys.feed, `It tells of entry ${entry} of ${id} after ${told.get(id)}`);
      told.set(id, entry);
    }
  }
  for (const [id, entry] of told) {
    const workflow = workflows.get(id);
    if (workflow) findings.same("FEED_WRONG", keys.feed, `The last entry of ${id} that it tells of`, entry, Number(workflow.fields["ev"]) - 1);
  }
}
