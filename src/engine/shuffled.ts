/**
 * The values in random order. Who takes from several lists with room for a few takes it all from the first that holds something; in an order
 * that goes round, a full list would be first for itself and for all empty ones behind which it stands.
 */
export function shuffled<T>(values: readonly T[]): T[] {
  const order = [...values];
  for (let i = order.length - 1; i > 0; i--) {
    const other = Math.floor(Math.random() * (i + 1));
    [order[i], order[other]] = [order[other] as T, order[i] as T];
  }
  return order;
}
