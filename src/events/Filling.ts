/** How much room a page of events has for results, and from which event on there was none. */

import type { TaskEvent } from "../workflow/events.js";
import type { JsonValue } from "../workflow/json.js";

export class Filling {
  #cut: TaskEvent | undefined;
  #leftBytes: number;
  #least: 0 | 1;

  /** @param least results that are read whether there is room or not */
  constructor(mostBytes: number, least: 0 | 1) {
    this.#leftBytes = mostBytes;
    this.#least = least;
  }

  /** Results that must still be read. */
  get least(): 0 | 1 {
    return this.#least;
  }

  /** The first event that lacks its result; undefined while there is none. */
  get cut(): TaskEvent | undefined {
    return this.#cut;
  }

  get leftBytes(): number {
    return this.#leftBytes;
  }

  /** Whether the event's result is to be read. */
  takes(event: TaskEvent): boolean {
    if (this.#cut && this.#cut.seq < event.seq) return false;
    if (this.#least > 0 || this.#leftBytes > 0) return true;
    this.cutAt(event);
    return false;
  }

  add(bytes: number): void {
    this.#least = 0;
    this.#leftBytes -= bytes;
  }

  cutAt(event: TaskEvent): void {
    if (!this.#cut || event.seq < this.#cut.seq) this.#cut = event;
  }
}

/** About how long a value is as JSON; counted no further than `most`. */
export function roughBytes(value: JsonValue | undefined, most: number): number {
  let bytes = 0;
  const open: (JsonValue | undefined)[] = [value];
  while (open.length > 0 && bytes < most) {
    const next = open.pop();
    if (typeof next === "string") bytes += next.length + 3;
    else if (typeof next !== "object" || next === null) bytes += 5;
    else {
      for (const [key, child] of Object.entries(next)) {
        bytes += key.length + 4;
        open.push(child);
      }
    }
  }
  return bytes;
}
