import type { Route } from "../route.js";
import { listLink } from "../route.js";
import { connection } from "../api/socket.js";
import { useValue } from "../api/value.js";
import { nextTheme, theme } from "./theme.js";

const CONNECTION_TEXT = { idle: "connecting", live: "live", reconnecting: "reconnecting" } as const;
const THEME_SIGN = { system: "◐", light: "☀", dark: "☾" } as const;

export function Header({ page }: { page: Route["page"] }) {
  const state = useValue(connection);
  const chosen = useValue(theme);
  return (
    <header className="shell">
      <a className="logo" href={listLink()}>
        <svg viewBox="0 0 20 20" aria-hidden="true"><path d="M3 10h5M8 10l6-6M8 10h6M8 10l6 6" /><circle cx="3" cy="10" r="2" /><circle cx="16" cy="4" r="2" /><circle cx="16" cy="10" r="2" /><circle cx="16" cy="16" r="2" /></svg>
        Fanwire
      </a>
      <nav aria-label="Pages">
        <a href={listLink()} aria-current={page === "list" ? "page" : undefined}>Workflows</a>
        <a href="#/submit" aria-current={page === "submit" ? "page" : undefined}>Submit</a>
        <a className="wide" href="/graphiql">GraphiQL</a>
      </nav>
      <span className={`connection ${state}`} role="status"><i />{page === "submit" && state === "idle" ? "ready" : CONNECTION_TEXT[state]}</span>
      <button className="quiet" onClick={nextTheme} title={`Theme: ${chosen}`} aria-label={`Theme: ${chosen}`}>{THEME_SIGN[chosen]}</button>
    </header>
  );
}
