/** Instants as the API writes them. */

const DAY_MS = 86_400_000;
const TWO_DIGITS = Array.from({ length: 60 }, (_, i) => String(i).padStart(2, "0"));

let knownDay = Number.NaN;
let knownDate = "";

/**
 * As Date's toISOString: 2030-01-31T12:00:00.000Z. A list has several instants per row, most of them of the same day, of
 * which the date is written once.
 * @param ms epoch milliseconds. @throws RangeError when there is no such instant
 */
export function formatInstant(ms: number): string {
  const day = Math.floor(ms / DAY_MS);
  if (day !== knownDay || !Number.isInteger(ms)) {
    const text = new Date(ms).toISOString();
    if (!Number.isInteger(ms)) return text;
    knownDay = day;
    knownDate = text.slice(0, -"00:00:00.000Z".length);
  }
  const ofDay = ms - day * DAY_MS;
  const millis = ofDay % 1000;
  const seconds = (ofDay - millis) / 1000;
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const fraction = millis < 10 ? `00${millis}` : millis < 100 ? `0${millis}` : String(millis);
  return `${knownDate}${TWO_DIGITS[hours] as string}:${TWO_DIGITS[minutes % 60] as string}:${TWO_DIGITS[seconds % 60] as string}.${fraction}Z`;
}
