/** A progress bar for one line of a terminal; elsewhere a plain line for each further tenth. */

const CELLS = 40;

export class ProgressBar {
  #tenth = 0;
  #line = "";

  constructor(readonly stream: NodeJS.WriteStream) {}

  /** @param done how many of `total` have ended */
  update(done: number, total: number, label: string): void {
    const share = total === 0 ? 0 : done / total;
    const filled = Math.floor(share * CELLS);
    this.#line = `${"█".repeat(filled)}${"░".repeat(CELLS - filled)} ${Math.floor(share * 100)} % ${done}/${total} ${label}`;
    const tenth = Math.floor(share * 10);
    if (this.stream.isTTY) this.stream.write(`\r\u001b[K${this.#line}`);
    else if (tenth > this.#tenth) this.stream.write(`${done}/${total} ${label}\n`);
    this.#tenth = tenth;
  }

  /** A line of its own, above the bar. */
  note(text: string): void {
    this.stream.write(this.stream.isTTY ? `\r\u001b[K${text}\n${this.#line}` : `${text}\n`);
  }

  end(): void {
    if (this.stream.isTTY) this.stream.write("\n");
  }
}
