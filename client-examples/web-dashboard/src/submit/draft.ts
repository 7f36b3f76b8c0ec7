/** What stands in the editor: JSON or YAML (JSON is YAML), either a definition alone or one with context and labels. */

import { isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Document, Node } from "yaml";
import type { SubmitWorkflowInput, WorkflowDefinitionInput } from "../../generated/graphql.js";

export interface Mark {
  line: number;
  message: string;
}

export interface Draft {
  input: SubmitWorkflowInput | undefined;
  /** What keeps it from being read at all. */
  errors: Mark[];
  /** The line of a path like groups[0].tasks[2].input.url, or of as much of it as is there. */
  lineOf(path: string): number | undefined;
  /** Names and positions of what surrounds an offset, from the outside in: definition, groups, 0, tasks ... */
  pathAt(offset: number): (string | number)[];
  /** Whether the whole text is a definition. */
  bare: boolean;
}

export function readDraft(text: string): Draft {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const errors = document.errors.map(({ pos, message }) => ({ line: lines.linePos(pos[0]).line, message: message.split("\n")[0] ?? message }));
  const value: unknown = errors.length === 0 ? document.toJS() : undefined;
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (errors.length === 0 && !isObject) errors.push({ line: 1, message: "An object is expected: a definition, or { definition, context, labels }." });
  const bare = document.has("groups") && !document.has("definition");
  const input = errors.length > 0 ? undefined : bare ? { definition: value as WorkflowDefinitionInput } : (value as SubmitWorkflowInput);
  return { input, errors, bare, lineOf: (path) => lineOf(document, lines, path, bare), pathAt: (offset) => pathAt(document.contents, offset) };
}

function lineOf(document: Document, lines: LineCounter, path: string, bare: boolean): number | undefined {
  const steps = [...path.matchAll(/([^.[\]]+)/g)].map(([, step]) => (/^\d+$/.test(step ?? "") ? Number(step) : (step as string)));
  const isInside = bare || ["context", "definition", "labels"].includes(String(steps[0]));
  const from = bare && steps[0] === "definition" ? steps.slice(1) : isInside ? steps : ["definition", ...steps];
  for (let length = from.length; length > 0; length--) {
    const node: unknown = document.getIn(from.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return undefined;
}

function pathAt(node: unknown, offset: number): (string | number)[] {
  if (isMap(node)) {
    // The last pair that begins before the offset, as long as its value reaches that far.
    const pair = node.items.filter((item) => isPair(item) && ((item.key as Node).range?.[0] ?? Number.MAX_SAFE_INTEGER) <= offset).at(-1);
    const value = pair?.value as Node | undefined;
    if (pair && isScalar(pair.key) && value?.range && (isMap(value) || isSeq(value)) && value.range[0] <= offset && offset <= value.range[2]) {
      return [String(pair.key.value), ...pathAt(value, offset)];
    }
  }
  if (isSeq(node)) {
    const index = node.items.findLastIndex((item) => ((item as Node).range?.[0] ?? Number.MAX_SAFE_INTEGER) <= offset);
    const item = node.items[index] as Node | undefined;
    if (item?.range && offset <= item.range[2]) return [index, ...pathAt(item, offset)];
  }
  return [];
}

export const FIRST_DRAFT = `# A definition, with the context that it begins with. The plan beside it follows what you write.
definition:
  name: greet_customers
  groups:
    - name: enrich
      tasks:
        - name: profiles
          handler: transform
          expansion:
            array: { customer: customers }
            identifier: "{{ customer.id }}"
            maxParallel: 10
          input:
            data: "{{ customer }}"
            expression: '{ "id": id, "greeting": "Dear " & name, "total": $sum(orders) }'
    - name: report
      tasks:
        - name: summary
          handler: transform
          input:
            data: { profiles: "{{ profiles }}" }
            expression: '{ "customers": $count(profiles), "revenue": $sum(profiles.total) }'
context:
  customers:
    - { id: ada, name: Ada, orders: [12, 30] }
    - { id: grace, name: Grace, orders: [7] }
labels: { example: greeting }
`;
