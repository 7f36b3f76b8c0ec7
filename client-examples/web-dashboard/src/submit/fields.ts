/** Which fields may stand where, and what they are for: read from the schema itself. */

import schema from "../../../../schema/schema.graphql?raw";

export interface Field {
  name: string;
  type: string;
  description: string;
}

const INPUTS = new Map([...schema.matchAll(/^input (\w+) \{\n([\s\S]*?)^\}/gm)].map(([, name, body]) => [name as string, fieldsIn(body ?? "")]));

function fieldsIn(body: string): Field[] {
  const fields = body.matchAll(/"""\s*([\s\S]*?)\s*"""\n\s*(\w+): ([\w![\]]+)/g);
  return [...fields].map(([, description, name, type]) => ({ name: name ?? "", type: type ?? "", description: (description ?? "").replace(/\s+/g, " ") }));
}

/** Empty where any JSON may stand. */
export function fieldsAt(path: readonly (string | number)[], bare: boolean): Field[] {
  let type = bare ? "WorkflowDefinitionInput" : "SubmitWorkflowInput";
  for (const step of path) {
    if (typeof step === "number") continue;
    const field = INPUTS.get(type)?.find(({ name }) => name === step);
    if (!field) return [];
    type = field.type.replace(/[![\]]/g, "");
  }
  return INPUTS.get(type) ?? [];
}
