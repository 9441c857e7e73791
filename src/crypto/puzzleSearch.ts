/**
 * So many puzzles: for each a nonce at which SHA-256(prefix ‖ number (u32) ‖ nonce (u32)) starts with `bits` zero bits.
 * Many small ones take about as long each time; one large one may take a multiple.
 */
export type Puzzles = { readonly prefix: Uint8Array; readonly count: number; readonly bits: number };

export type PuzzleProgress = {
  readonly solved: number;
  /** The nonce of each puzzle (u32), once all are solved. */
  readonly nonces: Uint8Array | undefined;
};

/**
 * Looks at so many nonces more each time that what it gives is called. It needs nothing from outside of itself, its own
 * SHA-256 (FIPS 180-4) included, for its text is what a worker runs, whatever an app was bundled with. The last block
 * has to hold number and nonce: throws a RangeError for a prefix of another length.
 */
export function openPuzzleSearch(puzzles: Puzzles): (hashes: number) => PuzzleProgress {
  const { prefix, count, bits } = puzzles;
  const constants =
    "428a2f9871374491b5c0fbcfe9b5dba53956c25b59f111f1923f82a4ab1c5ed5d807aa9812835b01243185be550c7dc372be5d7480deb1fe9bdc06a7c19bf174e49b69c1efbe47860fc19dc6240ca1cc2de92c6f4a7484aa5cb0a9dc76f988da983e5152a831c66db00327c8bf597fc7c6e00bf3d5a7914706ca63511429296727b70a852e1b21384d2c6dfc53380d13650a7354766a0abb81c2c92e92722c85a2bfe8a1a81a664bc24b8b70c76c51a3d192e819d6990624f40e3585106aa07019a4c1161e376c082748774c34b0bcb5391c0cb34ed8aa4a5b9cca4f682e6ff3748f82ee78a5636f84c878148cc7020890befffaa4506cebbef9a3f7c67178f2";
  const k = Int32Array.from({ length: 64 }, (_, i) => Number.parseInt(constants.slice(8 * i, 8 * i + 8), 16));
  const first = [
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
  ];
  const length = prefix.length + 8;
  const used = length % 64;
  if (used < 8 || used > 55) throw new RangeError(`a prefix of ${prefix.length} bytes`);
  const message = new Uint8Array(length - used + 64);
  message.set(prefix);
  message[length] = 0x80;
  const view = new DataView(message.buffer);
  view.setUint32(message.length - 4, 8 * length);
  const w = new Int32Array(64);

  const compress = (state: Int32Array, at: number): void => {
    for (let i = 0; i < 16; i++) w[i] = view.getInt32(at + 4 * i);
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15] as number;
      const y = w[i - 2] as number;
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = ((w[i - 16] as number) + s0 + (w[i - 7] as number) + s1) | 0;
    }
    let [a, b, c, d, e, f, g, h] = state as unknown as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (k[i] as number) + (w[i] as number)) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    const out = [a, b, c, d, e, f, g, h];
    for (let i = 0; i < 8; i++) state[i] = ((state[i] as number) + (out[i] as number)) | 0;
  };

  const last = message.length - 64;
  const middle = Int32Array.from(first);
  for (let at = 0; at < last; at += 64) compress(middle, at);
  const state = new Int32Array(8);
  const nonces = new DataView(new ArrayBuffer(4 * count));
  let solved = 0;
  let nonce = 0;
  return (hashes) => {
    for (let i = 0; i < hashes && solved < count; i++) {
      view.setUint32(length - 8, solved);
      view.setUint32(length - 4, nonce);
      state.set(middle);
      compress(state, last);
      if (Math.clz32(state[0] as number) < bits) {
        nonce++;
        continue;
      }
      nonces.setUint32(4 * solved, nonce);
      solved++;
      nonce = 0;
    }
    return { solved, nonces: solved < count ? undefined : new Uint8Array(nonces.buffer) };
  };
}
