/** SIGINT and SIGTERM as a request to end in order; a second one ends the process at once. */

/** Resolves at the first SIGINT or SIGTERM. */
export function untilStopSignal(): Promise<void> {
  return new Promise((resolve) => onStopSignal(resolve));
}

/** @returns a function that stops listening */
export function onStopSignal(act: () => void): () => void {
  let seen = false;
  const listener = (signal: NodeJS.Signals): void => {
    if (seen) process.exit(128 + (signal === "SIGINT" ? 2 : 15));
    seen = true;
    act();
  };
  const listeners = (["SIGINT", "SIGTERM"] as const).map((signal) => {
    const listen = (): void => listener(signal);
    process.on(signal, listen);
    return () => process.off(signal, listen);
  });
  return () => listeners.forEach((stop) => stop());
}
