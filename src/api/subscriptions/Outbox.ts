/** Where a subscription's payloads go: one subscription's side of a socket, or of an HTTP answer. */

export interface Outbox {
  /** Whether the peer has not taken what it was given: nothing should be added. */
  readonly full: boolean;

  /** Sends payloads (JSON texts of execution results), in one write where the transport can. A peer that has gone loses them. */
  put(payloads: readonly Buffer[]): void;

  /** Calls back once, as soon as the outbox is no longer full; at once when its peer has gone. */
  whenFree(listener: () => void): void;
}
