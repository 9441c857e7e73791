/** Numbers that follow from a seed: the same run for the same seed, on every machine. */
export type Random = {
  /** At least 0, below 1. */
  readonly next: () => number;
  /** An integer, at least 0 and below `bound`. */
  readonly below: (bound: number) => number;
  readonly chance: (share: number) => boolean;
  readonly pick: <T>(list: readonly T[]) => T | undefined;
  readonly shuffle: <T>(list: readonly T[]) => T[];
  readonly fill: (bytes: Uint8Array) => void;
};

/** sfc32, seeded by splitmix32. */
export function createRandom(seed: number): Random {
  let [a, b, c, d] = words(seed);
  const word = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) word();
  const next = (): number => word() / 2 ** 32;
  const below = (bound: number): number => Math.floor(next() * bound);
  return {
    next,
    below,
    chance: (share) => next() < share,
    pick: (list) => list[below(list.length)],
    shuffle: (list) => {
      const left = [...list];
      const shuffled: (typeof left)[number][] = [];
      while (left.length > 0) shuffled.push(...left.splice(below(left.length), 1));
      return shuffled;
    },
    fill: (bytes) => {
      for (let i = 0; i < bytes.length; i++) bytes[i] = word();
    },
  };
}

function words(seed: number): [number, number, number, number] {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let t = state ^ (state >>> 16);
    t = Math.imul(t, 0x21f0aaad);
    t ^= t >>> 15;
    t = Math.imul(t, 0x735a2d97);
    return t ^ (t >>> 15);
  };
  return [next(), next(), next(), next()];
}
