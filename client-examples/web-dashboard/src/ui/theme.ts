/** Light or dark: what the system says, until somebody says otherwise here. */

import { createValue } from "../api/value.js";

export type Theme = "system" | "light" | "dark";

const KEY = "fanwire-console-theme";
const ORDER: readonly Theme[] = ["system", "light", "dark"];

export const theme = createValue<Theme>(ORDER.find((known) => known === localStorage.getItem(KEY)) ?? "system");

function apply(): void {
  const chosen = theme.get();
  if (chosen === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
}

apply();
theme.subscribe(apply);

export function nextTheme(): void {
  const next = ORDER[(ORDER.indexOf(theme.get()) + 1) % ORDER.length] ?? "system";
  localStorage.setItem(KEY, next);
  theme.set(next);
}
