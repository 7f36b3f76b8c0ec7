/** The handlers that every worker has without registering anything. */

import type { Handler } from "../../engine/handlers.js";
import { delayHandler } from "./delay.js";
import { failHandler } from "./fail.js";
import { httpHandler } from "./http.js";
import { isPublicAddress } from "./http/addresses.js";
import { logHandler } from "./log.js";
import { approvalHandler, signalHandler } from "./signal.js";
import { transformHandler } from "./transform.js";
import { workflowHandler } from "./workflow.js";

export interface BuiltInOptions {
  /** Whether `http` may connect to private, loopback and link-local addresses. */
  httpAllowPrivate: boolean;
}

export function builtInHandlers(options: BuiltInOptions): Handler[] {
  const isAllowed = options.httpAllowPrivate ? (): boolean => true : isPublicAddress;
  return [transformHandler, httpHandler({ isAllowed }), delayHandler, signalHandler, approvalHandler, logHandler, failHandler, workflowHandler];
}
