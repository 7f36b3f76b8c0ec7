/** Cuts a client's byte stream into whole Redis commands. */

export interface RespCommand {
  /** The command's bytes as they came. */
  bytes: Buffer;
  /** Its words; arguments that are no UTF-8 are damaged, which does not matter for matching. */
  words: string[];
}

export class RespReader {
  #pending: Buffer = Buffer.alloc(0);

  /** The commands that are complete now, in order. */
  push(chunk: Buffer): RespCommand[] {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const commands: RespCommand[] = [];
    for (;;) {
      const command = readCommand(this.#pending);
      if (!command) return commands;
      this.#pending = this.#pending.subarray(command.bytes.length);
      commands.push(command);
    }
  }
}

function readCommand(buffer: Buffer): RespCommand | undefined {
  const headEnd = buffer.indexOf("\r\n");
  if (headEnd < 0) return undefined;
  const head = buffer.toString("utf8", 0, headEnd);
  // Inline commands are one line of words.
  if (!head.startsWith("*")) return { bytes: buffer.subarray(0, headEnd + 2), words: head.split(" ") };
  const words: string[] = [];
  let at = headEnd + 2;
  for (let left = Number(head.slice(1)); left > 0; left--) {
    const lengthEnd = buffer.indexOf("\r\n", at);
    if (lengthEnd < 0) return undefined;
    const start = lengthEnd + 2;
    const end = start + Number(buffer.toString("utf8", at + 1, lengthEnd));
    if (buffer.length < end + 2) return undefined;
    words.push(buffer.toString("utf8", start, end));
    at = end + 2;
  }
  return { bytes: buffer.subarray(0, at), words };
}
