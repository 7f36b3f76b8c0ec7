/** Parses a JSON value whose strings may hold placeholders, and finds all that is wrong with them. */

import { FanwireError, problem } from "../../errors.js";
import type { Problem } from "../../errors.js";
import type { JsonObject, JsonValue } from "../json.js";
import { compileExpression } from "./expression.js";
import type { JsonataExpression } from "./JsonataExpression.js";
import { EXPRESSION_LIMITS } from "./limits.js";
import { findPlaceholderEnd } from "./scan.js";

/** A placeholder: its expression, and the place of its string in the value. */
export interface Placeholder {
  readonly expression: JsonataExpression;
  readonly path: string;
}

/** Numbers are indexes into the placeholders. */
export type TemplateNode =
  | { readonly kind: "CONSTANT"; readonly value: JsonValue }
  | { readonly kind: "WHOLE"; readonly placeholder: number }
  | { readonly kind: "SPLICED"; readonly parts: readonly (string | number)[] }
  | { readonly kind: "LIST"; readonly elements: readonly TemplateNode[] }
  | { readonly kind: "OBJECT"; readonly fields: readonly (readonly [key: string, node: TemplateNode])[] };

export interface ParsedTemplate {
  readonly root: TemplateNode;
  readonly placeholders: readonly Placeholder[];
  /** TEMPLATE_SYNTAX, EXPRESSION_SYNTAX, LIMIT_EXCEEDED, in the order of the value. */
  readonly problems: readonly Problem[];
}

export function parseTemplate(value: JsonValue, path: string): ParsedTemplate {
  const parser = new Parser();
  const root = parser.node(value, path, 0);
  return { root, placeholders: parser.placeholders, problems: parser.problems };
}

class Parser {
  readonly placeholders: Placeholder[] = [];
  readonly problems: Problem[] = [];

  node(value: JsonValue, path: string, depth: number): TemplateNode {
    if (typeof value === "string") return value.includes("{{") ? this.text(value, path) : { kind: "CONSTANT", value };
    if (typeof value !== "object" || value === null) return { kind: "CONSTANT", value };
    if (depth >= EXPRESSION_LIMITS.jsonDepth) {
      this.problems.push(problem("LIMIT_EXCEEDED", `The value is nested deeper than ${EXPRESSION_LIMITS.jsonDepth} levels`, path));
      return { kind: "CONSTANT", value: null };
    }
    return Array.isArray(value) ? this.list(value, path, depth) : this.object(value, path, depth);
  }

  private list(value: JsonValue[], path: string, depth: number): TemplateNode {
    const elements = value.map((element, index) => this.node(element, `${path}[${index}]`, depth + 1));
    return elements.every((element) => element.kind === "CONSTANT") ? { kind: "CONSTANT", value } : { kind: "LIST", elements };
  }

  private object(value: JsonObject, path: string, depth: number): TemplateNode {
    const fields = Object.keys(value).map((key) => [key, this.node(value[key] as JsonValue, fieldPath(path, key), depth + 1)] as const);
    return fields.every(([, field]) => field.kind === "CONSTANT") ? { kind: "CONSTANT", value } : { kind: "OBJECT", fields };
  }

  private text(text: string, path: string): TemplateNode {
    const parts: (string | number)[] = [];
    let literal = "";
    let at = 0;
    for (let open = text.indexOf("{{"); open !== -1; open = text.indexOf("{{", at)) {
      literal += text.slice(at, open);
      if (text.startsWith("{{{{", open)) {
        literal += "{{";
        at = open + 4;
        continue;
      }
      const close = findPlaceholderEnd(text, open + 2);
      if (close === -1) {
        this.problems.push(problem("TEMPLATE_SYNTAX", `The placeholder at character ${open} is not closed by }}`, path));
        return { kind: "CONSTANT", value: text };
      }
      if (literal !== "") parts.push(literal);
      literal = "";
      parts.push(this.placeholder(text.slice(open + 2, close), open, path));
      at = close + 2;
    }
    literal += text.slice(at);
    if (literal !== "") parts.push(literal);
    return textNode(parts);
  }

  /** Its index; of one that is wrong, -1, which is never rendered. */
  private placeholder(inside: string, open: number, path: string): number {
    const source = inside.trim();
    if (source === "") {
      this.problems.push(problem("TEMPLATE_SYNTAX", `The placeholder at character ${open} is empty`, path));
      return -1;
    }
    try {
      return this.placeholders.push({ expression: compileExpression(source), path }) - 1;
    } catch (error) {
      if (!(error instanceof FanwireError)) throw error;
      this.problems.push(problem("EXPRESSION_SYNTAX", error.message, path));
      return -1;
    }
  }
}

function textNode(parts: readonly (string | number)[]): TemplateNode {
  const only = parts.length === 1 ? parts[0] : undefined;
  if (typeof only === "number") return { kind: "WHOLE", placeholder: only };
  if (parts.every((part) => typeof part === "string")) return { kind: "SPLICED", parts: [parts.join("")] };
  return { kind: "SPLICED", parts };
}

/** `input.headers.x`, and with the key in quotes when it would not read as a name. */
function fieldPath(path: string, key: string): string {
  if (!/^[A-Za-z_$][\w$-]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}
