/** What a handler may be called. */

/** Handler names are part of lane names and of the routing texts that scripts read. */
const HANDLER_NAME = /^[A-Za-z_][\w.:-]{0,127}$/;

/** Letters, digits and `_ . : -`, at most 128, the first a letter or `_`. */
export function isHandlerName(name: string): boolean {
  return HANDLER_NAME.test(name);
}
