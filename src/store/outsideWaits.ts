/** Which external keys a workflow waits for, read from its fields. */

/** k:<key>: `-` while it has no value, then when it was provided. Keys that were there at submission have no field. */
export function externalKeys(fields: Readonly<Record<string, string>>): { missing: string[]; provided: string[] } {
  const entries = Object.entries(fields).filter(([field]) => field.startsWith("k:"));
  const keys = (isMissing: boolean): string[] => entries.filter(([, value]) => (value === "-") === isMissing).map(([field]) => field.slice(2));
  return { missing: keys(true), provided: keys(false) };
}
