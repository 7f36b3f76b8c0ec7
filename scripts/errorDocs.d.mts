/** Types of errorDocs.mjs for the test that compares its output with the committed page. */

import type { CodeEntry } from "../src/errors.js";

export function renderErrors(codes: Readonly<Record<string, CodeEntry>>): string;
