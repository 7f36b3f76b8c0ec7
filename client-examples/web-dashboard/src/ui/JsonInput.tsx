import { parseJson } from "./parseJson.js";

interface JsonInputProps {
  label: string;
  text: string;
  placeholder: string;
  onChange(text: string): void;
}

/** Takes JSON and says at once when it is none; empty is nothing. */
export function JsonInput({ label, text, placeholder, onChange }: JsonInputProps) {
  const { error } = parseJson(text);
  return (
    <label className="json-input">
      <span>{label}</span>
      <textarea rows={3} spellCheck={false} value={text} placeholder={placeholder} aria-invalid={error !== undefined} onChange={(event) => onChange(event.target.value)} />
      {error && <small className="wrong">{error}</small>}
    </label>
  );
}
