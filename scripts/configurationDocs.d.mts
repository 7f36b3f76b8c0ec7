/** Types of configurationDocs.mjs for the test that compares its output with the committed page. */

import type { Setting } from "../src/settings.js";

export function renderConfiguration(settings: readonly Setting[]): string;
