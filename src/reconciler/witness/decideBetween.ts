import type { Word } from "./testimony.ts";

/**
 * Tells how a contradiction ends. Of the operators that were asked and answer at all, two thirds decide; the operator
 * of the serving node counts among them, for its own claim. Each operator has one voice. Pure.
 */
export function decideBetween(words: readonly Word[]): "same" | "other" | "undecided" {
  const count = (kind: Word["kind"]) => words.filter((word) => word.kind === kind).length;
  const asked = 1 + words.length - count("mute");
  if (3 * count("other") >= 2 * asked) return "other";
  if (3 * (1 + count("same")) >= 2 * asked) return "same";
  return "undecided";
}
