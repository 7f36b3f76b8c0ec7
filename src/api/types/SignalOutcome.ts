/** The two answers that a waiting task can get. */

import type { SignalOutcome } from "../../engine/signals.js";
import { describedEnum } from "./enums.js";

export const SignalOutcomeEnum = describedEnum<SignalOutcome>("SignalOutcome", "What an answer says.", {
  APPROVE: "The task completes with the payload.",
  REJECT: "The task fails with REJECTED; it is not retried.",
});
