import { decodeLog, type RawLog } from "../../src/chain/layout/decodeLog.ts";
import { concatBytes } from "../../src/crypto/concatBytes.ts";
import { fromHex, toHex } from "../../src/wire/ids.ts";
import type { Network } from "../../src/wire/network.ts";
import { readEntryWord } from "../../src/wire/words.ts";
import type { Target } from "./target.ts";

const WORD_BYTES = 32;
const ADDRESS_BYTES = 20;
const MAX_TOPICS = 4;

/** What a provider may tell: logs, as address, number of topics, topics and data; words of entries. */
export function chainTargets(params: { network: Network; logs: readonly RawLog[] }): Target[] {
  const { network, logs } = params;
  return [
    {
      name: "log",
      samples: logs.map(bytesOfLog),
      read: (bytes) => decodeLog({ network, log: logOf(bytes) }),
    },
    {
      name: "entry word",
      samples: [new Uint8Array(WORD_BYTES).fill(1)],
      read: (bytes) => readEntryWord(toHex(paddedWord(bytes))),
    },
  ];
}

function bytesOfLog({ address, topics, data }: RawLog): Uint8Array {
  return concatBytes(fromHex(address), Uint8Array.of(topics.length), ...topics.map(fromHex), fromHex(data));
}

function logOf(bytes: Uint8Array): RawLog {
  const address = toHex(bytes.slice(0, ADDRESS_BYTES));
  const count = Math.min(MAX_TOPICS, bytes[ADDRESS_BYTES] ?? 0);
  const from = ADDRESS_BYTES + 1;
  const topics = Array.from({ length: count }, (_, i) =>
    toHex(paddedWord(bytes.slice(from + i * WORD_BYTES, from + (i + 1) * WORD_BYTES))),
  );
  return { address, topics, data: toHex(bytes.slice(from + count * WORD_BYTES)) };
}

/** Words that a provider gives are of this length, or no words. */
function paddedWord(bytes: Uint8Array): Uint8Array {
  const word = new Uint8Array(WORD_BYTES);
  word.set(bytes.slice(0, WORD_BYTES));
  return word;
}
