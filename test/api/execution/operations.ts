/** Operations to execute: all that stand in the repository, and made-up ones of any form that the schema allows. */

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import {
  Kind, concatAST, getNamedType, isAbstractType, isCompositeType, isInterfaceType, isNonNullType, isObjectType, parse, print, separateOperations, validate,
} from "graphql";
import type { DocumentNode, GraphQLCompositeType, GraphQLField, GraphQLSchema } from "graphql";
import ts from "typescript";
import { chance, pick } from "./madeUpWorld.js";

const ROOT = new URL("../../../", import.meta.url).pathname;

function filesIn(folder: string, ending: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(ending) && !file.includes("node_modules")).map((file) => join(ROOT, folder, file));
}

/** Every text in the tests, the command line, the pages and the examples that is a valid document. */
export function operationsOfTheRepository(schema: GraphQLSchema): DocumentNode[] {
  const examples = concatAST(filesIn("client-examples/operations", ".graphql").map((file) => parse(readFileSync(file, "utf8"))));
  const code = ["test", "src/cli", "client-examples"].flatMap((folder) => filesIn(folder, ".ts")).flatMap(textsOf);
  const pages = ["README.md", ...readdirSync(join(ROOT, "docs")).filter((file) => file.endsWith(".md")).map((file) => `docs/${file}`)]
    .flatMap((file) => [...readFileSync(join(ROOT, file), "utf8").matchAll(/```graphql\n([^]*?)```/g)].map((match) => match[1] as string));
  const valid = [...code, ...pages].flatMap((text) => validDocument(schema, text));
  return [...Object.values(separateOperations(examples)), ...new Map(valid.map((document) => [print(document), document])).values()];
}

function textsOf(file: string): string[] {
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) && node.text.includes("{")) texts.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.ESNext, true));
  return texts;
}

function validDocument(schema: GraphQLSchema, text: string): DocumentNode[] {
  try {
    const document = parse(text);
    const executable = document.definitions.every(({ kind }) => kind === Kind.OPERATION_DEFINITION || kind === Kind.FRAGMENT_DEFINITION);
    return executable && validate(schema, document).length === 0 ? [document] : [];
  } catch {
    return [];
  }
}

/** Undefined when what came out is not valid: fields that exclude each other, mostly. */
export function madeUpOperation(schema: GraphQLSchema, seed: number): DocumentNode | undefined {
  const maker = new DocumentMaker(schema, `made ${seed}`);
  return validDocument(schema, maker.document())[0];
}

class DocumentMaker {
  readonly #variables = new Map<string, string>();
  readonly #fragments: string[] = [];
  #count = 0;

  constructor(private readonly schema: GraphQLSchema, private readonly seed: string) {}

  document(): string {
    const mutation = this.#odds(0.3);
    const body = this.#selections((mutation ? this.schema.getMutationType() : this.schema.getQueryType()) as GraphQLCompositeType, 0);
    const variables = [...this.#variables].map(([name, type]) => `$${name}: ${type}`).join(", ");
    return `${mutation ? "mutation" : "query"} Made${variables && `(${variables})`} ${body}\n${this.#fragments.join("\n")}`;
  }

  #next(): string {
    return `${this.seed} ${(this.#count += 1)}`;
  }

  #odds(share: number): boolean {
    return chance(this.#next()) < share;
  }

  #selections(type: GraphQLCompositeType, depth: number): string {
    const parts = Array.from({ length: 1 + Math.floor(chance(this.#next()) * 4) }, () => this.#selection(type, depth));
    return `{ ${parts.filter(Boolean).join(" ") || "__typename"} }`;
  }

  #selection(type: GraphQLCompositeType, depth: number): string {
    const kind = chance(this.#next());
    if (kind < 0.08) return "__typename";
    if (kind < 0.16 || !("getFields" in type)) return `... on ${this.#narrower(type)} ${this.#directive()} ${this.#selections(this.schema.getType(this.#last) as GraphQLCompositeType, depth + 1)}`;
    if (kind < 0.2) return `... ${this.#directive()} ${this.#selections(type, depth + 1)}`;
    if (kind < 0.26) {
      const name = `F${this.#fragments.length}_${this.#count}`;
      const body = this.#selections(type, depth + 1);
      this.#fragments.push(`fragment ${name} on ${type.name} ${body}`);
      return `...${name} ${this.#directive()}`;
    }
    const fields = Object.values(type.getFields()).filter((field) => depth < 5 || !isCompositeType(getNamedType(field.type)));
    return fields.length === 0 ? "" : this.#field(pick(fields, this.#next()), depth);
  }

  #last = "";

  #narrower(type: GraphQLCompositeType): string {
    const wider = isObjectType(type) || isInterfaceType(type) ? type.getInterfaces() : [];
    return (this.#last = pick([type, ...wider, ...(isAbstractType(type) ? this.schema.getPossibleTypes(type) : [])], this.#next()).name);
  }

  #field(field: GraphQLField<unknown, unknown>, depth: number): string {
    const alias = this.#odds(0.2) ? `${pick(["a", "b", "__proto__", "constructor"], this.#next())}: ` : "";
    const given = field.args.filter((arg) => isNonNullType(arg.type) || this.#odds(0.3)).map((arg) => `${arg.name}: ${this.#variable(String(arg.type))}`);
    const type = getNamedType(field.type);
    const body = isCompositeType(type) ? this.#selections(type, depth + 1) : "";
    return `${alias}${field.name}${given.length ? `(${given.join(", ")})` : ""} ${this.#directive()} ${body}`;
  }

  #variable(type: string): string {
    const name = `v${this.#variables.size}`;
    this.#variables.set(name, type);
    return `$${name}`;
  }

  #directive(): string {
    if (!this.#odds(0.15)) return "";
    const directive = pick(["@skip", "@include"], this.#next());
    const value = this.#odds(0.3) ? pick(["true", "false"], this.#next()) : this.#variable(this.#odds(0.8) ? "Boolean!" : "Boolean = true");
    return `${directive}(if: ${value})`;
  }
}

