/** Finds its way through the text of an expression without parsing it: literals, comments, brackets. */

const OPENERS = "([{";
const CLOSERS = ")]}";

/** After one of these a slash starts a regex; after anything else it divides. */
const BEFORE_OPERAND = "([{,;:?=<>!&|+-*/%^~.@#";

/**
 * The index of the first `}}` that is outside the strings, names, comments, regexes and braces of the expression that
 * starts at `from`; -1 when there is none.
 */
export function findPlaceholderEnd(text: string, from: number): number {
  let braces = 0;
  let before = "";
  for (let at = from; at < text.length;) {
    const next = skipLiteral(text, at, before);
    if (next === -1) return -1;
    if (next > at) {
      before = text[next - 1] as string;
      at = next;
      continue;
    }
    const char = text[at] as string;
    if (char === "{") braces++;
    else if (char === "}" && braces > 0) braces--;
    else if (char === "}" && text[at + 1] === "}") return at;
    if (!isSpace(char)) before = char;
    at++;
  }
  return -1;
}

/**
 * How deep `??` and `?:` stand in the left operand of another: `a ?? b` is 1, `(a ?? b) ?? c` is 2, `a ?? b ?? c` is 1.
 * JSONata's parser copies that operand, so its work doubles with every level.
 */
export function defaultNesting(source: string): number {
  const frames = [{ deepest: 0, operand: 0 }];
  let before = "";
  for (let at = 0; at < source.length;) {
    const next = skipLiteral(source, at, before);
    if (next === -1) break;
    if (next > at) {
      before = source[next - 1] as string;
      at = next;
      continue;
    }
    const char = source[at] as string;
    const pair = source.slice(at, at + 2);
    const frame = frames[frames.length - 1] as { deepest: number; operand: number };
    if (pair === "??" || pair === "?:") {
      frame.deepest = Math.max(frame.deepest, frame.operand + 1);
      frame.operand = 0;
      at++;
    } else if (OPENERS.includes(char)) {
      frames.push({ deepest: 0, operand: 0 });
    } else if (CLOSERS.includes(char) && frames.length > 1) {
      frames.pop();
      const outer = frames[frames.length - 1] as { deepest: number; operand: number };
      outer.operand = Math.max(outer.operand, frame.deepest);
      outer.deepest = Math.max(outer.deepest, frame.deepest);
    } else if (char === "," || char === ";") {
      frame.operand = 0;
    }
    if (!isSpace(char)) before = char;
    at++;
  }
  return Math.max(...frames.map((frame) => frame.deepest));
}

/** Index after the string, quoted name, comment or regex that starts at `at`; `at` when none does; -1 when it is not closed. */
function skipLiteral(text: string, at: number, before: string): number {
  const char = text[at];
  if (char === '"' || char === "'") return skipString(text, at, char);
  if (char === "`") return after(text.indexOf("`", at + 1), 1);
  if (char !== "/") return at;
  if (text[at + 1] === "*") return after(text.indexOf("*/", at + 2), 2);
  return before === "" || BEFORE_OPERAND.includes(before) ? skipRegex(text, at) : at;
}

function after(found: number, length: number): number {
  return found === -1 ? -1 : found + length;
}

function skipString(text: string, from: number, quote: string): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === quote) return at + 1;
  }
  return -1;
}

function skipRegex(text: string, from: number): number {
  let depth = 0;
  for (let at = from + 1; at < text.length; at++) {
    const char = text[at] as string;
    if (char === "\\") at++;
    else if (char === "/" && depth === 0) return at + 1;
    else if (OPENERS.includes(char)) depth++;
    else if (CLOSERS.includes(char)) depth--;
  }
  return from;
}

function isSpace(char: string): boolean {
  return char === " " || char === "\t" || char === "\n" || char === "\r" || char === "\v";
}
