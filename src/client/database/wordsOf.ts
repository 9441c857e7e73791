/** Runs of letters, digits and marks, and single emoji; all else parts words. */
const WORDS = /[\p{L}\p{N}\p{M}]+|\p{Extended_Pictographic}/gu;
/** Scripts that put no spaces between words. */
const SPACELESS =
  /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}]+/gu;

export type Words = {
  /** Whole words. */
  readonly words: readonly string[];
  /** Runs of text without spaces. */
  readonly runs: readonly string[];
  /** True if a run comes last. */
  readonly endsInRun: boolean;
};

/** Takes away what does not tell words apart: other forms of a character (NFKC), and upper and lower case. */
export function folded(text: string): string {
  const upper = text.normalize("NFKC").toUpperCase();
  return upper.toLowerCase().replaceAll("ς", "σ").normalize("NFKC");
}

/** Takes a folded text apart, in its order. */
export function wordsOf(text: string): Words {
  const words: string[] = [];
  const runs: string[] = [];
  let endsInRun = false;
  for (const [word] of text.matchAll(WORDS)) {
    let at = 0;
    for (const { 0: run, index } of word.matchAll(SPACELESS)) {
      if (index > at) words.push(word.slice(at, index));
      runs.push(run);
      at = index + run.length;
    }
    endsInRun = at === word.length;
    if (!endsInRun) words.push(word.slice(at));
  }
  return { words, runs, endsInRun };
}

/** The pairs of neighbouring characters of a run; of one character that character. */
export function pairsOf(run: string): string[] {
  const characters = [...run];
  if (characters.length === 1) return characters;
  return characters.slice(1).map((character, i) => `${characters[i]}${character}`);
}
