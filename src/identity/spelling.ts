/** Letters and digits that are not taken for each other, in lower case: each stands for five bits. */
const ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789";
const LETTER_BITS = 5;
const BYTE_BITS = 8;
const GROUP_LETTERS = 4;

/** Spells bytes for people, in groups of four letters. Their bits have to be a multiple of five. */
export function spell(bytes: Uint8Array): string {
  const letters = regroup({ values: bytes, from: BYTE_BITS, to: LETTER_BITS }).map(
    (value) => ALPHABET[value],
  );
  return letters.map((letter, i) => (i > 0 && i % GROUP_LETTERS === 0 ? `-${letter}` : letter)).join("");
}

/**
 * Reads what `spell` gave for so many bytes, in letters of any case, with whatever spaces and dashes; undefined for
 * anything else.
 */
export function unspell(text: string, length: number): Uint8Array | undefined {
  const letters = [...text.toLowerCase().replace(/[\s\p{Pd}]/gu, "")];
  const values = letters.map((letter) => ALPHABET.indexOf(letter));
  if (values.includes(-1) || values.length * LETTER_BITS !== length * BYTE_BITS) return undefined;
  return Uint8Array.from(regroup({ values, from: LETTER_BITS, to: BYTE_BITS }));
}

function regroup(params: { values: Iterable<number>; from: number; to: number }): number[] {
  const { values, from, to } = params;
  const regrouped: number[] = [];
  let [held, bits] = [0, 0];
  for (const value of values) {
    held = (held << from) | value;
    bits += from;
    while (bits >= to) {
      bits -= to;
      regrouped.push(held >> bits);
      held &= (1 << bits) - 1;
    }
  }
  return regrouped;
}
