import { connection } from "../api/socket.js";
import { useValue } from "../api/value.js";

export function ConnectionBanner() {
  if (useValue(connection) !== "reconnecting") return null;
  return (
    <div className="banner" role="alert">
      <i className="spinner" />
      <span><b>Reconnecting.</b> What you see is from before the connection was lost; it goes on where it stopped.</span>
    </div>
  );
}
