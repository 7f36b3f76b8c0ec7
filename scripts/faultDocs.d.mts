/** Types of faultDocs.mjs for the test that compares its output with the committed page. */

type Proof = readonly [file: string, name: string];

export interface Catalogue {
  invariants: readonly { id: string; promise: string; tests: readonly Proof[]; controls?: readonly Proof[] }[];
  /** `not`: why no test has it. */
  faults: readonly { id: string; fault: string; tests?: readonly Proof[]; not?: string }[];
}

export function renderFaults(catalogue: Catalogue): string;
