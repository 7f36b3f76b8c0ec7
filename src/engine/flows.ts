/**
 * Flows keep a flood from holding up the rest: units of one flow wait for each other, those of different flows do not. Workflows of a tenant
 * share one, first come first served; of a workflow of which many units are ready, the others go to a flow of its own. Scripts do the same
 * (store/lua/include/lanes.lua).
 */

/** More ready units than this of one workflow are many. */
const MANY_UNITS = 200;
const COMMON_TENANT = "default";

/** The flow of a tenant's workflows; empty for the default tenant. */
export function commonFlow(tenant: string): string {
  if (tenant === COMMON_TENANT) return "";
  // Other characters mean something in the names of lanes, or end them.
  return tenant.replace(/[^A-Za-z0-9_-]/gu, (character) => [...Buffer.from(character)].map((byte) => `=${byte.toString(16).padStart(2, "0")}`).join(""));
}

/** The flow that one workflow has for itself. */
export function ownFlow(tenant: string, workflowId: string): string {
  return `${commonFlow(tenant)}.${workflowId}`;
}

/** Where a unit goes that becomes ready while so many of its workflow are. */
export function flowOf(tenant: string, workflowId: string, readyUnits: number): string {
  return readyUnits > MANY_UNITS ? ownFlow(tenant, workflowId) : commonFlow(tenant);
}

export function tenantOfFlow(flow: string): string {
  const at = flow.indexOf(".");
  return at < 0 ? flow : flow.slice(0, at);
}
