/** A mutation that a button runs: whether it is under way, and what was wrong with it. */

import { useState } from "react";
import type { ProblemFragment } from "../../generated/graphql.js";

export interface Action {
  busy: boolean;
  problems: readonly ProblemFragment[];
  /** True when it was done. */
  run(mutation: () => Promise<readonly ProblemFragment[]>): Promise<boolean>;
}

export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [problems, setProblems] = useState<readonly ProblemFragment[]>([]);
  const run = async (mutation: () => Promise<readonly ProblemFragment[]>): Promise<boolean> => {
    setBusy(true);
    try {
      const found = await mutation();
      setProblems(found);
      return found.length === 0;
    } catch (error) {
      setProblems([{ code: "REQUEST", message: (error as Error).message }]);
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, problems, run };
}
