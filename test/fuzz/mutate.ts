import { concatBytes } from "../../src/crypto/concatBytes.ts";
import type { Random } from "../search/random.ts";

const MAX_CHANGES = 4;
/** Share of inputs that owe nothing to a sample. */
const RANDOM_SHARE = 0.1;
const MAX_RANDOM_BYTES = 300;
/** What lengths and numbers of the encodings in use look like where they are wrong. */
const NASTY = [
  [0x00],
  [0x7f],
  [0x80],
  [0xff],
  [0xbf, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80],
].map((bytes) => Uint8Array.from(bytes));

type Change = (params: { random: Random; bytes: Uint8Array; other: Uint8Array }) => Uint8Array;

const changes: readonly Change[] = [
  ({ random, bytes }) => bytes.with(random.below(bytes.length), random.below(256)),
  ({ random, bytes }) => {
    const at = random.below(bytes.length);
    return bytes.with(at, (bytes[at] ?? 0) ^ (1 << random.below(8)));
  },
  ({ random, bytes }) => bytes.slice(0, random.below(bytes.length)),
  ({ random, bytes }) => spliced({ bytes, at: random.below(bytes.length), cut: 1 + random.below(4) }),
  ({ random, bytes }) => {
    const at = random.below(bytes.length);
    const put = random.pick(NASTY) ?? bytes;
    return spliced({ bytes, at, cut: random.chance(0.5) ? put.length : 0, put });
  },
  ({ random, bytes }) => {
    const from = random.below(bytes.length);
    const put = bytes.slice(from, from + 1 + random.below(64));
    return spliced({ bytes, at: random.below(bytes.length), cut: 0, put });
  },
  ({ random, bytes, other }) =>
    concatBytes(bytes.slice(0, random.below(bytes.length)), other.slice(random.below(other.length))),
];

/** Bytes that are random, or a sample with a few changes: set, cut, doubled, spliced with another, odd lengths. */
export function mutate(params: { random: Random; samples: readonly Uint8Array[] }): Uint8Array {
  const { random, samples } = params;
  const sample = random.pick(samples);
  if (sample === undefined || random.chance(RANDOM_SHARE)) {
    const drawn = new Uint8Array(random.below(MAX_RANDOM_BYTES));
    random.fill(drawn);
    return drawn;
  }
  let bytes = sample;
  for (let left = 1 + random.below(MAX_CHANGES); left > 0 && bytes.length > 0; left--) {
    const other = random.pick(samples) ?? sample;
    bytes = random.pick(changes)?.({ random, bytes, other }) ?? bytes;
  }
  return bytes;
}

function spliced(params: { bytes: Uint8Array; at: number; cut: number; put?: Uint8Array }): Uint8Array {
  const { bytes, at, cut, put = new Uint8Array() } = params;
  return concatBytes(bytes.slice(0, at), put, bytes.slice(at + cut));
}
