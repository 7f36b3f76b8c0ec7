/** The parts of JSONata's syntax tree that are looked at here. */

export interface AstNode {
  readonly type: string;
  readonly value?: unknown;
  readonly position?: number;
  readonly steps?: readonly AstNode[];
  readonly stages?: readonly AstStage[];
  readonly predicate?: readonly AstStage[];
  readonly group?: { readonly lhs: readonly AstPair[] };
  readonly terms?: readonly { readonly expression: AstNode }[];
  readonly focus?: string;
  readonly procedure?: AstNode;
  readonly arguments?: readonly AstNode[];
  readonly signature?: { readonly definition: string };
  readonly body?: AstNode;
  readonly condition?: AstNode;
  readonly then?: AstNode;
  readonly else?: AstNode;
  readonly expressions?: readonly AstNode[];
  readonly expression?: AstNode;
  readonly lhs?: AstNode | readonly AstPair[];
  readonly rhs?: AstNode;
  readonly pattern?: AstNode;
  readonly update?: AstNode;
  readonly delete?: AstNode;
}
export type AstPair = readonly [AstNode, AstNode];

export interface AstStage {
  readonly type: string;
  readonly expr?: AstNode;
}
