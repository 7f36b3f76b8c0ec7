/** Chance for tests whose runs can be had again. */

/** Of FANWIRE_TEST_SEED; a test that goes by it says it. */
export function testSeed(): number {
  return Number(process.env.FANWIRE_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
}

/** Whole numbers from 0 to below the one that is given, by the seed alone. */
export function seededRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
}
