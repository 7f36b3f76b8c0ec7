import { go } from "../route.js";
import { JsonView } from "../ui/JsonView.js";

export const DRAFT_KEY = "fanwire-console-draft";

export function DefinitionTab({ document }: { document: unknown }) {
  const text = JSON.stringify(document, null, 2);
  const edit = (): void => {
    sessionStorage.setItem(DRAFT_KEY, JSON.stringify({ definition: document }, null, 2));
    go("#/submit");
  };
  return (
    <div className="definition">
      <div className="buttons">
        <button onClick={() => void navigator.clipboard.writeText(text)}>Copy as JSON</button>
        <button onClick={edit}>Edit as a new one</button>
      </div>
      <div className="json"><JsonView value={document} /></div>
    </div>
  );
}
