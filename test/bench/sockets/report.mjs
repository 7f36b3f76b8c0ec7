/** From measured runs to medians, ratios and a table. */

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
}

export function medians(runs) {
  return Object.fromEntries(Object.entries(runs).map(([side, figures]) => [side, {
    eventsPerSecond: median(figures.map(({ eventsPerSecond }) => eventsPerSecond)),
    bytesPerSubscription: median(figures.map(({ bytesPerSubscription }) => bytesPerSubscription)),
  }]));
}

const whole = (value) => Math.round(value).toLocaleString("en-US");

/** Text for people; ratios are Fanwire's to the side's. */
export function formatSockets(results) {
  const rows = [["sockets", "side", "events/s", "Fanwire / side", "B per idle subscription", "Fanwire / side"]];
  for (const { sockets, sides } of results) {
    for (const [side, figures] of Object.entries(sides)) {
      const ratio = (field) => (side === "fanwire" || !sides.fanwire ? "" : `${(sides.fanwire[field] / figures[field]).toFixed(2)}x`);
      rows.push([whole(sockets), side, whole(figures.eventsPerSecond), ratio("eventsPerSecond"), whole(figures.bytesPerSubscription), ratio("bytesPerSubscription")]);
    }
  }
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return `${rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd()).join("\n")}\n`;
}
