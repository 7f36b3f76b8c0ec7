/**
 * A valid document made ready to be executed many times, with the results that graphql's own `execute` gives: the same data in the same order,
 * the same errors. What that works out anew for every object (which fields are selected, of which types, with which arguments, at which places)
 * is worked out once, and the rest only where something fails. A test runs both side by side.
 */

import { Kind, OperationTypeNode, getVariableValues, visit } from "graphql";
import type { DocumentNode, ExecutionResult, FragmentDefinitionNode, GraphQLError, GraphQLObjectType, GraphQLSchema, OperationDefinitionNode } from "graphql";
import { Run } from "./Run.js";
import type { Source, Variables } from "./Run.js";
import { executeFields, executeSerially } from "./fields.js";
import type { SelectionPlan } from "./fields.js";
import { rootSelection } from "./selections.js";

/** Selections that are kept per operation, one for every combination of the variables that @skip and @include name. */
const MOST_SELECTIONS = 16;

const MOST_COERCION_ERRORS = 50;

export class CompiledDocument {
  readonly #operations = new Map<string, CompiledOperation>();

  /** @param document valid for the schema */
  constructor(schema: GraphQLSchema, document: DocumentNode) {
    const fragments: Record<string, FragmentDefinitionNode> = Object.create(null) as Record<string, FragmentDefinitionNode>;
    for (const node of document.definitions) if (node.kind === Kind.FRAGMENT_DEFINITION) fragments[node.name.value] = node;
    const conditions = conditionVariables(document);
    for (const operation of document.definitions) {
      if (operation.kind !== Kind.OPERATION_DEFINITION) continue;
      const type = schema.getRootType(operation.operation);
      if (type) this.#operations.set(operation.name?.value ?? "", new CompiledOperation({ schema, operation, fragments }, type, conditions));
    }
  }

  /** The named operation, or the only one; undefined when there is none such. */
  operation(name: string | null | undefined): CompiledOperation | undefined {
    if (name != null) return name === "" ? undefined : this.#operations.get(name);
    return this.#operations.size === 1 ? this.#operations.values().next().value : undefined;
  }
}

/** Variables that decide what is selected. */
function conditionVariables(document: DocumentNode): string[] {
  const names = new Set<string>();
  visit(document, {
    Directive(node) {
      if (node.name.value !== "skip" && node.name.value !== "include") return;
      for (const { value } of node.arguments ?? []) if (value.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });
  return [...names];
}

export class CompiledOperation {
  readonly #selections = new Map<string, SelectionPlan>();

  constructor(readonly source: Source, readonly type: GraphQLObjectType, readonly conditions: readonly string[]) {}

  get definition(): OperationDefinitionNode {
    return this.source.operation;
  }

  /** Variables as the resolvers get them, or everything that is wrong with those given. */
  coerce(given: Variables): { coerced?: Variables; errors?: readonly GraphQLError[] } {
    return getVariableValues(this.source.schema, this.source.operation.variableDefinitions ?? [], given, { maxErrors: MOST_COERCION_ERRORS });
  }

  /** Never rejects. Of a subscription it makes the answer to one event, as `execute` does. */
  async execute(contextValue: unknown, variables: Variables, rootValue?: unknown): Promise<ExecutionResult> {
    const run = new Run(this.source, contextValue, variables, rootValue);
    let data: Record<string, unknown> | null;
    try {
      const selection = this.#selection(run);
      const serial = this.definition.operation === OperationTypeNode.MUTATION;
      data = (await (serial ? executeSerially(run, selection) : executeFields(run, selection, rootValue, undefined))) as Record<string, unknown>;
    } catch (error) {
      run.note(error as GraphQLError, undefined);
      data = null;
    }
    return run.errors.length === 0 ? { data } : { errors: run.errors, data };
  }

  #selection(run: Run): SelectionPlan {
    const key = this.conditions.map((name) => String(run.variables[name])).join();
    let selection = this.#selections.get(key);
    if (!selection) {
      selection = rootSelection(run, this.type);
      if (this.#selections.size >= MOST_SELECTIONS) this.#selections.delete(this.#selections.keys().next().value as string);
      this.#selections.set(key, selection);
    }
    return selection;
  }
}
