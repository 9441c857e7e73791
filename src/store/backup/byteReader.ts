import { concatBytes } from "../../crypto/concatBytes.ts";

/** Reads bytes in the lengths that a format needs, whatever chunks they come in. */
export type ByteReader = {
  /** Returns a copy of the next `length` bytes; undefined if the bytes end before. */
  readonly take: (length: number) => Promise<Uint8Array | undefined>;
};

export function openByteReader(bytes: AsyncIterable<Uint8Array>): ByteReader {
  const chunks = bytes[Symbol.asyncIterator]();
  let chunk: Uint8Array = new Uint8Array();
  let at = 0;
  const more = async (): Promise<boolean> => {
    while (at === chunk.length) {
      const next = await chunks.next();
      if (next.done === true) return false;
      chunk = next.value;
      at = 0;
    }
    return true;
  };
  return {
    take: async (length) => {
      const pieces: Uint8Array[] = [];
      let missing = length;
      while (missing > 0) {
        // Nothing is allocated before its bytes have come: a damaged length may be huge.
        if (!(await more())) return undefined;
        const piece = chunk.subarray(at, at + missing);
        pieces.push(piece);
        at += piece.length;
        missing -= piece.length;
      }
      return concatBytes(...pieces);
    },
  };
}
