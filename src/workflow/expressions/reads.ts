/** Finds out, without running it, which names of the scope an expression reads. */

import type { AstNode, AstPair, AstStage } from "./ast.js";
import type { Reads } from "./types.js";

export interface StaticReads extends Reads {
  /** True when it uses the scope as a whole (`$$`, `$`, `*`, `**`, `%` at the root), so that its names cannot be told. */
  readonly usesWholeScope: boolean;
  /** Every variable that occurs, without the dollar sign. */
  readonly variables: ReadonlySet<string>;
  /** Those of them that occur as a value, not only as a function that is called. */
  readonly valueVariables: ReadonlySet<string>;
  readonly regexes: readonly AstNode[];
  /** Lambdas with a type signature. */
  readonly signatures: readonly AstNode[];
  /** Names of the secrets that it asks for by `$secret("NAME")`. */
  readonly secrets: ReadonlySet<string>;
  /** True when `$secret` occurs in any other form, so that its secrets cannot be told. */
  readonly misusesSecret: boolean;
}

const SECRET_NAME = /^[A-Z][A-Z0-9_]{0,127}$/;

/** What a part of an expression stands for: the scope itself, or anything else. */
type Kind = "SCOPE" | "OTHER";

interface Place {
  /** What names are relative to. */
  readonly context: Kind;
  /** On the left of `??`, or asked for by `$exists`. */
  readonly optional: boolean;
  /** Names whose presence a condition around has already asked for. */
  readonly asked: ReadonlySet<string>;
}

/** Functions that use the context for what they are not given, and how many arguments they need so as not to. */
const CONTEXT_FUNCTIONS: Readonly<Record<string, number>> = {
  string: 1, boolean: 1, not: 1, keys: 1, spread: 1, clone: 1, lookup: 2, sift: 2, each: 2,
};

export function findReads(ast: AstNode): StaticReads {
  const walk = new Walk();
  const kind = walk.node(ast, { context: "SCOPE", optional: false, asked: new Set() });
  walk.escape(kind);
  return {
    required: [...walk.required],
    optional: [...walk.optional].filter((name) => !walk.required.has(name)),
    usesWholeScope: walk.whole,
    variables: walk.variables,
    valueVariables: walk.valueVariables,
    regexes: walk.regexes,
    signatures: walk.signatures,
    secrets: walk.secrets,
    misusesSecret: walk.misusesSecret,
  };
}

class Walk {
  readonly required = new Set<string>();
  readonly optional = new Set<string>();
  readonly variables = new Set<string>();
  readonly valueVariables = new Set<string>();
  readonly regexes: AstNode[] = [];
  readonly signatures: AstNode[] = [];
  readonly secrets = new Set<string>();
  misusesSecret = false;
  whole = false;

  /** The scope as a value: from here on, anything may be read from it. */
  escape(kind: Kind): void {
    if (kind === "SCOPE") this.whole = true;
  }

  node(node: AstNode, place: Place): Kind {
    let kind = this.bare(node, place);
    for (const stage of node.predicate ?? []) this.stage(stage, kind, place);
    if (node.group !== undefined) {
      this.pairs(node.group.lhs, { ...place, context: kind });
      kind = "OTHER";
    }
    return kind;
  }

  private bare(node: AstNode, place: Place): Kind {
    switch (node.type) {
      case "path": return this.path(node.steps ?? [], place);
      case "name": return this.name(String(node.value), place);
      case "variable": return this.variable(String(node.value), place, false);
      case "wildcard":
      case "descendant":
        this.escape(place.context);
        return "OTHER";
      case "parent":
        // It climbs by labels that the parser resolved; the scope may be where it arrives.
        this.whole = true;
        return "OTHER";
      case "function":
      case "partial": return this.call(node, place, 0);
      case "lambda": return this.lambda(node, place);
      case "condition": return this.condition(node, place);
      case "block": return this.block(node.expressions ?? [], place);
      case "apply": return this.apply(node, place);
      case "transform": return this.transform(node, place);
      case "regex":
        this.regexes.push(node);
        return "OTHER";
      default: return this.operands(node, place);
    }
  }

  private name(name: string, place: Place): Kind {
    if (place.context === "SCOPE") {
      if (place.optional || place.asked.has(name)) this.optional.add(name);
      else this.required.add(name);
    }
    return "OTHER";
  }

  private variable(name: string, place: Place, called: boolean): Kind {
    if (name === "") return place.context;
    if (name === "$") return "SCOPE";
    if (name === "secret") this.misusesSecret = true;
    this.variables.add(name);
    if (!called) this.valueVariables.add(name);
    return "OTHER";
  }

  private path(steps: readonly AstNode[], place: Place): Kind {
    let context = place.context;
    for (const step of steps) {
      const here = { ...place, context };
      if (step.type === "sort") {
        for (const term of step.terms ?? []) this.value(term.expression, here);
        for (const stage of step.stages ?? []) this.stage(stage, context, place);
        continue;
      }
      const kind = this.node(step, here);
      for (const stage of step.stages ?? []) this.stage(stage, kind, place);
      // A step that binds a variable (`@$v`) leaves the context where it was.
      if (step.focus === undefined) context = kind;
      else this.escape(kind);
    }
    return context;
  }

  private stage(stage: AstStage, context: Kind, place: Place): void {
    if (stage.expr !== undefined) this.value(stage.expr, { ...place, context });
  }

  /** Walks a part whose value is used as a value. */
  private value(node: AstNode | undefined, place: Place): void {
    if (node !== undefined) this.escape(this.node(node, place));
  }

  private call(node: AstNode, place: Place, given: number): Kind {
    const procedure = node.procedure as AstNode;
    const args = node.arguments ?? [];
    if (procedure.type !== "variable") {
      this.value(procedure, place);
    } else {
      const name = String(procedure.value);
      if (name === "secret" && this.secret(node, given)) return "OTHER";
      this.variable(name, place, true);
      if (given + args.length < (CONTEXT_FUNCTIONS[name] ?? 0)) this.escape(place.context);
      if (name === "exists") return this.all(args, { ...place, optional: true });
    }
    return this.all(args, place);
  }

  /** Whether it is `$secret("NAME")`: a name that data could choose would let data choose what is given away. */
  private secret({ type, arguments: args = [] }: AstNode, given: number): boolean {
    const [name] = args;
    if (type !== "function" || given > 0 || args.length !== 1 || name?.type !== "string" || !SECRET_NAME.test(String(name.value))) return false;
    this.secrets.add(String(name.value));
    return true;
  }

  private all(nodes: readonly AstNode[], place: Place): Kind {
    for (const node of nodes) this.value(node, place);
    return "OTHER";
  }

  private lambda(node: AstNode, place: Place): Kind {
    if (node.signature !== undefined) {
      this.signatures.push(node);
      // A parameter with `-` takes the caller's context when it is not given.
      if (node.signature.definition.includes("-")) this.whole = true;
    }
    this.value(node.body, place);
    return "OTHER";
  }

  private condition(node: AstNode, place: Place): Kind {
    const asked = new Set([...place.asked, ...this.askedBy(node.condition, place)]);
    this.value(node.condition, place);
    const kinds = [this.node(node.then as AstNode, { ...place, asked })];
    if (node.else !== undefined) kinds.push(this.node(node.else, place));
    return kinds.includes("SCOPE") ? "SCOPE" : "OTHER";
  }

  /** `a ?? b` reaches us as `$exists(a) ? a : b`: what the condition asks for is optional in the first branch. */
  private askedBy(condition: AstNode | undefined, place: Place): Iterable<string> {
    const isExists = condition?.type === "function" && condition.procedure?.type === "variable" && condition.procedure.value === "exists";
    if (!isExists) return [];
    const walk = new Walk();
    walk.all(condition.arguments ?? [], place);
    return [...walk.required, ...walk.optional];
  }

  private block(nodes: readonly AstNode[], place: Place): Kind {
    let last: Kind = "OTHER";
    for (const node of nodes) last = this.node(node, place);
    return last;
  }

  private apply(node: AstNode, place: Place): Kind {
    this.value(node.lhs as AstNode, place);
    const rhs = node.rhs as AstNode;
    if (rhs.type !== "function") {
      if (rhs.type === "variable") this.variable(String(rhs.value), place, true);
      else this.value(rhs, place);
      return "OTHER";
    }
    this.call(rhs, place, 1);
    for (const stage of rhs.predicate ?? []) this.stage(stage, "OTHER", place);
    return "OTHER";
  }

  /** Works on a copy of what it is given; the copy is never the scope unless the scope was given, which counts there. */
  private transform(node: AstNode, place: Place): Kind {
    for (const part of [node.pattern, node.update, node.delete]) this.value(part, { ...place, context: "OTHER" });
    return "OTHER";
  }

  private operands(node: AstNode, place: Place): Kind {
    if (node.type === "bind") {
      this.value(node.rhs, place);
      return "OTHER";
    }
    if (Array.isArray(node.lhs)) this.pairs(node.lhs as readonly AstPair[], place);
    else if (node.lhs !== undefined) this.value(node.lhs as AstNode, place);
    this.value(node.rhs, place);
    this.value(node.expression, place);
    return this.all(node.expressions ?? [], place);
  }

  private pairs(pairs: readonly AstPair[], place: Place): void {
    for (const [key, value] of pairs) {
      this.value(key, place);
      this.value(value, place);
    }
  }
}
