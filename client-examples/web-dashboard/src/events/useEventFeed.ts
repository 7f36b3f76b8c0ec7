/** Events of one workflow as they come: drawn once per frame, however many arrive, and only the newest are kept. */

import { useEffect, useRef, useState } from "react";
import { ConsoleEventsDocument } from "../../generated/graphql.js";
import type { ConsoleEventFragment, EventType } from "../../generated/graphql.js";
import { useSubscription } from "../api/hooks.js";

export interface EventFeed {
  events: readonly ConsoleEventFragment[];
  /** Older ones that were let go. */
  dropped: number;
}

interface FeedOptions {
  /** Undefined: from the beginning of the log. */
  after?: string;
  types?: EventType[];
  keep: number;
  /** False: nothing is asked for. */
  active: boolean;
  matches?(event: ConsoleEventFragment): boolean;
}

const NOTHING: EventFeed = { events: [], dropped: 0 };

export function useEventFeed(id: string, { after, types, keep, active, matches }: FeedOptions, turn = 0): EventFeed {
  const [feed, setFeed] = useState<EventFeed>(NOTHING);
  const arrived = useRef<ConsoleEventFragment[]>([]);
  const frame = useRef(0);
  const key = JSON.stringify([id, after, types, turn]);
  useEffect(() => {
    setFeed(NOTHING);
    arrived.current = [];
    return () => {
      cancelAnimationFrame(frame.current);
      frame.current = 0;
    };
  }, [key]);
  const draw = (): void => {
    frame.current = 0;
    const fresh = arrived.current;
    arrived.current = [];
    setFeed((before) => {
      const all = [...before.events, ...fresh];
      const over = Math.max(0, all.length - keep);
      return { events: over > 0 ? all.slice(over) : all, dropped: before.dropped + over };
    });
  };
  useSubscription(ConsoleEventsDocument, active ? { id, after, types } : undefined, {
    onNext({ workflowEvents: event }, variables) {
      variables.after = event.cursor;
      if (matches && !matches(event)) return;
      arrived.current.push(event);
      frame.current ||= requestAnimationFrame(draw);
    },
  }, turn);
  return feed;
}
